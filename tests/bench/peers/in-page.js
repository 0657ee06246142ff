/* in-page.js - one engine in a worker of a page of its own: its times and its wasm memory */

let heap = 0
const memories = new Set()
/* every wasm memory that is made here, by either engine */
const Memory = WebAssembly.Memory
WebAssembly.Memory = class extends Memory {
  constructor(limits) {
    super(limits)
    memories.add(this)
  }
}
const instantiate = WebAssembly.instantiate
WebAssembly.instantiate = async (...args) => {
  const made = await instantiate(...args)
  for (const value of Object.values((made.instance ?? made).exports)) if (value instanceof Memory) memories.add(value)
  return made
}

const noise = (i) => (i * 7919) & 255

async function makeEngine({ kind, size, threads, variant }) {
  if (kind === 'photo2anime') {
    const { Engine } = await import('/wasm/js/engine.js')
    const engine = await Engine.create({ threads, variant })
    const model = engine.loadModel(new Uint8Array(await (await fetch('/build/peers/animegan3.safetensors')).arrayBuffer()))
    engine.keepNetwork(model) // as a session of the peer keeps its packed weights
    const picture = engine.createImage(Uint8Array.from({ length: size * size * 3 }, (_, i) => noise(i)), size, size, 3)
    return () => {
      const made = engine.convert(model, picture)
      engine.disposeImage(made.picture)
      heap = Math.max(heap, engine.memory.heapBytes)
      return made.result.sceneMs
    }
  }
  const ort = await import('/build/peers/node_modules/onnxruntime-web/dist/ort.wasm.bundle.min.mjs')
  ort.env.wasm.numThreads = threads
  ort.env.wasm.wasmPaths = '/build/peers/node_modules/onnxruntime-web/dist/'
  const file = new Uint8Array(await (await fetch('/build/peers/animegan3.onnx')).arrayBuffer())
  const session = await ort.InferenceSession.create(file, { executionProviders: ['wasm'] })
  const values = Float32Array.from({ length: size * size * 3 }, (_, i) => noise(i) / 127.5 - 1)
  return async () => {
    const before = performance.now()
    const made = await session.run({ [session.inputNames[0]]: new ort.Tensor('float32', values, [1, size, size, 3]) })
    const ms = performance.now() - before
    for (const tensor of Object.values(made)) tensor.dispose?.()
    return ms
  }
}

self.onmessage = async ({ data: options }) => {
  const started = performance.now()
  const run = await makeEngine(options)
  await run()
  const coldMs = performance.now() - started
  const times = []
  for (let i = 0; i < options.runs; i++) times.push(await run())
  for (const memory of memories) heap = Math.max(heap, memory.buffer.byteLength)
  self.postMessage({ times, coldMs, peakBytes: heap })
}
