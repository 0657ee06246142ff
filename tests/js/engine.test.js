/* engine.test.js - the synchronous engine, in both kinds of SIMD, on one thread and on two */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'

import { Engine } from '../../wasm/js/engine.js'
import { P2AError } from '../../wasm/js/errors.js'
import { chooseVariant, endThreads, instantiate } from '../../wasm/js/module.js'
import { defaultStyle, difference, madePixels, photoPath } from './pictures.js'

/** @returns {P2AError} what a call that must fail throws */
function failure(call, code) {
  try {
    call()
  } catch (error) {
    assert.ok(error instanceof P2AError, error.stack)
    assert.equal(error.code, code, error.message)
    assert.ok(error.message.length > 5)
    return error
  }
  return assert.fail(`expected ${code}, got no error`)
}

const style = await defaultStyle()
/** One result for every variant and thread count, compared in the last test. */
const painted = new Map()

for (const variant of ['simd', 'relaxed']) {
  for (const threads of [1, 2]) {
    describe(`engine, ${variant}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`, () => {
      /** @type {Engine} */
      let engine
      let model

      before(async () => {
        engine = await Engine.create({ variant, threads })
        model = engine.loadModel(style.file)
      })

      after(() => engine.dispose())

      /** Convert and give the picture back: its pixels and its size. */
      function paint(pixels, width, height, channels, options) {
        const picture = engine.createImage(pixels, width, height, channels)
        try {
          const { picture: made, result } = engine.convert(model, picture, options)
          try {
            return { ...made, result, pixels: engine.pixels(made) }
          } finally {
            engine.disposeImage(made)
          }
        } finally {
          engine.disposeImage(picture)
        }
      }

      it('says what runs and why', () => {
        assert.equal(engine.info.variant, variant)
        assert.equal(engine.info.threads, threads)
        assert.match(engine.info.reason, new RegExp(`${variant} SIMD was asked for; ${threads} thread`))
        assert.match(engine.version, /^\d+\.\d+\.\d+$/)
      })

      it('reads the size of a JPEG and decodes it to as many pixels', () => {
        const file = readFileSync(photoPath())
        const size = engine.probe(file)
        const photo = engine.decode(file)
        assert.deepEqual({ width: photo.width, height: photo.height }, size)
        assert.equal(photo.channels, 3)
        assert.equal(engine.pixels(photo).length, size.width * size.height * 3)
        engine.disposeImage(photo)
      })

      for (const [width, height, channels] of [[1, 1, 3], [17, 31, 3], [5, 3, 4], [300, 2, 4]]) {
        it(`gives back every bit of ${width}x${height}, ${channels} channels, through PNG`, () => {
          const pixels = madePixels(width, height, channels)
          const picture = engine.createImage(pixels, width, height, channels)
          const again = engine.decode(engine.encode(picture, { format: 'png' }))
          assert.deepEqual([again.width, again.height, again.channels], [width, height, channels])
          assert.deepEqual(engine.pixels(again), pixels)
          engine.disposeImage(picture)
          engine.disposeImage(again)
        })
      }

      it('gives nearly the same pixels through JPEG, and nearer ones at higher quality', () => {
        const photo = engine.decode(readFileSync(photoPath()))
        const errors = [30, 95].map((quality) => {
          const again = engine.decode(engine.encode(photo, { format: 'jpeg', quality }))
          const { mean } = difference(engine.pixels(photo), engine.pixels(again))
          engine.disposeImage(again)
          return mean
        })
        assert.ok(errors[1] < errors[0] && errors[1] < 3 && errors[0] < 12, `mean differences ${errors}`)
        engine.disposeImage(photo)
      })

      for (const [width, height] of [[1, 1], [1, 5000], [17, 31], [96, 64]]) {
        it(`paints ${width}x${height} at its own size`, () => {
          const made = paint(madePixels(width, height), width, height, 3)
          assert.deepEqual([made.width, made.height, made.channels], [width, height, 3])
          assert.ok(made.result.multiplyAdds > 0 && made.result.peakBytes > 0)
        })
      }

      it('paints a picture that is another one, with more than one colour', () => {
        const pixels = madePixels(160, 120)
        const made = paint(pixels, 160, 120, 3)
        painted.set(`${variant}, ${threads}`, made.pixels)
        const { mean } = difference(pixels, made.pixels)
        assert.ok(mean > 2, `the mean difference to the photo is ${mean}`)
        assert.ok(new Set(made.pixels).size > 50, 'levels of brightness')
      })

      it('keeps alpha byte for byte', () => {
        const pixels = madePixels(67, 41, 4)
        const made = paint(pixels, 67, 41, 4)
        assert.equal(made.channels, 4)
        const alpha = (rgba) => rgba.filter((_, i) => i % 4 === 3)
        assert.deepEqual(alpha(made.pixels), alpha(pixels))
      })

      it('paints the same bytes in bands of any height', () => {
        const whole = paint(madePixels(150, 210), 150, 210, 3, { bandRowsPx: 4096 })
        for (const bandRowsPx of [16, 48, 112]) {
          const bands = paint(madePixels(150, 210), 150, 210, 3, { bandRowsPx })
          assert.deepEqual(difference(bands.pixels, whole.pixels), { max: 0, mean: 0 }, `bands of ${bandRowsPx} rows`)
        }
      })

      it('makes the width that was asked for, the height in proportion', () => {
        const made = paint(madePixels(200, 100), 200, 100, 3, { widthPx: 64 })
        assert.deepEqual([made.width, made.height], [64, 32])
      })

      it('estimates the size, the work and at least the memory of a conversion', () => {
        const before = engine.memory.bytes
        const estimate = engine.estimate(model, 400, 300)
        const made = paint(madePixels(400, 300), 400, 300, 3)
        assert.deepEqual([estimate.widthPx, estimate.heightPx], [400, 300])
        assert.ok(Math.abs(estimate.multiplyAdds / made.result.multiplyAdds - 1) < 0.1, `${estimate.multiplyAdds} for ${made.result.multiplyAdds} multiply-adds`)
        assert.ok(made.result.peakBytes - before < estimate.peakBytes * 1.5 + 4e6, `${estimate.peakBytes} for ${made.result.peakBytes - before} bytes`)
      })

      it('stops between two steps, gives everything back, and goes on working', () => {
        const picture = engine.createImage(madePixels(600, 600), 600, 600, 3)
        const before = engine.memory.bytes
        let steps = 0
        const error = failure(() => engine.convert(model, picture, { shouldStop: () => ++steps === 3 }), 'STOPPED')
        assert.equal(error.fatal, false)
        assert.equal(engine.memory.bytes, before)
        engine.disposeImage(picture)
        assert.equal(paint(madePixels(20, 20), 20, 20, 3).width, 20)
      })

      it('gives everything back when a generator is left', () => {
        const picture = engine.createImage(madePixels(300, 300), 300, 300, 3)
        const before = engine.memory.bytes
        for (const part of engine.convertSteps(model, picture)) {
          assert.ok(part > 0 && part < 1, `part ${part}`)
          break
        }
        assert.equal(engine.memory.bytes, before)
        engine.disposeImage(picture)
      })

      it('reports progress that grows to 1', () => {
        const picture = engine.createImage(madePixels(300, 300), 300, 300, 3)
        const parts = []
        engine.disposeImage(engine.convert(model, picture, { onProgress: (part) => parts.push(part) }).picture)
        engine.disposeImage(picture)
        assert.ok(parts.length >= 2, `${parts.length} steps`)
        assert.equal(parts.at(-1), 1)
        assert.deepEqual(parts, [...parts].sort((a, b) => a - b))
      })

      it('holds no more memory after many pictures than before', () => {
        const once = () => paint(madePixels(120, 90), 120, 90, 3)
        once()
        const { bytes, heapBytes } = engine.memory
        for (let i = 0; i < 8; i++) once()
        assert.equal(engine.memory.bytes, bytes)
        assert.equal(engine.memory.heapBytes, heapBytes)
      })

      it('reads the metadata of a model', () => {
        assert.equal(engine.modelMetadata(model, 'commercial_use'), style.entry.commercial_use)
        assert.equal(engine.modelMetadata(model, 'no such key'), undefined)
      })

      it('refuses what is no picture, with a code and a reason', () => {
        failure(() => engine.decode(new Uint8Array(0)), 'IMAGE')
        failure(() => engine.decode(new TextEncoder().encode('not a picture, but long enough for one')), 'IMAGE')
        failure(() => engine.probe(new Uint8Array([0xff, 0xd8, 0xff])), 'IMAGE')
        failure(() => engine.decode(readFileSync(photoPath()).subarray(0, 2000)), 'IMAGE')
      })

      it('refuses wrong arguments by name', () => {
        assert.match(failure(() => engine.decode('photo.jpg'), 'ARGUMENT').message, /for file, got "photo.jpg" \(string\)/)
        assert.match(failure(() => engine.createImage(new Uint8Array(5), 1, 2, 3), 'ARGUMENT').message, /expected 6 bytes \(1 x 2 x 3\) for pixels\.length, got 5/)
        const picture = engine.createImage(madePixels(4, 4), 4, 4, 3)
        assert.match(failure(() => engine.encode(picture, { quality: 101 }), 'ARGUMENT').message, /for quality, got 101/)
        assert.match(failure(() => engine.encode(picture, { format: 'gif' }), 'ARGUMENT').message, /for format, got "gif"/)
        assert.match(failure(() => engine.convert(model, picture, { widthPx: -1 }), 'ARGUMENT').message, /for widthPx, got -1/)
        assert.match(failure(() => engine.convert(12345, picture), 'ARGUMENT').message, /for model/)
        engine.disposeImage(picture)
        engine.disposeImage(picture)
        failure(() => engine.encode(picture), 'ARGUMENT')
      })

      it('refuses a width above the limit before it works', () => {
        const picture = engine.createImage(madePixels(4, 4), 4, 4, 3)
        failure(() => engine.convert(model, picture, { widthPx: 65536 }), 'LIMIT')
        engine.disposeImage(picture)
      })

      it('refuses a truncated and an altered model, with a code and a reason', () => {
        failure(() => engine.loadModel(style.file.subarray(0, style.file.length >> 1)), 'MODEL')
        failure(() => engine.loadModel(new Uint8Array(0)), 'MODEL')
        const altered = style.file.slice()
        altered[12] ^= 0x80
        failure(() => engine.loadModel(altered), 'MODEL')
      })
    })
  }
}

