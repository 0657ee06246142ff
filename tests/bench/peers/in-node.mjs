/*
 * in-node.mjs ENGINE SIZE RUNS [VARIANT] [THREADS] - one engine in a process of its own: its times and the process's peak memory, as JSON
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import process from 'node:process'

import { peersFolder } from './packages.mjs'

const [kind, sizeText, runsText, variant = 'simd', threadsText = '1'] = process.argv.slice(2)
const [size, runs, threads] = [Number(sizeText), Number(runsText), Number(threadsText)]
const onnx = path.join(peersFolder, 'animegan3.onnx')
const peer = createRequire(path.join(peersFolder, 'package.json'))
const started = performance.now()

async function makeRun() {
  if (kind === 'photo2anime') {
    const { Engine } = await import('../../../wasm/js/engine.js')
    const engine = await Engine.create({ variant, threads })
    const model = engine.loadModel(readFileSync(path.join(peersFolder, 'animegan3.safetensors')))
    engine.keepNetwork(model) // as a session of the peer keeps its packed weights
    const picture = engine.createImage(new Uint8Array(size * size * 3).map((_, i) => (i * 7919) & 255), size, size, 3)
    const run = () => {
      const made = engine.convert(model, picture)
      engine.disposeImage(made.picture)
      return made.result.sceneMs
    }
    return { run, end: () => engine.dispose() }
  }
  const ort = peer(kind)
  if (ort.env.wasm) ort.env.wasm.numThreads = threads
  const options = kind === 'onnxruntime-node' ? { intraOpNumThreads: threads, interOpNumThreads: 1 } : { executionProviders: ['wasm'] }
  const session = await ort.InferenceSession.create(kind === 'onnxruntime-node' ? onnx : readFileSync(onnx), options)
  const values = Float32Array.from({ length: size * size * 3 }, (_, i) => ((i * 7919) & 255) / 127.5 - 1)
  const run = async () => {
    const before = performance.now()
    const made = await session.run({ [session.inputNames[0]]: new ort.Tensor('float32', values, [1, size, size, 3]) })
    const ms = performance.now() - before
    for (const tensor of Object.values(made)) tensor.dispose?.()
    return ms
  }
  return { run, end: () => session.release() }
}

const { run, end } = await makeRun()
await run()
const coldMs = performance.now() - started
const times = []
const before = process.cpuUsage()
for (let i = 0; i < runs; i++) times.push(await run())
const { user, system } = process.cpuUsage(before)
process.stdout.write(`${JSON.stringify({ times, coldMs, cpuMs: (user + system) / 1000 / runs, peakBytes: process.resourceUsage().maxRSS * 1024 })}\n`)
await end()
process.exit(0)
