/* build.mjs - sources -> wasm/dist (the four variants), web/dist and build/native-* ; does nothing when nothing changed */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { which } from './debian.mjs'
import { Refusal, alone, hashFiles, root, run, say, sha256 } from './folders.mjs'
import { getClang } from './get-clang.mjs'
import { getEmscripten } from './get-emscripten.mjs'
import { getSources } from './get-sources.mjs'
import { writeShipped } from './shipped.mjs'
import { buildPage } from './page.mjs'

export const variants = ['simd', 'simd-threads', 'relaxed', 'relaxed-threads']
export const dist = path.join(root, 'wasm/dist')
const natives = ['native-release', 'native-asan', 'native-clang', 'native-tsan', 'native-fuzz']
const jobs = String(os.availableParallelism())

function needTools(compilers) {
  const missing = ['cmake', 'make', ...compilers].filter((tool) => !which(tool))
  if (missing.length) {
    throw new Refusal(
      `expected ${missing.join(', ')} on PATH, found none. On Debian: apt-get install ` +
        `${missing.map((tool) => (tool === 'gcc' || tool === 'g++' ? 'build-essential' : tool)).join(' ')}`
    )
  }
}

/* cmake's output is shown only when it fails, or all of it with P2A_VERBOSE=1. */
function cmake(args, what, env = process.env) {
  const verbose = process.env.P2A_VERBOSE === '1'
  const done = spawnSync('cmake', args, { cwd: root, env, encoding: 'utf8', maxBuffer: 1 << 28, stdio: verbose ? 'inherit' : 'pipe' })
  if (done.status !== 0) {
    const lines = verbose ? [] : `${done.stdout}${done.stderr}`.split('\n').filter((line) => !/^\[ *\d+%\]/.test(line))
    const text = lines.length ? `\n${lines.slice(-80).join('\n')}` : ''
    throw new Refusal(`expected ${what} to succeed, got status ${done.status}${text}`)
  }
}

/* What CMakePresets.json says of a preset that shares another's XNNPACK; the others are not made anew for it. */
function presetSettings(name) {
  const { configurePresets } = JSON.parse(readFileSync(path.join(root, 'CMakePresets.json'), 'utf8'))
  const { cacheVariables } = configurePresets.find((preset) => preset.name === name)
  return cacheVariables.P2A_SANITIZE ? [cacheVariables] : []
}

/* Configure `folder` if that was not done with the same arguments and settings before, then build it. */
function configureAndBuild(folder, args, what, { settings = [], env = process.env, targets = [] } = {}) {
  const stamp = path.join(folder, 'arguments')
  const arguments_ = JSON.stringify([root, args, ...settings])
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== arguments_) {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    cmake(args, `configuring ${what}`, env)
    writeFileSync(stamp, arguments_)
  }
  cmake(['--build', folder, '-j', jobs, ...targets.flatMap((target) => ['--target', target])], `building ${what}`)
}

function seconds(since) {
  return `${((Date.now() - since) / 1000).toFixed(0)} s`
}

/** One native preset of CMakePresets.json. */
export async function buildNative(preset) {
  needTools(preset === 'native-clang' ? ['clang', 'clang++'] : ['gcc', 'g++'])
  await getSources()
  const env = preset === 'native-fuzz' ? { ...process.env, PATH: `${await getClang()}${path.delimiter}${process.env.PATH}` } : process.env
  const folder = path.join(root, 'build', preset)
  await alone(path.join(root, 'build'), () => {
    const start = Date.now()
    const settings = presetSettings(preset)
    const release = 'native-release'
    if (settings.length) configureAndBuild(path.join(root, 'build', release), ['--preset', release], `${release}'s XNNPACK`, { targets: ['p2a_xnnpack'] })
    configureAndBuild(folder, ['--preset', preset], preset, { settings, env })
    say(`${preset} is built (${seconds(start)})`)
  })
  return folder
}

function outputs() {
  return variants.flatMap((variant) => [`p2a-${variant}.mjs`, `p2a-${variant}.wasm`]).map((name) => path.join(dist, name))
}

function hashOutputs() {
  return outputs().every((file) => existsSync(file))
    ? sha256(
        outputs()
          .map((file) => sha256(readFileSync(file)))
          .join()
      )
    : null
}

/** A hash of the built variants; null if one of them is missing or older than its sources. */
export function wasmHash() {
  const stamp = path.join(root, 'build/wasm.stamp')
  const wanted = hashFiles(
    [
      'CMakeLists.txt',
      'cmake',
      'src',
      'wasm/CMakeLists.txt',
      'wasm/exports.txt',
      'wasm/toolchain/get-emscripten.mjs',
      'wasm/toolchain/get-sources.mjs'
    ],
    JSON.stringify([
      root,
      Object.entries(process.env)
        .filter(([name]) => name.startsWith('P2A_'))
        .sort()
    ])
  )
  const built = hashOutputs()
  const found = built && existsSync(stamp) ? readFileSync(stamp, 'utf8') : ''
  return { wanted, built: found === `${wanted} ${built}` ? built : null, stamp }
}

/** The four wasm variants in wasm/dist. */
export async function buildWasm() {
  if (wasmHash().built) return
  needTools([])
  await getSources()
  const emscripten = await getEmscripten()
  await alone(path.join(root, 'build'), () => {
    const { wanted, built, stamp } = wasmHash()
    if (built) return
    for (const simd of ['simd', 'relaxed']) {
      const start = Date.now()
      const folder = path.join(root, `build/wasm-${simd}`)
      configureAndBuild(
        folder,
        ['-S', root, '-B', folder, '-DCMAKE_BUILD_TYPE=Release', `-DP2A_WASM_SIMD=${simd}`, ...emscripten.cmakeArguments],
        `the ${simd} variants`
      )
      say(`p2a-${simd} and p2a-${simd}-threads are built (${seconds(start)})`)
    }
    writeFileSync(stamp, `${wanted} ${hashOutputs()}`)
  })
  await writeShipped()
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await run(async () => {
    const targets = process.argv.slice(2)
    if (!targets.length || !targets.every((target) => target === 'wasm' || natives.includes(target))) {
      throw new Refusal(`expected wasm, ${natives.join(', ')}, got "${targets.join(' ')}"`)
    }
    for (const target of targets) await (target === 'wasm' ? buildWasm().then(buildPage) : buildNative(target))
  })
}
