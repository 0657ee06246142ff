/* statistics.test.js - imported networks with global norms: exact, frozen from a thumbnail, and chosen by the memory limit */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'

import { importOnnx } from '../../wasm/import/import.js'
import { Engine } from '../../wasm/js/engine.js'
import { STATISTICS } from '../../wasm/js/layout.js'
import { NETWORKS } from '../onnx/networks.js'
import { difference, rowSteps } from './pictures.js'

const photoFile = new Uint8Array(readFileSync(new URL('../onnx/expected/photo.png', import.meta.url)))
const load = async (engine, name) => engine.loadModel((await importOnnx(NETWORKS[name](), { name, source: `${name}.onnx` })).file)

describe('statistics of the whole picture', () => {
  for (const name of ['animegan2', 'animegan3-lade']) {
    it(`${name}: frozen ones of a thumbnail as large as the picture are the exact ones, in any bands`, async () => {
      const engine = await Engine.create({ threads: 1 })
      try {
        const model = await load(engine, name)
        const photo = engine.decode(photoFile)
        const paint = (options) => {
          const { picture, result } = engine.convert(model, photo, options)
          return { pixels: engine.pixels(picture), used: STATISTICS[result.statistics] }
        }
        const exact = paint({ statistics: 'exact' })
        assert.equal(exact.used, 'exact')
        assert.equal(paint({}).used, 'exact')
        for (const bandRowsPx of [0, 16]) {
          const frozen = paint({ statistics: 'frozen', bandRowsPx })
          assert.equal(frozen.used, 'frozen')
          assert.deepEqual(difference(frozen.pixels, exact.pixels), { max: 0, mean: 0 }, `bands of ${bandRowsPx}`)
        }
      } finally {
        engine.dispose()
      }
    })
  }

  it('auto: exact where it fits into the memory limit, else frozen, near to it and without a seam', async () => {
    const memoryOf = async (statistics, memoryMbytes) => {
      const engine = await Engine.create({ threads: 1, memoryMbytes })
      try {
        const model = await load(engine, 'animegan3-lade')
        const file = engine.decode(photoFile)
        const [width, height, rows] = [64, 4000, engine.pixels(file)]
        const tall = Uint8Array.from({ length: width * height * 3 }, (_, i) => rows[((Math.floor(i / 3 / width) % file.height) * file.width + (Math.floor(i / 3) % width)) * file.channels + (i % 3)])
        const photo = engine.createImage(tall, width, height, 3)
        const estimate = engine.estimate(model, width, height, { statistics, bandRowsPx: 16 })
        const { picture, result } = engine.convert(model, photo, { statistics, bandRowsPx: 16 })
        return { pixels: engine.pixels(picture), picture, used: STATISTICS[result.statistics], said: STATISTICS[estimate.statistics], estimated: estimate.peakBytes, peakBytes: result.peakBytes }
      } finally {
        engine.dispose()
      }
    }
    const exact = await memoryOf('auto', 0)
    assert.deepEqual([exact.used, exact.said], ['exact', 'exact'])
    const limit = Math.floor((0.75 * exact.estimated) / 1048576)
    const frozen = await memoryOf('auto', limit)
    assert.deepEqual([frozen.used, frozen.said], ['frozen', 'frozen'])
    assert.ok(frozen.peakBytes <= limit * 1048576, `${frozen.peakBytes} of ${limit} MB`)
    const { mean } = difference(frozen.pixels, exact.pixels)
    assert.ok(mean > 0 && mean < 0.5, `differs by ${mean} on average`)
    /* a seam: rows where one band meets the next differ from their neighbours by more than others do */
    const { width, channels } = exact.picture
    const { border, inside } = rowSteps(frozen.pixels, exact.pixels, width * channels, 16)
    assert.ok(border <= inside, `${border} across borders, ${inside} inside`)
  })

  it('a network of our own has none, and other words are refused', async () => {
    const engine = await Engine.create({ threads: 1 })
    try {
      const model = engine.loadModel(new Uint8Array(readFileSync(new URL('../../models/weights/miyazaki.safetensors', import.meta.url))))
      const photo = engine.decode(photoFile)
      assert.equal(STATISTICS[engine.convert(model, photo, { statistics: 'frozen' }).result.statistics], 'none')
      for (const statistics of ['none', 'always', 1]) {
        assert.throws(() => engine.convert(model, photo, { statistics }), { code: 'ARGUMENT', message: /^expected one of auto, exact, frozen for statistics, got / })
      }
    } finally {
      engine.dispose()
    }
  })
})
