/* import.test.js - generators in ONNX: imported, run, compared with what onnxruntime made of the same files */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'

import { importOnnx } from '../../wasm/import/import.js'
import { Engine } from '../../wasm/js/engine.js'
import { NETWORKS } from '../onnx/networks.js'

const expected = (name) => new Uint8Array(readFileSync(new URL(`../onnx/expected/${name}.png`, import.meta.url)))
const LARGEST = 1 /* of 255: rounding may fall on either side */

/** @param {Engine} engine @param {import('../../wasm/js/engine.js').Picture} picture */
function crop(engine, picture, width, height) {
  const rows = engine.pixels(picture)
  const out = new Uint8Array(width * height * picture.channels)
  for (let y = 0; y < height; y++) out.set(rows.subarray(y * picture.width * picture.channels).subarray(0, width * picture.channels), y * width * picture.channels)
  return engine.createImage(out, width, height, picture.channels)
}

describe('import of ONNX generators', () => {
  let engine
  before(async () => {
    engine = await Engine.create({ threads: 1 })
  })
  after(() => engine.dispose())

  for (const [name, make] of Object.entries(NETWORKS)) {
    it(`${name}: the same picture as onnxruntime's, at sizes that are and are not multiples of 8`, async () => {
      const { file } = await importOnnx(make(), { name, source: `${name}.onnx` })
      const model = engine.loadModel(file)
      const photo = engine.decode(expected('photo'))
      for (const [width, height] of [[72, 56], [61, 45]]) {
        const wanted = engine.pixels(engine.decode(expected(`${name}-${width}x${height}`)))
        for (const bandRowsPx of [0, 16]) {
          const { picture } = engine.convert(model, crop(engine, photo, width, height), { bandRowsPx })
          const got = engine.pixels(picture)
          assert.equal(got.length, wanted.length)
          let largest = 0
          for (let i = 0; i < got.length; i++) largest = Math.max(largest, Math.abs(got[i] - wanted[i]))
          assert.ok(largest <= LARGEST, `${width}x${height}, bands of ${bandRowsPx}: differs by up to ${largest}`)
        }
      }
      engine.disposeModel(model)
    })
  }

  it('keeps the terms: not for commercial use unless told', async () => {
    const metadata = async (options) => {
      const { file } = await importOnnx(NETWORKS['white-box'](), { name: 'w', source: 'w.onnx', ...options })
      const model = engine.loadModel(file)
      const read = ['license', 'commercial_use', 'teachers', 'kind'].map((key) => engine.modelMetadata(model, key))
      engine.disposeModel(model)
      return read
    }
    assert.deepEqual(await metadata({}), ['not known: ask the publisher of the imported file', 'no', 'imported from w.onnx, written by pytorch', 'generator'])
    assert.deepEqual(await metadata({ license: 'CC-BY-4.0', commercialUse: true }), ['CC-BY-4.0', 'yes', 'imported from w.onnx, written by pytorch', 'generator'])
  })
})
