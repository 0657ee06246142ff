/*
 * run.mjs - `npm test`: builds what is missing, runs ctest for every native build, a minute of every
 * fuzz target beside it, ThreadSanitizer and mocha, and adds up. With a word (`npm run test:hostile`):
 * only that part, and the long form of it.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { buildNative, buildWasm } from '../wasm/toolchain/build.mjs'
import { Refusal, root, run } from '../wasm/toolchain/folders.mjs'
import { buildPage } from '../wasm/toolchain/page.mjs'
import { fuzz } from './fuzz/run.mjs'
import { runThreadSanitizer } from './sanitizers.mjs'

const presets = ['native-release', 'native-asan']
const results = path.join(root, 'build/tests')

/* A minute each, two at a time while the native tests run. */
const FUZZ = { seconds: 60, jobs: 2 }
const THREADED = '^(base_context|nn_bands|blend_poisson)$'

/* Of what a failed test printed: complaints come last, where a log that was cut still has them. */
const SHOWN = 3000

/* A pattern for ctest, files for mocha. */
const parts = {
  hostile: { native: '^(image|model|fuzz)_', files: ['tests/js/hostile.test.js'] },
  limits: { files: ['tests/js/limits.test.js'] },
  endurance: { files: ['tests/js/endurance.test.js', 'tests/page/endurance.test.js'], env: { P2A_ENDURANCE: 'long' } },
  server: { files: ['tests/js/serve.test.js'] },
  supply: { files: ['tests/js/shipped.test.js'] }
}

/** @returns {Promise<number|null>} the exit status of a program that writes where this one does */
function finish(program, args, env = {}) {
  return new Promise((done, fail) => {
    spawn(program, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } }).on('error', fail).on('close', done)
  })
}

/* The counts that ctest writes as JUnit XML; a test that was not run counts as failed. */
async function runCtest(preset, pattern = '.') {
  const file = path.join(results, `${preset}.xml`)
  const status = await finish('ctest', ['--preset', preset, '-R', pattern, '--output-junit', file])
  const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
  const count = (name) => Number(text.match(new RegExp(`<testsuite [^>]*\\b${name}="(\\d+)"`, 's'))?.[1] ?? 0)
  const total = count('tests')
  const failed = count('failures') + count('disabled') + count('skipped')
  const complaints = [...text.matchAll(/<testcase name="([^"]*)"[^>]*status="(?!run")(\w+)".*?<system-out>(.*?)<\/system-out>/gs)]
    .map(([, name, what, output]) => `${preset}, ${name}: ${what}\n${output.slice(-SHOWN)}`)
  if (total === 0) throw new Refusal(`expected ctest to run tests for ${preset}, got none (status ${status})`)
  if (status !== 0 && failed === 0) throw new Refusal(`expected ctest for ${preset} to end with 0, got ${status}`)
  return { passed: total - failed, failed, complaints }
}

async function runMocha(files = ['tests/js', 'tests/api', 'tests/page'], env = {}) {
  const file = path.join(results, 'mocha.json')
  const status = await finish(process.execPath, [
    path.join(root, 'node_modules/mocha/bin/mocha.js'), '--recursive', '--forbid-only', '--forbid-pending',
    '--extension', 'test.js', '--timeout', '300000', '--reporter', path.join(root, 'tests/reporter.mjs'), ...files
  ], { ...env, P2A_MOCHA_COUNTS: file })
  if (!existsSync(file)) throw new Refusal(`expected mocha to reach its end, got status ${status}`)
  const { passes, failures, pending } = JSON.parse(readFileSync(file, 'utf8'))
  if (passes + failures === 0) throw new Refusal('expected mocha to run tests, got none')
  const failed = failures + pending
  if (status !== 0 && failed === 0) throw new Refusal(`expected mocha to end with 0, got ${status}`)
  return { passed: passes, failed }
}

/* One test more: it either holds or says what was seen. */
async function runThreads() {
  try {
    await runThreadSanitizer(THREADED)
    return { passed: 1, failed: 0 }
  } catch (error) {
    return { passed: 0, failed: 1, complaints: [error.message] }
  }
}

async function runNative() {
  const counts = []
  for (const preset of presets) counts.push(await runCtest(preset))
  return [...counts, await runThreads()]
}

async function runAll() {
  await buildPage()
  for (const preset of [...presets, 'native-tsan', 'native-fuzz']) await buildNative(preset)
  await buildWasm()
  const [native, fuzzed] = await Promise.all([runNative(), fuzz(FUZZ)])
  return [...native, fuzzed, await runMocha()]
}

async function runPart({ native, files, env }) {
  await buildPage()
  await buildWasm()
  const counts = []
  for (const preset of native ? presets : []) {
    await buildNative(preset)
    counts.push(await runCtest(preset, native))
  }
  return [...counts, await runMocha(files, env)]
}

await run(async () => {
  const name = process.argv[2]
  if (name !== undefined && !parts[name]) throw new Refusal(`expected ${Object.keys(parts).join(', ')} or nothing, got "${name}"`)
  rmSync(results, { recursive: true, force: true })
  mkdirSync(results, { recursive: true })
  const start = Date.now()
  const counts = name === undefined ? await runAll() : await runPart(parts[name])
  const sum = (key) => counts.reduce((total, one) => total + one[key], 0)
  const line = `${sum('passed')} passed, ${sum('failed')} failed`
  if (name === undefined) writeFileSync(path.join(results, 'summary.txt'), `${line}\n`)
  for (const complaint of counts.flatMap((one) => one.complaints ?? [])) process.stdout.write(`\n${complaint}\n`)
  process.stdout.write(`\n${((Date.now() - start) / 1000).toFixed(0)} s\n${line}\n`)
  if (sum('failed') > 0) process.exitCode = 1
})
