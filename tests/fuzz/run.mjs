/* run.mjs - `npm run fuzz`: every target for a while, from its seeds; executions, coverage, findings */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { fileURLToPath } from 'node:url'

import { buildNative } from '../../wasm/toolchain/build.mjs'
import { Refusal, root, run } from '../../wasm/toolchain/folders.mjs'

/* Longest input in bytes, and the words that the target's format is made of, where it has any. */
export const targets = {
  image: { longest: 4096, words: 'image.dict' },
  exif: { longest: 512, words: 'image.dict' },
  model: { longest: 12288, words: 'model.dict' },
  graph: { longest: 8192, words: 'model.dict' },
  network: { longest: 12288, words: 'model.dict' },
  convert: { longest: 4096, words: 'image.dict' },
  faces: { longest: 2048 },
  onnx: {} /* of onnx.mjs */
}

const TIMEOUT_S = 20 /* one input; the slowest takes well below one second */
const MEMORY_MBYTES = 2048
const work = path.join(root, 'build/fuzz')

/** @returns {Promise<{code: number|null, text: string}>} */
function finish(program, args) {
  return new Promise((done, fail) => {
    const child = spawn(program, args, { cwd: work, stdio: ['ignore', 'pipe', 'pipe'] })
    let text = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk))
    child.on('error', fail)
    child.on('close', (code) => done({ code, text }))
  })
}

/**
 * JavaScript has no libFuzzer here: random changes, without looking at what they reach.
 * @returns {Promise<string|null>} what was found
 */
async function fuzzOnnx(seconds) {
  const { code, text } = await finish(process.execPath, [path.join(root, 'tests/fuzz/onnx.mjs'), String(seconds)])
  if (code !== 0) return text
  process.stdout.write(text)
  return null
}

/** @returns {Promise<string|null>} what was found */
async function fuzzOne(name, seconds, programs) {
  if (name === 'onnx') return fuzzOnnx(seconds)
  const { longest, words } = targets[name]
  const corpus = path.join(work, 'corpus', name)
  const found = path.join(root, 'tests/fixtures/findings', name)
  mkdirSync(corpus, { recursive: true })
  const { code, text } = await finish(path.join(programs, `fuzz_${name}`), [
    `-max_total_time=${seconds}`, `-max_len=${longest}`, ...(words ? [`-dict=${path.join(root, 'tests/fuzz', words)}`] : []), `-timeout=${TIMEOUT_S}`,
    `-rss_limit_mb=${MEMORY_MBYTES}`, '-print_final_stats=1', `-artifact_prefix=${work}/found-${name}-`,
    corpus, path.join(work, 'seeds', name), ...(existsSync(found) ? [found] : [])
  ])
  writeFileSync(path.join(work, `${name}.log`), text)
  const executions = Number(text.match(/stat::number_of_executed_units:\s+(\d+)/)?.[1] ?? 0)
  const [, covered, features] = [...text.matchAll(/cov: (\d+) ft: (\d+)/g)].at(-1) ?? [0, 0, 0]
  const edges = Number(text.match(/\((\d+) inline 8-bit counters\)/)?.[1] ?? 0)
  process.stdout.write(`${name.padEnd(8)} ${seconds} s, ${executions} executions, ${covered} of ${edges} edges, ${features} features: ${code === 0 ? 'no finding' : 'A FINDING'}\n`)
  if (code === 0 && executions === 0) throw new Refusal(`expected fuzz_${name} to run inputs, got none:\n${text.slice(-2000)}`)
  if (code === 0) return null
  const report = text.slice(Math.max(0, text.search(/must hold|ERROR|runtime error/)))
  const input = text.match(/Test unit written to (\S+)/)?.[1]
  const base64 = input && existsSync(input) ? readFileSync(input).toString('base64') : 'none'
  return `fuzz_${name}, status ${code}:\n${report.slice(0, 4000)}\nthe input is ${input ?? 'none'}: once it is understood, it belongs into ` +
    `tests/fixtures/findings/${name}; in base64:\n${base64}`
}

/**
 * Fuzz every target for `seconds`, `jobs` at a time.
 * @returns {Promise<{passed: number, failed: number, complaints: string[]}>} targets without and with a finding, and the findings
 */
export async function fuzz({ seconds = 600, jobs = 1, names = Object.keys(targets) } = {}) {
  const programs = path.join(await buildNative('native-fuzz'), 'tests/fuzz')
  mkdirSync(work, { recursive: true })
  const seeded = spawnSync(path.join(programs, 'p2a-fuzz-seeds'), [path.join(work, 'seeds')], { encoding: 'utf8' })
  if (seeded.status !== 0) throw new Refusal(`expected the seeds to be written, got:\n${seeded.stderr}`)
  const waiting = [...names]
  const complaints = []
  await Promise.all(Array.from({ length: jobs }, async () => {
    for (let name = waiting.shift(); name; name = waiting.shift()) {
      const finding = await fuzzOne(name, seconds, programs)
      if (finding !== null) complaints.push(finding)
    }
  }))
  return { passed: names.length - complaints.length, failed: complaints.length, complaints }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await run(async () => {
    const { values, positionals } = parseArgs({ options: { seconds: { type: 'string', default: '600' }, jobs: { type: 'string', default: '1' } }, allowPositionals: true })
    const unknown = positionals.find((name) => !targets[name])
    if (unknown) throw new Refusal(`expected ${Object.keys(targets).join(', ')}, got "${unknown}"`)
    const names = positionals.length ? positionals : Object.keys(targets)
    const { failed, complaints } = await fuzz({ seconds: Number(values.seconds), jobs: Number(values.jobs), names })
    for (const complaint of complaints) process.stdout.write(`${complaint}\n`)
    if (failed) process.exitCode = 1
  })
}
