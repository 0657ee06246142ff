/* get-emscripten.mjs - an Emscripten that is recent enough: the one given, or a private copy from Debian */
import { spawnSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  lstatSync
} from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { dependencies, must as mustSucceed, privateApt, unpackPackages } from './apt.mjs'
import { output, which } from './debian.mjs'
import { Refusal, alone, root as project, run, say, sha256, toolchain } from './folders.mjs'

/* The first version with final relaxed SIMD and the pthread code that the threads variants need. */
const oldest = [3, 1, 69]
const suite = 'trixie'
const instead =
  'Or install Emscripten 3.1.69 or newer and put emcc on PATH, or set P2A_EMSCRIPTEN to the folder that holds emcc.'
const home = path.join(toolchain, 'emscripten')
const complete = path.join(home, 'complete.json')

/*
 * Packages beside those that clang, lld and binaryen depend on. Python comes along because emcc is
 * written in it and a bare Debian has none.
 */
const tools = ['emscripten', 'binaryen', 'patchelf', 'node-acorn', 'node-xtend']

/*
 * trixie's emscripten carries 1.6 GB of prebuilt libraries. Left out here: link-time-optimised,
 * position-independent, sanitizer, debug and graphics variants. emcc makes one that is missed.
 */
const excluded = [
  './usr/share/doc*',
  './usr/share/man*',
  './usr/share/locale*',
  './usr/share/emscripten/test',
  './usr/share/emscripten/docs*',
  '*/llvm-exegesis',
  '*/obj2yaml',
  '*/yaml2obj',
  '*/llvm-tblgen',
  '*/opt',
  '*/wasm32-emscripten/lto*',
  '*/wasm32-emscripten/pic*',
  '*/wasm32-emscripten/thinlto*',
  '*/libGL-*',
  '*/lib*-debug*',
  '*/lib*asan*',
  '*/lib*ubsan*',
  '*/lib*lsan*',
  '*/lib*san_*',
  '*/libwasmfs*',
  '*/libmimalloc*',
  '*/libwebgpu*',
  '*/libSDL*',
  '*/libemmalloc*',
  '*-ww*.a',
  '*-except*.a'
]

/* What the private copy was made by: another recipe makes it anew. */
const recipe = sha256(JSON.stringify({ suite, oldest, tools, excluded, layout: 2 }))

function versionOf(emcc, environment) {
  const text = output(emcc, ['--version'], { env: environment })
  const match = text?.match(/(\d+)\.(\d+)\.(\d+)/)
  return match ? match.slice(1).map(Number) : null
}

function recent(version) {
  for (let i = 0; i < 3; i++) {
    if (version[i] !== oldest[i]) return version[i] > oldest[i]
  }
  return true
}

const must = (program, args, options) => mustSucceed(program, args, instead, options)

/* apt checks every package against the suite's signed index: no checksums are pinned here, since a
 * point update of the stable release may replace a package by a repaired one. */
function getPackages(apt, root) {
  const env = privateApt(apt, suite, instead)
  const shown = must('apt-cache', ['show', 'emscripten'], { env })
  const llvm = shown.match(/^Depends:.*\bclang-(\d+)/m)?.[1]
  if (!llvm) throw new Refusal(`expected Debian ${suite}'s emscripten to depend on a clang, got none.\n${instead}`)
  const python = must('apt-cache', ['show', 'python3-minimal'], { env }).match(/\bpython3\.\d+(?=-minimal)/)?.[0]
  if (!python) throw new Refusal(`expected a python3 in Debian ${suite}, got none.\n${instead}`)
  const parts = [
    `libllvm${llvm}`,
    `libclang-cpp${llvm}`,
    `libclang1-${llvm}`,
    `lld-${llvm}`,
    `${python}-minimal`,
    `lib${python}-stdlib`,
    'binaryen',
    'patchelf'
  ]
  const wanted = [
    ...new Set([
      ...tools,
      `clang-${llvm}`,
      `clang-format-${llvm}`,
      `llvm-${llvm}`,
      `libclang-common-${llvm}-dev`,
      `llvm-${llvm}-linker-tools`,
      ...dependencies(parts, env, instead)
    ])
  ]
  unpackPackages(apt, wanted, root, excluded, env, instead)
  return { llvm, python }
}

