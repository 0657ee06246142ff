/*
 * endurance.js - many conversions, aborts and bad files through one converter, in Node or in a page
 *
 * One function that uses nothing from outside itself, so that it can be sent to a browser as it is.
 */

/**
 * @param {{module: string, conversions: number, aborts: number, bad: number, threads: number}} what
 *   module: the URL of wasm/js/index.js
 * @returns {Promise<{made: number, aborted: number, refused: number, equal: boolean, memory: {bytes: number, heapBytes: number}[], seconds: number}>}
 *   memory: after the first round over all sizes, in the middle, and at the end
 */
export async function endure({ module, conversions, aborts, bad, threads }) {
  const { createConverter } = await import(module)
  const sizes = [[1, 1], [64, 48], [17, 31], [100, 80], [1, 90], [90, 1], [48, 64], [33, 33], [120, 40], [40, 120], [96, 96], [8, 100]]

  const picture = ([width, height]) => {
    const data = new Uint8ClampedArray(width * height * 4)
    for (let i = 0; i < data.length; i++) data[i] = i % 4 === 3 ? 255 : (Math.imul(i, 2654435761) >>> 24) / 4 + (i % (width * 4)) / 3
    return { data, width, height }
  }
  const failure = async (promise) => {
    try {
      await promise
    } catch (error) {
      return error
    }
    throw new Error('expected a call that fails, got a result')
  }

  const start = performance.now()
  const converter = await createConverter({ threads })
  try {
    const first = await converter.convert(picture([96, 80]), { output: 'imagedata' })
    const { image: sound } = await converter.convert(picture([40, 30]))
    /* the largest of all, once to its end: a network that is kept keeps the room of its largest picture, and how far an
       aborted one gets is chance */
    await converter.convert(picture([256, 256]))
    const memory = []
    const held = async () => {
      await converter.convert(picture([96, 80])) /* what is kept for the next picture depends on the last one */
      const { bytes, heapBytes } = await converter.memory()
      memory.push({ bytes, heapBytes })
    }
    let made = 0
    let aborted = 0
    let refused = 0
    for (let i = 0; i < conversions; i++) {
      const result = await converter.convert(picture(sizes[i % sizes.length]), { faces: i % 5 === 0, format: i % 2 ? 'png' : 'jpeg' })
      if (result.image.length > 0) made++
      if (i * aborts >= aborted * conversions && aborted < aborts) {
        const controller = new AbortController()
        const under = converter.convert(picture([256, 256]), { signal: controller.signal, onProgress: ({ stage }) => stage === 'paint' && controller.abort() })
        if (aborted % 3 === 0) setTimeout(() => controller.abort(), aborted % 7)
        const error = await failure(under)
        if (error.name !== 'AbortError') throw error
        aborted++
      }
      if (i * bad >= refused * conversions && refused < bad) {
        const file = sound.slice(0, refused % 4 === 0 ? refused : Math.max(1, sound.length - 1 - refused))
        if (refused % 4 === 1) file[0] ^= 255
        const error = await failure(converter.convert(file))
        if (error.code !== 'IMAGE' || error.fatal) throw error
        refused++
      }
      if (i === 2 * sizes.length || i === conversions >> 1) await held()
    }
    const last = await converter.convert(picture([96, 80]), { output: 'imagedata' })
    await held()
    const equal = first.image.data.length > 0 && first.image.data.every((value, i) => value === last.image.data[i])
    return { made, aborted, refused, equal, memory, seconds: (performance.now() - start) / 1000 }
  } finally {
    await converter.dispose()
  }
}

const HEAP_STEP = 1.25

const long = process.env.P2A_ENDURANCE === 'long'

/** How much: of `npm run test:endurance` where P2A_ENDURANCE is long, else of `npm test`. */
export const amount = long ? { conversions: 1000, aborts: 100, bad: 50 } : { conversions: 60, aborts: 10, bad: 10 }

/** What must hold of a run, and a line that says what was seen. */
export function judge(assert, name, result) {
  const [early, middle, late] = result.memory
  assert.deepEqual([result.made, result.aborted, result.refused], [amount.conversions, amount.aborts, amount.bad])
  assert.equal(result.equal, true, 'the first result and the last')
  assert.equal(late.bytes, early.bytes, 'bytes of the C core')
  /* the heap grows by a fifth at a time, and what is free in it is not always in one piece: once, at most, and then no more */
  assert.ok(late.heapBytes <= early.heapBytes * HEAP_STEP, `wasm heap ${early.heapBytes} -> ${late.heapBytes} bytes`)
  if (long) assert.equal(late.heapBytes, middle.heapBytes, 'bytes of the wasm heap in the second half')
  if (long) process.stdout.write(`endurance in ${name}: ${JSON.stringify(result)}\n`)
}
