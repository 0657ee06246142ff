/*
 * cases.js - what createConverter() promises, as cases that run in Node and in a browser alike
 *
 * Each case gets a context: {createConverter, P2AError, variant, threads, base}; base is the URL of
 * server.js. A case throws where a promise is not kept, and may return a line to be printed.
 */
export const ABORT_LIMIT_MS = 100

const inNode = typeof process === 'object' && typeof process.versions?.node === 'string'
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

function check(condition, text) {
  if (!condition) throw new Error(text)
}

function equal(got, wanted, what) {
  const [a, b] = [JSON.stringify(got), JSON.stringify(wanted)]
  if (a !== b) throw new Error(`expected ${b} for ${what}, got ${a}`)
}

async function fails(promise, code, what) {
  const error = await promise.then(() => undefined, (reason) => reason)
  equal(error?.code ?? error?.name ?? 'no error', code, what)
  return error
}

/** Rows of RGBA: slopes, tiles and a little grain. */
export function picture(width, height, seed = 1) {
  const data = new Uint8ClampedArray(width * height * 4)
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const tile = ((x >> 4) ^ (y >> 4)) & 1
      for (let c = 0; c < 3; c++) data[i++] = ((x * (c + 1) + y * (3 - c)) / 5 + tile * 70 * seed + ((x * 7919 + y * 104729 * seed) % 11)) & 255
      data[i++] = 255
    }
  }
  return { data, width, height }
}

const same = (a, b) => a.length === b.length && a.every((value, i) => value === b[i])

async function withConverter({ createConverter, variant, threads }, options, use) {
  const converter = await createConverter({ variant, threads, ...options })
  try {
    return await use(converter)
  } finally {
    await converter.dispose()
  }
}

/** The picture as a PNG file. */
const png = async (converter, width, height, seed) => (await converter.encode(picture(width, height, seed))).image

