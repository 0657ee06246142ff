/* client.test.js - createConverter() in Node: what runs, what it takes and gives, aborts, traps, the end */
import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

import { Engine } from '../../wasm/js/engine.js'
import { P2AError, createConverter } from '../../wasm/js/index.js'
import { faceEntries } from '../../wasm/js/models.js'
import { createFolder, run } from './command.js'
import { defaultStyle, difference, madePixels, photoPath } from './pictures.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const style = await defaultStyle()
const ABORT_LIMIT_MS = 100

describe('converter', () => {
  /** @type {Engine} */
  let engine
  let model
  /** @type {import('../../wasm/js/client.js').Converter} */
  let converter
  let place

  before(async () => {
    engine = await Engine.create({ variant: 'simd', threads: 1 })
    model = engine.loadModel(style.file)
    converter = await createConverter({ variant: 'simd', threads: 1, precision: 'f32' })
  })
  after(() => {
    converter.dispose()
    engine.dispose()
  })
  beforeEach(() => {
    place = createFolder()
  })
  afterEach(() => place.remove())

  function madeFile(width, height, channels = 3, format = 'png') {
    const picture = engine.createImage(madePixels(width, height, channels), width, height, channels)
    try {
      return engine.encode(picture, { format })
    } finally {
      engine.disposeImage(picture)
    }
  }

  function readPixels(file) {
    const picture = engine.decode(file)
    try {
      return { width: picture.width, height: picture.height, pixels: engine.pixels(picture) }
    } finally {
      engine.disposeImage(picture)
    }
  }

  /** What the engine paints for a file. */
  function painted(file) {
    const photo = engine.decode(file)
    const { picture } = engine.convert(model, photo)
    const pixels = engine.pixels(picture)
    engine.disposeImage(photo)
    engine.disposeImage(picture)
    return pixels
  }

  it('says what runs, and why', () => {
    assert.equal(converter.info.variant, 'simd')
    assert.equal(converter.info.threads, 1)
    assert.match(converter.info.reason, /simd SIMD was asked for; 1 thread/)
    assert.equal(converter.info.version, engine.version)
  })

  it('gives the picture that the engine paints, with size, times and memory', async () => {
    const file = madeFile(80, 50)
    const made = await converter.convert(file)
    const { width, height, pixels } = readPixels(made.image)
    assert.deepEqual([made.width, made.height, width, height], [80, 50, 80, 50])
    assert.deepEqual(pixels, painted(file))
    assert.equal(made.style, style.entry.name)
    assert.deepEqual(made.faces, [])
    assert.deepEqual(Object.keys(made.timings), ['decode', 'scene', 'faces', 'blend', 'encode', 'total'])
    assert.ok(made.timings.total >= made.timings.scene && made.timings.scene > 0)
    assert.ok(made.peakBytes > 80 * 50 * 3)
    assert.deepEqual(made.backend, { variant: 'simd', threads: 1, precision: 'f32' })
  })

  it('paints the faces of a photo where the package has the networks for it, and leaves them when told to', async () => {
    const networks = faceEntries(await converter.models())
    const made = await converter.convert(photoPath(2), { width: 500, output: 'imagedata' })
    assert.equal(made.faces.length > 0, networks !== undefined, `${made.faces.length} faces`)
    for (const { box, score, landmarks } of made.faces) {
      assert.ok(box[2] > box[0] && box[3] > box[1] && score >= 0.6 && landmarks.length === 5)
    }
    const without = await converter.convert(photoPath(2), { width: 500, output: 'imagedata', faces: false })
    assert.deepEqual(without.faces, [])
    assert.equal(difference(made.image.data, without.image.data).max > 0, networks !== undefined)
    await assert.rejects(converter.convert(photoPath(2), { faces: 'all' }), { code: 'ARGUMENT', message: /for faces, got "all"/ })
  })

  it('takes bytes, a buffer, a Blob, a URL, a path and pixels, and gives one result', async () => {
    const file = madeFile(40, 30, 4)
    writeFileSync(place.at('photo.png'), file)
    const data = new Uint8ClampedArray(madePixels(40, 30, 4))
    const inputs = {
      bytes: file,
      buffer: file.slice().buffer,
      blob: new Blob([file]),
      url: pathToFileURL(place.at('photo.png')),
      path: place.at('photo.png'),
      pixels: { data, width: 40, height: 30 }
    }
    const wanted = painted(file)
    for (const [name, input] of Object.entries(inputs)) {
      assert.deepEqual(readPixels((await converter.convert(input)).image).pixels, wanted, name)
    }
    assert.equal(file.length > 0 && inputs.buffer.byteLength > 0 && data.length > 0, true, 'inputs are copied')
  })

  it('moves the input when it is told to', async () => {
    const file = madeFile(10, 10)
    await converter.convert(file, { transfer: true })
    assert.equal(file.length, 0)
  })

  it('gives bytes, a Blob or pixels, as PNG or JPEG, in the wanted width', async () => {
    const file = madeFile(40, 30)
    const blob = (await converter.convert(file, { output: 'blob', format: 'jpeg', quality: 80 })).image
    assert.ok(blob instanceof Blob)
    assert.equal(blob.type, 'image/jpeg')
    assert.deepEqual([...new Uint8Array(await blob.arrayBuffer()).subarray(0, 2)], [0xff, 0xd8])
    const { image } = await converter.convert(file, { output: 'imagedata', width: 20 })
    assert.deepEqual([image.width, image.height, image.data.length], [20, 15, 20 * 15 * 4])
    assert.ok(image.data.every((value, i) => i % 4 !== 3 || value === 255))
  })

  it('writes a picture as another kind of file without painting it', async () => {
    const made = await converter.encode(madeFile(40, 30), { format: 'png' })
    assert.deepEqual(readPixels(made.image).pixels, madePixels(40, 30))
    const jpeg = await converter.encode(madeFile(40, 30), { format: 'jpeg', output: 'blob' })
    assert.equal(jpeg.image.type, 'image/jpeg')
  })

  it('lists the models', async () => {
    assert.ok((await converter.models()).some((entry) => entry.name === style.entry.name))
  })

  it('reports what it does, in order, and how far it is', async () => {
    const seen = []
    await converter.convert(madeFile(300, 200), { onProgress: (progress) => seen.push(progress) })
    assert.deepEqual([...new Set(seen.map(({ stage }) => stage))], ['load', 'decode', 'paint', 'encode'])
    const parts = seen.filter(({ stage }) => stage === 'paint').map(({ part }) => part)
    assert.ok(parts.length >= 2 && parts.at(-1) === 1)
    assert.deepEqual(parts, [...parts].sort((a, b) => a - b))
  })

  it('does several calls one after another, each with its own result', async () => {
    const order = []
    const sizes = [[50, 20], [20, 50], [7, 9]]
    const all = await Promise.all(sizes.map(async ([width, height], i) => {
      const made = await converter.convert(madeFile(width, height))
      order.push(i)
      return [made.width, made.height]
    }))
    assert.deepEqual(all, sizes)
    assert.deepEqual(order, [0, 1, 2])
  })

  it('converts many one after another; one that fails is an item of its own', async () => {
    const asked = []
    async function* photos() {
      for (const input of [madeFile(10, 20), new Uint8Array([1]), madeFile(30, 40)]) {
        asked.push(input)
        yield input
      }
    }
    const seen = []
    for await (const { index, input, result, error } of converter.convertMany(photos())) {
      assert.equal(asked.length, index + 1, 'the next photo is not asked for before this one is done')
      assert.equal(input, asked[index])
      seen.push(error?.code ?? [result.width, result.height])
    }
    assert.deepEqual(seen, [[10, 20], 'IMAGE', [30, 40]])
    const controller = new AbortController()
    await assert.rejects(async () => {
      for await (const { index } of converter.convertMany(photos(), { signal: controller.signal })) if (index === 0) controller.abort()
    }, { name: 'AbortError' })
  })

  it('estimates size, memory and time before it works', async () => {
    const small = await converter.estimate({ width: 200, height: 100 })
    const large = await converter.estimate({ width: 2000, height: 1000 }, { width: 1000 })
    assert.deepEqual([small.width, small.height, large.width, large.height], [200, 100, 1000, 500])
    const file = madeFile(200, 100)
    const made = await converter.convert(file)
    assert.ok(small.peakBytes > 0 && large.peakBytes > small.peakBytes)
    assert.ok(large.multiplyAdds > 10 * small.multiplyAdds)
    assert.ok(small.seconds > made.timings.scene / 1000 / 10 && small.seconds < (made.timings.scene / 1000) * 10, `${small.seconds} s for ${made.timings.scene} ms`)
    const [none, face, portrait] = await Promise.all([{ faces: false }, {}, { faces: { character: 1 } }].map((options) =>
      converter.estimate({ width: 200, height: 100 }, { precision: 'f32', ...options })))
    assert.ok(none.faceSeconds === 0 && face.faceSeconds > 0 && face.peakBytes > none.peakBytes)
    assert.ok(portrait.peakBytes - face.peakBytes > 5e6, 'the weights between the style and the portrait network')
    await assert.rejects(converter.estimate({ width: 0, height: 1 }), { code: 'ARGUMENT', message: /for width, got 0/ })
    await assert.rejects(converter.estimate({ width: 60000, height: 60000 }), { code: 'LIMIT' })
  })

  it('keeps only the styles used last, so that many blends do not pile up', async () => {
    const names = (await converter.models()).filter((entry) => entry.kind === 'generator' && entry.use === 'scenes').map((entry) => entry.name)
    assert.ok(names.length >= 2, 'two styles to blend')
    const own = await createConverter({ variant: 'simd', threads: 1 })
    try {
      const held = []
      for (let i = 1; i <= 9; i++) {
        await own.convert(madeFile(8, 8), { style: `${names[0]}=0.${i},${names[1]}=${(1 - i / 10).toFixed(1)}` })
        held.push((await own.memory()).bytes)
      }
      assert.equal(held[8], held[3], String(held))
    } finally {
      own.dispose()
    }
  })

  it('can be held by `await using`', async () => {
    const own = await createConverter({ variant: 'simd', threads: 1 })
    await own[Symbol.asyncDispose]()
    await assert.rejects(own.memory(), { code: 'DISPOSED' })
  })

  it('refuses wrong options by name, and wrong pictures by code, and goes on', async () => {
    const file = madeFile(10, 10)
    for (const [input, options, code, message] of [
      [file, { width: 0 }, 'ARGUMENT', /for width, got 0/],
      [file, { format: 'gif' }, 'ARGUMENT', /for format, got "gif"/],
      [file, { quality: 500 }, 'ARGUMENT', /for quality, got 500/],
      [file, { output: 'canvas' }, 'ARGUMENT', /for output, got "canvas"/],
      [file, { style: 7 }, 'ARGUMENT', /for style, got 7/],
      [file, { style: 'nosuch' }, 'ARGUMENT', /expected one of .* for style, got "nosuch"/],
      [42, {}, 'ARGUMENT', /for input, got 42/],
      [{ data: new Uint8Array(3), width: 1, height: 1 }, {}, 'ARGUMENT', /expected 4 bytes/],
      [new Uint8Array([1, 2, 3]), {}, 'IMAGE', /\S{3}/],
      ['/no/such/photo.jpg', {}, 'IO', /there is no such file/]
    ]) {
      await assert.rejects(converter.convert(input, options), (error) => {
        assert.ok(error instanceof P2AError, String(error))
        assert.equal(error.code, code)
        assert.match(error.message, message)
        return true
      })
    }
    assert.equal((await converter.convert(file)).width, 10)
  })

  it('refuses wrong options of the converter by name', async () => {
    await assert.rejects(createConverter({ variant: 'mmx' }), { code: 'ARGUMENT', message: /for variant/ })
    await assert.rejects(createConverter({ assets: 5 }), { code: 'ARGUMENT', message: /for assets, got 5/ })
    await assert.rejects(createConverter({ assets: 'not absolute' }), { code: 'ARGUMENT', message: /an absolute URL for assets/ })
    await assert.rejects(createConverter({ variant: 'simd', threads: 1, assets: pathToFileURL(place.folder) }), { code: 'IO', message: /p2a-simd/ })
  })

  it('keeps to its limits', async () => {
    const small = await createConverter({ variant: 'simd', threads: 1, maxPixels: 100 })
    try {
      await assert.rejects(small.convert(madeFile(20, 20)), { code: 'LIMIT' })
      assert.equal((await small.convert(madeFile(10, 10))).width, 10)
    } finally {
      small.dispose()
    }
  })

  it('runs on two threads of a worker of Node', async () => {
    const two = await createConverter({ variant: 'simd', threads: 2, precision: 'f32' })
    try {
      assert.equal(two.info.threads, 2)
      const file = madeFile(90, 70)
      assert.deepEqual(readPixels((await two.convert(file)).image).pixels, painted(file))
    } finally {
      two.dispose()
    }
  })

  describe('aborts', () => {
    const isAbort = { name: 'AbortError' }

    it(`are answered within ${ABORT_LIMIT_MS} ms at 50 moments, and the converter goes on`, async () => {
      const file = madeFile(480, 360, 3, 'jpeg')
      const start = performance.now()
      await converter.convert(file)
      const whole = performance.now() - start
      const latencies = []
      for (let i = 0; i < 50; i++) {
        const controller = new AbortController()
        const converting = converter.convert(file, { signal: controller.signal })
        const ended = converting.then(() => 'done', (error) => error)
        await new Promise((resolve) => setTimeout(resolve, (whole * 0.8 * i) / 50))
        const aborted = performance.now()
        controller.abort()
        const error = await ended
        if (error === 'done') continue /* faster than the first time */
        assert.equal(error.name, 'AbortError')
        latencies.push(performance.now() - aborted)
      }
      const free = performance.now()
      await converter.memory()
      const letGo = performance.now() - free
      console.log(`        ${latencies.length} aborts, longest ${Math.max(...latencies).toFixed(1)} ms; the worker was free ${letGo.toFixed(0)} ms after the last`)
      assert.ok(latencies.length >= 25, `only ${latencies.length} of 50 came before the end`)
      assert.ok(Math.max(...latencies) < ABORT_LIMIT_MS, `${Math.max(...latencies)} ms`)
      assert.equal((await converter.convert(madeFile(10, 10))).width, 10)
    })

    it('make the worker stop: it is free long before the conversion would have ended', async () => {
      const file = madeFile(1000, 1000, 3, 'jpeg')
      const controller = new AbortController()
      let part = 0
      const converting = converter.convert(file, {
        signal: controller.signal,
        onProgress: (progress) => {
          if (progress.stage === 'paint' && part === 0) {
            part = progress.part
            controller.abort()
          }
        }
      })
      await assert.rejects(converting, isAbort)
      const start = performance.now()
      await converter.memory()
      const letGo = performance.now() - start
      assert.ok(part > 0 && part < 0.5)
      const timing = (await converter.convert(file)).timings
      assert.ok(letGo < timing.total / 3, `${letGo} ms of ${timing.total} ms`)
    })

    it('give the reason of the signal, and count before the call, in the queue and while a converter is made', async () => {
      const reason = new Error('no longer wanted')
      await assert.rejects(converter.convert(madeFile(10, 10), { signal: AbortSignal.abort(reason) }), reason)
      const controller = new AbortController()
      const first = converter.convert(madeFile(200, 200))
      const second = converter.convert(madeFile(10, 10), { signal: controller.signal })
      const third = converter.convert(madeFile(11, 11))
      controller.abort(reason)
      await assert.rejects(second, reason)
      assert.deepEqual([(await first).width, (await third).width], [200, 11])
      await assert.rejects(createConverter({ signal: AbortSignal.timeout(1) }), { name: 'TimeoutError' })
    })

    it('give back all memory', async () => {
      await converter.convert(madeFile(300, 300)) /* its networks wait for the next picture */
      const { bytes } = await converter.memory()
      for (let i = 0; i < 5; i++) {
        const controller = new AbortController()
        const converting = converter.convert(madeFile(300, 300), { signal: controller.signal, onProgress: ({ stage }) => stage === 'paint' && controller.abort() })
        await assert.rejects(converting, isAbort)
      }
      assert.equal((await converter.memory()).bytes, bytes)
    })
  })

  it('holds no more memory after many pictures than before', async () => {
    const file = madeFile(64, 64)
    await converter.convert(file)
    const { bytes, heapBytes } = await converter.memory()
    for (let i = 0; i < 20; i++) await converter.convert(file)
    const after = await converter.memory()
    assert.deepEqual([after.bytes, after.heapBytes], [bytes, heapBytes])
  })

  /** A folder of wasm files whose next step really traps when the file 'trap' is there. */
  function writeTrappingAssets() {
    const dist = pathToFileURL(path.join(root, 'wasm/dist/p2a-simd.mjs')).href
    const flag = JSON.stringify(place.at('trap'))
    writeFileSync(place.at('p2a-simd.mjs'), `
      import { existsSync, unlinkSync } from 'node:fs'
      import create from ${JSON.stringify(dist)}
      export default async (options) => {
        const core = await create(options)
        const step = (job, out) => {
          if (!existsSync(${flag})) return core._p2a_job_step(job, out)
          unlinkSync(${flag})
          return core._p2a_job_step(0xfffffff0, out)
        }
        return Object.create(core, { _p2a_job_step: { value: step } })
      }`)
    return pathToFileURL(`${place.folder}/`)
  }

  it('goes on in a fresh worker after each of 20 traps, and only the call that trapped fails', async () => {
    const trapping = await createConverter({ variant: 'simd', threads: 1, assets: writeTrappingAssets() })
    try {
      const file = madeFile(12, 12)
      for (let i = 0; i < 20; i++) {
        writeFileSync(place.at('trap'), '')
        const [bad, good] = await Promise.allSettled([trapping.convert(file), trapping.convert(file)])
        assert.equal(bad.reason?.code, 'TRAP', String(bad.reason ?? 'no error'))
        assert.equal(bad.reason.fatal, true)
        assert.equal(good.value?.width, 12, String(good.reason))
      }
    } finally {
      trapping.dispose()
    }
  })

  it('does not remember a model that was missing or damaged', async () => {
    const models = place.at('models')
    mkdirSync(path.join(models, 'weights'), { recursive: true })
    copyFileSync(path.join(root, 'models/manifest.json'), path.join(models, 'manifest.json'))
    const target = path.join(models, style.entry.file)
    const own = await createConverter({ variant: 'simd', threads: 1, precision: 'f32', models: pathToFileURL(models) })
    try {
      const file = madeFile(12, 12)
      await assert.rejects(own.convert(file), { code: 'IO', message: /there is no such file/ })
      const damaged = style.file.slice()
      damaged[damaged.length >> 1] ^= 1
      writeFileSync(target, damaged)
      await assert.rejects(own.convert(file), { code: 'MODEL', message: /expected sha256/ })
      writeFileSync(target, damaged.subarray(1))
      await assert.rejects(own.convert(file), { code: 'MODEL', message: /expected \d+ bytes/ })
      writeFileSync(target, readFileSync(path.join(root, 'models', style.entry.file)))
      assert.equal((await own.convert(file, { faces: false })).width, 12)
      await assert.rejects(own.convert(file), { code: 'IO', message: /detector.safetensors: there is no such file/ })
      for (const network of ['detector', 'parser']) {
        copyFileSync(path.join(root, `models/weights/${network}.safetensors`), path.join(models, `weights/${network}.safetensors`))
      }
      assert.equal((await own.convert(file)).width, 12)
    } finally {
      own.dispose()
    }
  })

  it('rejects what is under way and what comes later when it is disposed of', async () => {
    const own = await createConverter({ variant: 'simd', threads: 1 })
    const pending = [own.convert(madeFile(500, 500)), own.convert(madeFile(10, 10))]
    setTimeout(() => own.dispose(), 50)
    for (const call of pending) await assert.rejects(call, { code: 'DISPOSED' })
    await assert.rejects(own.convert(madeFile(10, 10)), { code: 'DISPOSED' })
    own.dispose()
  })

  it('lets a program of Node end by itself once it is disposed of', async () => {
    writeFileSync(place.at('photo.png'), madeFile(20, 20))
    const program = `import { createConverter } from ${JSON.stringify(pathToFileURL(path.join(root, 'wasm/js/index.js')).href)}
      const converter = await createConverter({ threads: 2, variant: 'simd' })
      const { width } = await converter.convert(${JSON.stringify(place.at('photo.png'))})
      converter.dispose()
      console.log(width)`
    writeFileSync(place.at('program.mjs'), program)
    const done = await run([], { program: [process.execPath, place.at('program.mjs')] })
    assert.equal(done.stdout.toString(), '20\n', done.stderr)
    assert.equal(done.code, 0)
  })
})
