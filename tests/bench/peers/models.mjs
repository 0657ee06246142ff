/* models.mjs - the files that the engines read: one network as ONNX, imported in f32, and in int8 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

import sharp from 'sharp'

import { importOnnx } from '../../../wasm/import/import.js'
import { Engine } from '../../../wasm/js/engine.js'
import { animeGanV3 } from '../../onnx/networks.js'
import { readModelFile } from './model-file.mjs'
import { MODELS, root } from './places.mjs'
import { quantise } from './quantise.mjs'
import { loadTfjs } from './tfjs-in-node.mjs'
import { makeTfjsNetwork } from './tfjs-network.mjs'

const SIDE = 256 /* of the photos that int8's ranges come from, and of those that it is judged by */
const demo = (number) => path.join(root, `node_modules/@vladmandic/face-api/demo/sample${number}.jpg`)
const CALIBRATION = [1, 2, 3, 4].map(demo)
const HELD_OUT = [demo(5), demo(6), path.join(root, 'web/sample.jpg')]
const MOST = 2 /* of 255, from ours to tfjs: sums over the picture are added up in another order */

const readPhoto = async (file) => new Uint8Array(await sharp(file).resize(SIDE, SIDE, { fit: 'cover' }).removeAlpha().raw().toBuffer())
const toValues = (pixels) => Float32Array.from(pixels, (one) => one / 127.5 - 1)

/** @param {Uint8Array} file a model file @param {Uint8Array[]} photos SIDE x SIDE RGB @returns {Promise<Uint8Array[]>} what our core paints */
async function paint(file, photos) {
  const engine = await Engine.create({ variant: 'simd' })
  const model = engine.loadModel(file)
  const painted = photos.map((pixels) => engine.pixels(engine.convert(model, engine.createImage(pixels, SIDE, SIDE, 3)).picture))
  engine.dispose()
  return painted
}

/** Refuses where the graph in tfjs is not what our core paints: times of another network would say nothing. */
async function checkTfjs(tf, file, photo) {
  const [ours] = await paint(file, [photo])
  const values = await makeTfjsNetwork(tf, file)(tf.tensor(toValues(photo), [1, SIDE, SIDE, 3])).data()
  const largest = ours.reduce((most, one, i) => Math.max(most, Math.abs(one - Math.round((values[i] + 1) * 127.5))), 0)
  if (!(largest <= MOST)) throw new Error(`expected TensorFlow.js to paint within ${MOST} of 255 of ours, got ${largest}`)
}

/** @param {Uint8Array[]} pictures @param {Uint8Array[]} others @returns {number} dB over all of them */
function psnr(pictures, others) {
  const squares = pictures.map((picture, p) => picture.reduce((sum, one, i) => sum + (one - others[p][i]) ** 2, 0) / picture.length)
  return 10 * Math.log10(255 ** 2 / (squares.reduce((sum, one) => sum + one) / squares.length))
}

async function makeInt8(tf, file, photos, sha256) {
  const write = quantise(tf, file, photos.map((pixels) => ({ values: toValues(pixels), side: SIDE })))
  const heldOut = await Promise.all(HELD_OUT.map(readPhoto))
  const measured = psnr(await paint(file, heldOut), await paint(write({}), heldOut))
  return write({ quantised_from: sha256, metrics: `${measured.toFixed(1)} dB` })
}

/** @param {{again: boolean}} options also where the int8 file is there @returns {Promise<{psnr: string}>} of int8 against f32, on photos that its ranges are not from */
export async function writeModels({ again }) {
  const onnx = animeGanV3()
  const { file } = await importOnnx(onnx, { name: 'animegan3-graph', source: 'tests/onnx/networks.js' })
  const sha256 = createHash('sha256').update(file).digest('hex')
  writeFileSync(MODELS.onnx, onnx)
  writeFileSync(MODELS.f32, file)
  const tf = await loadTfjs()
  const photos = await Promise.all(CALIBRATION.map(readPhoto))
  await checkTfjs(tf, file, photos[0])
  const isThere = existsSync(MODELS.int8) && readModelFile(readFileSync(MODELS.int8)).metadata.quantised_from === sha256
  if (again || !isThere) writeFileSync(MODELS.int8, await makeInt8(tf, file, photos, sha256))
  return { psnr: readModelFile(readFileSync(MODELS.int8)).metadata.metrics }
}