function* walk(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const full = path.join(folder, entry.name)
    if (entry.isDirectory()) yield* walk(full)
    else if (entry.isFile()) yield full
  }
}

function isElf(file) {
  const head = Buffer.alloc(4)
  const handle = openSync(file, 'r')
  try {
    return readSync(handle, head, 0, 4, 0) === 4 && head.toString('latin1') === '\x7fELF'
  } finally {
    closeSync(handle)
  }
}

/*
 * Programs are built for trixie's C library: each is pointed at the loader and libraries beside it.
 * LLVM's and binaryen's own libraries carry a search path too.
 */
function pointAtOwnLibraries(root, llvm) {
  const first = (folder, pattern) => {
    for (const base of folder) {
      if (!existsSync(path.join(root, base))) continue
      for (const file of walk(path.join(root, base))) if (pattern.test(path.basename(file))) return file
    }
    throw new Refusal(`expected a file like ${pattern} among Debian ${suite}'s packages, found none.\n${instead}`)
  }
  const loader = first(['usr/lib', 'usr/lib64', 'lib', 'lib64'], /^ld-linux.*\.so\.\d+$/)
  const libraries = path.dirname(first(['usr/lib', 'lib'], /^libc\.so\.6$/))
  const searchPath = `${libraries}:${path.join(root, `usr/lib/llvm-${llvm}/lib`)}`
  const patch = (file, ...args) =>
    must(loader, [
      '--library-path',
      libraries,
      path.join(root, 'usr/bin/patchelf'),
      ...args,
      '--force-rpath',
      '--set-rpath',
      searchPath,
      file
    ])
  const bin = path.join(root, 'usr/bin')
  const programs = [
    ...walk(path.join(root, `usr/lib/llvm-${llvm}/bin`)),
    ...readdirSync(bin)
      .filter((name) => name.startsWith('wasm-'))
      .map((name) => path.join(bin, name))
  ]
  for (const file of programs) {
    if (lstatSync(file).isFile() && isElf(file)) patch(file, '--set-interpreter', loader)
  }
  for (const file of walk(path.join(root, 'usr/lib'))) {
    if (/^(libLLVM|libclang|libbinaryen).*\.so/.test(path.basename(file)) && isElf(file)) patch(file)
  }
  return { loader, libraries }
}

/* Emscripten's settings file, its cache and a python3 that finds its library. */
function configure(root, llvm, python, loader, libraries) {
  const emscripten = path.join(root, 'usr/share/emscripten')
  mkdirSync(path.join(emscripten, 'test'), { recursive: true })
  writeFileSync(path.join(emscripten, 'test/hello_world.c'), 'int main(void) { return 0; }\n') /* for emcc --cflags */
  /* Its .js files are CommonJS, whatever the package.json of the project around it says. */
  writeFileSync(path.join(home, 'package.json'), '{ "type": "commonjs" }\n')
  symlinkSync('nodejs', path.join(root, 'usr/share/node_modules')) /* emcc looks for acorn there */
  const cache = path.join(home, 'cache')
  renameSync(path.join(emscripten, 'cache'), cache)
  const settings = path.join(home, 'emscripten.config')
  writeFileSync(
    settings,
    `LLVM_ROOT = '${root}/usr/lib/llvm-${llvm}/bin'\nBINARYEN_ROOT = '${root}/usr'\n` +
      `NODE_JS = '${process.execPath}'\nCACHE = '${cache}'\n`
  )
  /* emcc starts Python without its environment: it finds its library by the place of its program. */
  const launcher = path.join(root, 'usr/bin/python3')
  rmSync(launcher, { force: true })
  /* Python is no position-independent program: patchelf breaks it, so its loader is called by name. */
  writeFileSync(
    launcher,
    `#!/bin/sh\nexec '${loader}' --library-path '${libraries}' --argv0 "$0" ` + `'${root}/usr/bin/${python}' "$@"\n`,
    { mode: 0o755 }
  )
  return { folder: emscripten, variables: { EM_CONFIG: settings, EMSDK_PYTHON: launcher } }
}

