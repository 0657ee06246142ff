/* run.mjs - `npm test`: builds what is missing, runs ctest for every native build and mocha, adds up */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { buildNative, buildWasm } from '../wasm/toolchain/build.mjs'
import { Refusal, root, run } from '../wasm/toolchain/folders.mjs'
import { buildPage } from '../wasm/toolchain/page.mjs'

const presets = ['native-release', 'native-asan']
const results = path.join(root, 'build/tests')

/* The counts that ctest writes as JUnit XML; a test that was not run counts as failed. */
function runCtest(preset) {
  const file = path.join(results, `${preset}.xml`)
  const done = spawnSync('ctest', ['--preset', preset, '--output-junit', file], { cwd: root, stdio: 'inherit' })
  const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
  const count = (name) => Number(text.match(new RegExp(`<testsuite [^>]*\\b${name}="(\\d+)"`, 's'))?.[1] ?? 0)
  const total = count('tests')
  const failed = count('failures') + count('disabled') + count('skipped')
  if (total === 0) throw new Refusal(`expected ctest to run tests for ${preset}, got none (status ${done.status})`)
  if (done.status !== 0 && failed === 0) throw new Refusal(`expected ctest for ${preset} to end with 0, got ${done.status}`)
  return { passed: total - failed, failed }
}

function runMocha() {
  const file = path.join(results, 'mocha.json')
  const done = spawnSync(process.execPath, [
    path.join(root, 'node_modules/mocha/bin/mocha.js'), '--recursive', '--forbid-only', '--forbid-pending',
    '--extension', 'test.js', '--timeout', '300000', '--reporter', path.join(root, 'tests/reporter.mjs'), 'tests/js', 'tests/page'
  ], { cwd: root, stdio: 'inherit', env: { ...process.env, P2A_MOCHA_COUNTS: file } })
  if (!existsSync(file)) throw new Refusal(`expected mocha to reach its end, got status ${done.status}`)
  const { passes, failures, pending } = JSON.parse(readFileSync(file, 'utf8'))
  if (passes + failures === 0) throw new Refusal('expected mocha to run tests, got none')
  const failed = failures + pending
  if (done.status !== 0 && failed === 0) throw new Refusal(`expected mocha to end with 0, got ${done.status}`)
  return { passed: passes, failed }
}

await run(async () => {
  rmSync(results, { recursive: true, force: true })
  mkdirSync(results, { recursive: true })
  await buildPage()
  for (const preset of presets) await buildNative(preset)
  await buildWasm()
  const counts = [...presets.map(runCtest), runMocha()]
  const sum = (name) => counts.reduce((total, one) => total + one[name], 0)
  const line = `${sum('passed')} passed, ${sum('failed')} failed`
  writeFileSync(path.join(results, 'summary.txt'), `${line}\n`)
  process.stdout.write(`\n${line}\n`)
  if (sum('failed') > 0) process.exitCode = 1
})