export const cases = {
  'says what runs, and takes every kind of input, with one result': (context) =>
    withConverter(context, {}, async (converter) => {
      equal([converter.info.variant, converter.info.threads], [context.variant, context.threads], 'info')
      const pixels = picture(40, 30)
      const file = await png(converter, 40, 30)
      const wanted = (await converter.convert(pixels, { output: 'imagedata' })).image.data
      const inputs = { bytes: file, buffer: file.slice().buffer, blob: new Blob([file]), url: new URL(`${context.base}/picture.png`) }
      if (typeof File === 'function') inputs.file = new File([file], 'a.png')
      if (!inNode) {
        inputs.imagedata = new ImageData(pixels.data, 40, 30)
        inputs.bitmap = await createImageBitmap(inputs.imagedata)
        inputs.text = 'picture.png'
      }
      for (const [name, input] of Object.entries(inputs)) {
        const { image, warnings } = await converter.convert(input, { output: 'imagedata' })
        check(same(image.data, wanted), `${name} gives another picture`)
        equal(warnings, [], `warnings of ${name}`)
      }
      await converter.convert(file, { transfer: true })
      equal(file.length, 0, 'length of a transferred file')
    }),

  'gives bytes, a Blob or pixels, PNG or JPEG, in the wanted width, with size, times and memory': (context) =>
    withConverter(context, {}, async (converter) => {
      const seen = []
      const made = await converter.convert(picture(60, 40), { width: 30, output: 'blob', format: 'jpeg', quality: 80, onProgress: ({ stage }) => seen.push(stage) })
      equal([made.image instanceof Blob, made.image.type, made.width, made.height], [true, 'image/jpeg', 30, 20], 'the result')
      equal([...new Set(seen)], ['load', 'decode', 'paint', 'encode'], 'stages')
      equal([made.style, made.backend.variant, made.backend.threads], ['anime', context.variant, context.threads], 'style and backend')
      check(made.timings.total >= made.timings.scene && made.timings.scene > 0 && made.peakBytes > 3 * 60 * 40, 'times and memory')
      const bytes = (await converter.convert(picture(8, 8))).image
      equal([...bytes.subarray(1, 4)], [80, 78, 71], 'the signature of a PNG')
      const { peakBytes, seconds } = await converter.estimate({ width: 1000, height: 800 }, { width: 500 })
      check(peakBytes > 500 * 400 * 3 && seconds > 0, 'an estimate')
    }),

  'blends styles, and refuses what is wrong by name and code, and goes on': (context) =>
    withConverter(context, { maxPixels: 10_000 }, async (converter) => {
      const [a, b, mix] = [{ style: 'anime' }, { style: 'miyazaki' }, { blend: { anime: 0.25, miyazaki: 0.75 } }]
      const data = []
      for (const options of [a, b, mix]) data.push((await converter.convert(picture(24, 24), { ...options, output: 'imagedata' })).image.data)
      check(!same(data[2], data[0]) && !same(data[2], data[1]), 'a blend is neither style')
      for (const [input, options, code] of [
        [picture(9, 9), { blend: { anime: 0.5 } }, 'ARGUMENT'],
        [picture(9, 9), { blend: { anime: 1 }, style: 'anime' }, 'ARGUMENT'],
        [picture(9, 9), { width: 0 }, 'ARGUMENT'],
        [picture(9, 9), { output: 'canvas' }, 'ARGUMENT'],
        [42, {}, 'ARGUMENT'],
        [new Uint8Array([1, 2, 3]), {}, 'IMAGE'],
        [picture(200, 100), {}, 'LIMIT'],
        [new URL(`${context.base}/nothing.png`), {}, 'IO']
      ]) {
        const error = await fails(converter.convert(input, options), code, JSON.stringify(options))
        check(error instanceof context.P2AError && error.message.length > 10, `a P2AError with a message, got ${error}`)
      }
      equal((await converter.convert(picture(9, 9))).width, 9, 'a picture afterwards')
    }),

  'converts many as it converts one by one, pixel for pixel; a bad one is an item of its own': (context) =>
    withConverter(context, {}, async (converter) => {
      const inputs = [picture(64, 64, 1), picture(64, 64, 2), new Uint8Array([7]), picture(30, 90, 3), picture(64, 64, 4)]
      const one = []
      for (const input of inputs) {
        if (input.data) one.push(await withConverter(context, {}, (fresh) => fresh.convert(input, { output: 'imagedata' })))
        else one.push(undefined)
      }
      for await (const { index, result, error } of converter.convertMany(inputs, { output: 'imagedata' })) {
        if (one[index]) check(same(result.image.data, one[index].image.data), `picture ${index} differs`)
        else equal(error.code, 'IMAGE', 'the bad one')
      }
    }),

  'loads models again after a failed download, and only those that are what was promised': async (context) => {
    const models = `${context.base}/failing-${inNode ? 'node' : 'page'}-${context.variant}-${context.threads}/models/`
    await withConverter(context, { models }, async (converter) => {
      await fails(converter.convert(picture(9, 9)), 'IO', 'a server that fails')
      equal((await converter.convert(picture(9, 9))).width, 9, 'the second try')
    })
    const { manifest, wasm } = await (await fetch(`${context.base}/digests.json`)).json()
    const name = `p2a-${context.variant}${context.threads > 1 ? '-threads' : ''}.wasm`
    const good = { 'manifest.json': manifest, [name]: wasm[name] }
    await withConverter(context, { integrity: good }, async (converter) => equal((await converter.convert(picture(9, 9))).width, 9, 'with integrity'))
    const bad = 'a'.repeat(64)
    await withConverter(context, { integrity: { 'manifest.json': bad } }, (converter) => fails(converter.convert(picture(9, 9)), 'MODEL', 'another manifest'))
    await fails(withConverter(context, { integrity: { [name]: bad } }, () => {}), 'MODEL', 'another wasm')
    await fails(withConverter(context, { integrity: { 'x.exe': bad } }, () => {}), 'ARGUMENT', 'another kind of file')
  },

  [`answers aborts within ${ABORT_LIMIT_MS} ms at random moments, downloads included, and goes on`]: async (context) => {
    const models = `${context.base}/slow-${context.variant}-${context.threads}/models/`
    const latencies = []
    let downloads = 0
    const measure = async (converter, whole) => {
      const controller = new AbortController()
      let stage = ''
      const ended = converter.convert(picture(200, 150), { signal: controller.signal, onProgress: (progress) => (stage = progress.stage) }).then(() => 'done', (error) => error)
      await sleep(Math.random() * whole)
      const start = performance.now()
      controller.abort()
      const error = await ended
      if (error === 'done') return
      equal(error.name, 'AbortError', 'the error of an abort')
      latencies.push(performance.now() - start)
      if (stage === 'load') downloads++
    }
    await withConverter(context, { models }, async (converter) => {
      for (let i = 0; i < context.aborts / 2; i++) await measure(converter, 300) /* no download ends within 300 ms */
    })
    await withConverter(context, {}, async (converter) => {
      let whole = 0
      for (let i = 0; i < 2; i++) { /* the first one fetches the model and compiles */
        const start = performance.now()
        await converter.convert(picture(200, 150))
        whole = performance.now() - start
      }
      for (let i = 0; i < 4 * context.aborts && latencies.length < context.aborts; i++) await measure(converter, whole)
      equal((await converter.convert(picture(9, 9))).width, 9, 'a picture afterwards')
    })
    check(latencies.length >= context.aborts, `only ${latencies.length} of ${context.aborts} came before the end`)
    check(downloads >= context.aborts / 4, `only ${downloads} came during a download`)
    const longest = Math.max(...latencies)
    check(longest < ABORT_LIMIT_MS, `an abort took ${longest} ms`)
    return `${latencies.length} aborts, ${downloads} of them during downloads, longest ${longest.toFixed(1)} ms`
  },

  'paints a video frame by frame, steadily, drops what comes too fast, and gives its memory back': (context) =>
    withConverter(context, {}, async (converter) => {
      await converter.convert(picture(9, 9))
      const session = await converter.createVideoSession({ width: 64, height: 48 })
      equal([session.info.style, session.info.live, session.info.warnings], ['anime', true, []], 'the session')
      const frame = inNode ? picture(64, 48) : await createImageBitmap(new ImageData(picture(64, 48).data, 64, 48))
      const first = await session.process(frame)
      equal([first.width, first.height, first.image.data.length], [64, 48, 64 * 48 * 4], 'a frame')
      const { bytes, heapBytes } = await converter.memory()
      for (let i = 0; i < 10; i++) {
        const { image } = await session.process(frame)
        check(same(image.data, first.image.data), `frame ${i} of a still picture differs`)
      }
      const after = await converter.memory()
      equal([after.bytes, after.heapBytes], [bytes, heapBytes], 'memory after 10 frames')
      const burst = await Promise.all([1, 2, 3].map(() => session.process(frame)))
      equal(burst.map((made) => made !== undefined), [true, false, false], 'three frames at once')
      equal(session.counts, { painted: 12, dropped: 2 }, 'counts')
      await fails(session.process(picture(10, 10)), 'ARGUMENT', 'pixels of another size')
      await fails(session.process('a.png'), 'ARGUMENT', 'no frame')
      await session.close()
      await session.close()
      await fails(session.process(frame), 'DISPOSED', 'a closed session')
      await fails(converter.createVideoSession({ width: 0, height: 48 }), 'ARGUMENT', 'no width')
      check((await converter.memory()).bytes < bytes, 'a closed session gives memory back')
    }),

  'paints in bytes what the plain variant paints on one thread, nearly': async (context) => {
    const photo = picture(151, 93)
    const options = /** @type {const} */ ({ precision: 'int8', faces: false, output: 'imagedata' })
    const paint = (converter) => converter.convert(photo, options)
    const wanted = (await withConverter({ ...context, variant: 'simd', threads: 1 }, {}, paint)).image.data
    const { image, backend } = await withConverter(context, {}, paint)
    equal(backend, { variant: context.variant, threads: context.threads, precision: 'int8' }, 'backend')
    const largest = image.data.reduce((most, value, i) => Math.max(most, Math.abs(value - wanted[i])), 0)
    check(largest <= 2, `expected at most 2/255 of difference, got ${largest}`)
    return `largest difference: ${largest}/255`
  },

  'ends for good when it is disposed of, and cannot be made with wrong options': async (context) => {
    const converter = await context.createConverter({ variant: context.variant, threads: context.threads })
    const pending = fails(converter.convert(picture(300, 300)), 'DISPOSED', 'what was under way')
    await converter[Symbol.asyncDispose]()
    await pending
    await fails(converter.convert(picture(9, 9)), 'DISPOSED', 'what came later')
    for (const options of [{ variant: 'mmx' }, { threads: 0 }, { memoryLimit: 5 }, { maxPixels: 'many' }, { integrity: [] }, { assets: 5 }]) {
      await fails(context.createConverter(options), 'ARGUMENT', JSON.stringify(options))
    }
    const reason = await context.createConverter({ signal: AbortSignal.abort() }).catch((error) => error)
    equal(reason.name, 'AbortError', 'a signal that was aborted before')
  }
}

/** 200 pictures; what the converter holds before and after. */
export async function endurance(context) {
  return withConverter(context, {}, async (converter) => {
    const photo = picture(48, 48)
    for (let i = 0; i < 25; i++) await converter.convert(photo) /* the engine compiles hot code anew until then */
    const before = await converter.memory()
    const started = await context.resident?.()
    for (let i = 0; i < 200; i++) await converter.convert(photo)
    return { before, after: await converter.memory(), started, ended: await context.resident?.() }
  })
}

/** A picture so large that the heap has grown; what is left of it a little later. */
export async function recycling(context) {
  return withConverter(context, {}, async (converter) => {
    await converter.encode(picture(7000, 5000), { format: 'jpeg' })
    const { heapBytes: grown } = await converter.memory()
    await sleep(2500)
    const { heapBytes: later } = await converter.memory()
    return { grown, later, width: (await converter.convert(picture(9, 9))).width }
  })
}