describe('engine', () => {
  it('paints the same pixels with one thread and with two, and nearly the same with either SIMD', () => {
    assert.equal(painted.size, 4)
    assert.deepEqual(difference(painted.get('simd, 1'), painted.get('simd, 2')), { max: 0, mean: 0 })
    assert.deepEqual(difference(painted.get('relaxed, 1'), painted.get('relaxed, 2')), { max: 0, mean: 0 })
    assert.ok(difference(painted.get('simd, 1'), painted.get('relaxed, 1')).max <= 1)
  })

  it('keeps to the limits that it was given', async () => {
    const engine = await Engine.create({ variant: 'simd', threads: 1, maxPixels: 1000, maxSidePx: 100 })
    try {
      assert.match(failure(() => engine.decode(readFileSync(photoPath())), 'LIMIT').message, /\d/)
      failure(() => engine.createImage(madePixels(40, 30), 40, 30, 3), 'LIMIT')
      failure(() => engine.createImage(madePixels(1, 101), 1, 101, 3), 'LIMIT')
      engine.disposeImage(engine.createImage(madePixels(100, 10), 100, 10, 3))
    } finally {
      engine.dispose()
    }
  })

  it('keeps to the memory that it was given', async () => {
    const engine = await Engine.create({ variant: 'simd', threads: 1, memoryMbytes: 1 })
    try {
      failure(() => engine.createImage(madePixels(1000, 1000), 1000, 1000, 3), 'MEMORY')
      assert.equal(engine.createImage(madePixels(10, 10), 10, 10, 3).width, 10)
    } finally {
      engine.dispose()
    }
  })

  it('refuses options by name before anything is loaded', async () => {
    await assert.rejects(Engine.create({ variant: 'mmx' }), { code: 'ARGUMENT', message: /for variant, got "mmx"/ })
    await assert.rejects(Engine.create({ threads: 17 }), { code: 'ARGUMENT', message: /for threads, got 17/ })
    await assert.rejects(Engine.create({ variant: 'simd', threads: 1, maxPixels: -1 }), { code: 'ARGUMENT', message: /for maxPixels, got -1/ })
    await assert.rejects(Engine.create({ variant: 'simd', threads: 1, assets: new URL('file:///nowhere/') }), { code: 'IO', message: /p2a-simd/ })
  })

  it('says so when it is used after dispose', async () => {
    const engine = await Engine.create({ variant: 'simd', threads: 1 })
    engine.dispose()
    engine.dispose()
    const error = failure(() => engine.decode(readFileSync(photoPath())), 'DISPOSED')
    assert.equal(error.fatal, true)
  })

  it('is dead after a trap, and says so every time', async () => {
    const choice = await chooseVariant({ variant: 'simd', threads: 1 })
    const core = await instantiate(choice)
    /* a job at an address outside the memory: the wasm instance really traps */
    const broken = Object.create(core, { _p2a_job_step: { value: (job, out) => core._p2a_job_step(0xfffffff0, out) } })
    const engine = new Engine(broken, choice, {})
    try {
      const model = engine.loadModel(style.file)
      const picture = engine.createImage(madePixels(8, 8), 8, 8, 3)
      const first = failure(() => engine.convert(model, picture), 'TRAP')
      assert.equal(first.fatal, true)
      assert.ok(first.cause instanceof WebAssembly.RuntimeError, String(first.cause))
      for (const call of [() => engine.decode(new Uint8Array(9)), () => engine.memory, () => engine.convert(model, picture)]) {
        const next = failure(call, 'TRAP')
        assert.equal(next.fatal, true)
        assert.match(next.message, /cannot be used: its wasm instance broke/)
      }
      engine.disposeImage(picture)
    } finally {
      engine.dispose()
      endThreads(core)
    }
  })
})
