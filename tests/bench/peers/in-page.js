/* in-page.js - one engine in a worker of a page of its own: the time until its first picture, the shortest of those for the next ones, and its wasm memory */

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
const valuesOf = (size) => Float32Array.from({ length: size * size * 3 }, (_, i) => noise(i) / 127.5 - 1)
const load = async (name) => new Uint8Array(await (await fetch(`/build/peers/${name}`)).arrayBuffer())

async function makeOurs({ size, threads, variant, precision }) {
  const { Engine } = await import('/wasm/js/engine.js')
  const engine = await Engine.create({ threads, variant })
  const model = engine.loadModel(await load(precision === 'int8' ? 'animegan3-int8.safetensors' : 'animegan3.safetensors'))
  engine.keepNetwork(model) // as a session of the peer keeps its packed weights
  const picture = engine.createImage(Uint8Array.from({ length: size * size * 3 }, (_, i) => noise(i)), size, size, 3)
  return () => {
    const made = engine.convert(model, picture)
    engine.disposeImage(made.picture)
    heap = Math.max(heap, engine.memory.heapBytes)
    return made.result.sceneMs
  }
}

async function makeOnnxruntime({ size, threads }) {
  const ort = await import('/build/peers/node_modules/onnxruntime-web/dist/ort.wasm.bundle.min.mjs')
  ort.env.wasm.numThreads = threads
  ort.env.wasm.wasmPaths = '/build/peers/node_modules/onnxruntime-web/dist/'
  const session = await ort.InferenceSession.create(await load('animegan3.onnx'), { executionProviders: ['wasm'] })
  const values = valuesOf(size)
  return async () => {
    const before = performance.now()
    const made = await session.run({ [session.inputNames[0]]: new ort.Tensor('float32', values, [1, size, size, 3]) })
    const ms = performance.now() - before
    for (const tensor of Object.values(made)) tensor.dispose?.()
    return ms
  }
}

async function makeTfjs({ size, threads }) {
  /* it takes half of the cores at most, whatever it is asked for: here it sees twice as many as it shall use */
  Object.defineProperty(navigator, 'hardwareConcurrency', { value: 2 * threads })
  const tf = await import('/build/peers/tfjs.js')
  const { makeTfjsRun } = await import('/tests/bench/peers/tfjs-network.mjs')
  /* fetched by its own code: else it streams, which the list of memories above does not see */
  tf.setWasmPaths('/build/peers/node_modules/@tensorflow/tfjs-backend-wasm/dist/', true)
  tf.setThreadsCount(threads)
  if (!(await tf.setBackend('wasm'))) throw new Error(`expected tfjs to take its wasm backend, got ${tf.getBackend()}`)
  if (tf.getThreadsCount() !== threads) throw new Error(`expected ${threads} threads of tfjs, got ${tf.getThreadsCount()}`)
  return makeTfjsRun(tf, await load('animegan3.safetensors'), valuesOf(size), size)
}

const MAKERS = { photo2anime: makeOurs, 'onnxruntime-web': makeOnnxruntime, 'tfjs-backend-wasm': makeTfjs }

async function measure(options) {
  const started = performance.now()
  const run = await MAKERS[options.kind](options)
  await run()
  const coldMs = performance.now() - started
  let ms = Infinity
  for (let i = 0; i < options.pictures; i++) ms = Math.min(ms, await run())
  for (const memory of memories) heap = Math.max(heap, memory.buffer.byteLength)
  return { ms, coldMs, peakBytes: heap }
}

/* a failed promise is no error event of the worker: told as an answer */
self.onmessage = async ({ data: options }) => self.postMessage(await measure(options).catch((error) => ({ error: String(error?.message ?? error) })))
