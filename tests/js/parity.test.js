/* parity.test.js - each generator in wasm paints what PyTorch painted, and refuses damaged files as C does */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { Engine } from '../../wasm/js/engine.js'
import { root } from '../../wasm/toolchain/folders.mjs'

const SEED = 7 // PICTURE in models/train/parity.py
const TOLERANCE = 1 // of 255: floats on the edge between two numbers
const OFF_MAX = 0.01 // of the values: floats that differ by 1e-3 of [-1,1] throughout would round otherwise in every eighth

const models = path.join(root, 'models')
const generators = JSON.parse(readFileSync(path.join(models, 'manifest.json'), 'utf8'))
  .filter((entry) => entry.kind === 'generator')
  .flatMap((entry) => [entry, ...(entry.int8 ? [{ ...entry.int8, name: `${entry.name}-int8`, exact: true }] : [])])

/** Murmur3's last mix of the place, top byte. */
function hashByte(row, column, channel, seed) {
  let x = Math.imul(row, 0x9e3779b1) ^ Math.imul(column, 0x85ebca77) ^ Math.imul(channel, 0xc2b2ae3d) ^ Math.imul(seed, 0x27d4eb2f)
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  return (x ^ (x >>> 16)) >>> 24
}

/** The photo that parity.py painted: RGB, blocks of 8x8 px and noise a third as strong. */
function photo(width, height) {
  const pixels = new Uint8Array(width * height * 3)
  let at = 0
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) pixels[at++] = (3 * hashByte(y >> 3, x >> 3, c, SEED) + hashByte(y, x, c, SEED + 1)) >> 2
    }
  }
  return pixels
}

for (const variant of ['simd', 'relaxed']) {
  for (const threads of [1, 2]) {
    describe(`parity with PyTorch, ${variant}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`, () => {
      /** @type {Engine} */
      let engine

      before(async () => {
        engine = await Engine.create({ variant, threads })
      })

      after(() => engine?.dispose())

      it('there are generators to compare', () => assert.ok(generators.length > 0))

      for (const entry of generators) {
        const tolerance = entry.exact ? 0 : TOLERANCE
        it(`${entry.name} paints ${entry.exact ? 'the same' : `within ${TOLERANCE}/255`}`, () => {
          const model = engine.loadModel(readFileSync(path.join(models, entry.file)))
          const expected = engine.decode(readFileSync(path.join(root, 'tests', 'parity', `${entry.name}.png`)))
          const { width, height } = expected
          const { picture } = engine.convert(model, engine.createImage(photo(width, height), width, height, 3))
          assert.deepEqual([picture.width, picture.height, picture.channels], [width, height, 3])
          const wanted = engine.pixels(expected)
          const differences = engine.pixels(picture).map((value, i) => Math.abs(value - wanted[i]))
          const largest = differences.reduce((most, value) => Math.max(most, value), 0)
          assert.ok(largest <= tolerance, `largest difference ${largest}/255`)
          const off = differences.filter((value) => value > 0).length / differences.length
          assert.ok(off <= OFF_MAX, `${(100 * off).toFixed(2)} % of the values differ`)
          engine.disposeImage(picture)
          engine.disposeImage(expected)
          engine.disposeModel(model)
        })
      }

      it('a model file cut short is refused with a message', () => {
        const file = readFileSync(path.join(models, generators[0].file))
        for (const length of [0, 7, 8, 100, 9000, file.length - 1]) {
          assert.throws(() => engine.loadModel(file.subarray(0, length)), (error) => error.code === 'MODEL' && error.message.length > 10 && !error.fatal)
        }
      })

      it('a model file with a wrong number is refused with its place and its rule', () => {
        const file = readFileSync(path.join(models, generators[0].file))
        const at = file.indexOf('\\"stride\\":[2,2]') + '\\"stride\\":['.length
        file[at] = '0'.charCodeAt(0)
        assert.throws(() => engine.loadModel(file), /graph node \d+ \(conv2d\): expected two numbers from 1 to 64 for stride, got \[0,2\]/)
      })
    })
  }
}