function install() {
  rmSync(home, { recursive: true, force: true })
  const apt = path.join(home, 'apt')
  const root = path.join(home, 'root')
  mkdirSync(apt, { recursive: true })
  say(`getting Emscripten from Debian ${suite} into ${home} (about 310 MB, once)`)
  let llvm, python
  try {
    ;({ llvm, python } = getPackages(apt, root))
  } finally {
    rmSync(apt, { recursive: true, force: true }) /* it holds the mirror's address */
  }
  const { loader, libraries } = pointAtOwnLibraries(root, llvm)
  const { folder, variables } = configure(root, llvm, python, loader, libraries)
  const version = versionOf(path.join(folder, 'emcc'), { ...process.env, ...variables })
  if (!version || !recent(version)) {
    throw new Refusal(
      `expected Debian's emcc to run and be ${oldest.join('.')} or newer, got ${version?.join('.') || 'no answer'}.\n${instead}`
    )
  }
  /* Written last: without it everything here is done again. Paths inside are absolute. */
  writeFileSync(complete, JSON.stringify({ home, recipe, folder, variables, version }, null, 1))
  say(`Emscripten ${version.join('.')} is ready`)
}

function installed() {
  try {
    const found = JSON.parse(readFileSync(complete, 'utf8'))
    return found.home === home && found.recipe === recipe && statSync(path.join(found.folder, 'emcc')) ? found : null
  } catch {
    return null
  }
}

/* How to call it: by itself (`emcc` with `environment`), and from cmake (`cmakeArguments`). */
function described(folder, variables, version) {
  const settings = { ...variables, EM_NODE_JS: process.execPath }
  const list = Object.entries(settings)
    .map(([name, value]) => `${name}=${value}`)
    .join(';')
  return {
    emcc: path.join(folder, 'emcc'),
    version: version.join('.'),
    environment: { ...process.env, ...settings },
    cmakeArguments: [
      `-DCMAKE_TOOLCHAIN_FILE=${path.join(project, 'cmake/emscripten-clang.cmake')}`,
      `-DP2A_EMSCRIPTEN=${folder}`,
      `-DP2A_EMSCRIPTEN_SETTINGS=${list}`
    ]
  }
}

/**
 * The Emscripten to use: P2A_EMSCRIPTEN, else a recent emcc on PATH, else the private copy (made now
 * if it is missing or was left unfinished).
 */
export async function getEmscripten() {
  const given = process.env.P2A_EMSCRIPTEN
  if (given) {
    const version = existsSync(path.join(given, 'emcc')) ? versionOf(path.join(given, 'emcc'), process.env) : null
    if (!version || !recent(version)) {
      throw new Refusal(
        `expected an emcc of ${oldest.join('.')} or newer in the folder that P2A_EMSCRIPTEN names, ` +
          `got ${version ? version.join('.') : 'none that runs'} in "${given}"`
      )
    }
    return described(given, {}, version)
  }
  const found = which('emcc')
  if (found) {
    const version = versionOf(found, process.env)
    if (version && recent(version)) return described(path.dirname(found), {}, version)
    say(`${found} is ${version?.join('.') || 'not running'}, older than ${oldest.join('.')}: not used`)
  }
  return alone(toolchain, () => {
    if (!installed()) install()
    const { folder, variables, version } = installed()
    return described(folder, variables, version)
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await run(async () => {
    const { emcc, version } = await getEmscripten()
    process.stdout.write(`${emcc} (${version})\n`)
  })
}
