/*
 * in-node.mjs '{"kind": ENGINE, "size": PX, "threads": N, "pictures": N, "variant": ..., "precision": ...}' - one engine in a process of its own:
 * the time until its first picture, the shortest of those for the next ones, and the process's peak memory, as JSON
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import process from 'node:process'

import { MODELS, peersFolder } from './places.mjs'
import { loadTfjs } from './tfjs-in-node.mjs'
import { makeTfjsRun } from './tfjs-network.mjs'

const { kind, size, threads, pictures, variant, precision } = JSON.parse(process.argv[2])
const peer = createRequire(path.join(peersFolder, 'package.json'))
const started = performance.now()

const noise = (i) => (i * 7919) & 255
const values = () => Float32Array.from({ length: size * size * 3 }, (_, i) => noise(i) / 127.5 - 1)

async function makeOurs() {
  const { Engine } = await import('../../../wasm/js/engine.js')
  const engine = await Engine.create({ variant, threads })
  const model = engine.loadModel(readFileSync(MODELS[precision]))
  engine.keepNetwork(model) // as a session of the peer keeps its packed weights
  const picture = engine.createImage(Uint8Array.from({ length: size * size * 3 }, (_, i) => noise(i)), size, size, 3)
  const run = () => {
    const made = engine.convert(model, picture)
    engine.disposeImage(made.picture)
    return made.result.sceneMs
  }
  return { run, end: () => engine.dispose() }
}

async function makeOnnxruntime() {
  const ort = peer(kind)
  if (ort.env.wasm) ort.env.wasm.numThreads = threads
  const options = kind === 'onnxruntime-node' ? { intraOpNumThreads: threads, interOpNumThreads: 1 } : { executionProviders: ['wasm'] }
  const session = await ort.InferenceSession.create(kind === 'onnxruntime-node' ? MODELS.onnx : readFileSync(MODELS.onnx), options)
  const picture = values()
  const run = async () => {
    const before = performance.now()
    const made = await session.run({ [session.inputNames[0]]: new ort.Tensor('float32', picture, [1, size, size, 3]) })
    const ms = performance.now() - before
    for (const tensor of Object.values(made)) tensor.dispose?.()
    return ms
  }
  return { run, end: () => session.release() }
}

async function makeTfjs() {
  return { run: makeTfjsRun(await loadTfjs(), readFileSync(MODELS.f32), values(), size), end: () => {} }
}

const MAKERS = { photo2anime: makeOurs, 'onnxruntime-web': makeOnnxruntime, 'onnxruntime-node': makeOnnxruntime, 'tfjs-backend-wasm': makeTfjs }
/* A child's maxRSS begins with what its parent held when it was forked; VmHWM begins with the program. */
function peakBytes() {
  try {
    return Number(/^VmHWM:\s*(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024
  } catch {
    return process.resourceUsage().maxRSS * 1024
  }
}

const { run, end } = await MAKERS[kind]()
await run()
const coldMs = performance.now() - started
let [ms, cpuMs] = [Infinity, Infinity]
for (let i = 0; i < pictures; i++) {
  const before = process.cpuUsage()
  ms = Math.min(ms, await run())
  const { user, system } = process.cpuUsage(before)
  cpuMs = Math.min(cpuMs, (user + system) / 1000)
}
process.stdout.write(`${JSON.stringify({ ms, coldMs, cpuMs, peakBytes: peakBytes() })}\n`)
await end()
process.exit(0)
