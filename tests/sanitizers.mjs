/*
 * sanitizers.mjs - `npm run test:sanitizers`: all unit tests under ASan and UBSan, the threaded ones
 * under TSan, one whole conversion under valgrind, and one in wasm under Emscripten's ASan
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

import { buildNative } from '../wasm/toolchain/build.mjs'
import { which } from '../wasm/toolchain/debian.mjs'
import { Refusal, root, run } from '../wasm/toolchain/folders.mjs'
import { getEmscriptenSanitizers } from '../wasm/toolchain/get-emscripten-sanitizers.mjs'
import { getSources } from '../wasm/toolchain/get-sources.mjs'

const model = path.join(root, 'models/weights/anime.safetensors')
const photo = path.join(root, 'tests/fixtures/images/baseline_444.jpg')
const people = path.join(root, 'node_modules/@vladmandic/face-api/demo/sample1.jpg')
const faces = ['detector', 'parser', 'portrait'].flatMap((name) => [`--${name}`, path.join(root, `models/weights/${name}.safetensors`)])

function say(text) {
  process.stdout.write(`sanitizers: ${text}\n`)
}

function must(program, args, what, options = {}) {
  const done = spawnSync(program, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28, ...options })
  if (done.status !== 0) throw new Refusal(`expected ${what}, got status ${done.status}:\n${(done.error?.message ?? '') + done.stdout + done.stderr}`.slice(0, 8000))
  return done.stdout + done.stderr
}

/* A tool that finds nothing in a program with a fault would find nothing anywhere. */
function checkThatThreadSanitizerSees() {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'p2a-tsan-'))
  try {
    const source = path.join(folder, 'race.c')
    const program = path.join(folder, 'race')
    writeFileSync(source, '#include <pthread.h>\nstatic int n;\nstatic void *add(void *p) { n++; return p; }\n' +
      'int main(void) { pthread_t t; pthread_create(&t, 0, add, 0); n++; pthread_join(t, 0); return 0; }\n')
    must('gcc', ['-g', '-fsanitize=thread', source, '-o', program], 'gcc to build with -fsanitize=thread')
    const done = spawnSync(program, { encoding: 'utf8' })
    if (!/data race/.test(done.stderr)) throw new Refusal(`expected ThreadSanitizer to see a data race that is there, got: ${done.stderr}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Tests of the threaded pool, and one whole conversion on four threads. `only`: a pattern of ctest. */
export async function runThreadSanitizer(only = '.') {
  const build = await buildNative('native-tsan')
  checkThatThreadSanitizerSees()
  const text = must('ctest', ['--preset', 'native-tsan', '-R', only], 'no data race in the tests')
  say(`TSan: ${text.match(/\d+% tests passed.*/)?.[0]}`)
  const out = path.join(root, 'build/tests/tsan.png')
  mkdirSync(path.dirname(out), { recursive: true })
  must(path.join(build, 'tests/native/p2a-convert'), ['--model', model, '--threads', '4', photo, out], 'no data race in a conversion on 4 threads')
  say('TSan: a whole conversion on 4 threads, no report')
}

async function runAddressSanitizer() {
  await buildNative('native-asan')
  const text = must('ctest', ['--preset', 'native-asan', '-j', '2'], 'every test to pass under ASan and UBSan')
  say(`ASan + UBSan: ${text.match(/\d+% tests passed.*/)?.[0]}`)
}

/* Valgrind sees reads of memory that was never written, in XNNPACK's kernels too. */
async function runValgrind() {
  if (!which('valgrind')) {
    say('valgrind: NOT RUN, there is none on PATH (on Debian: apt-get install valgrind)')
    return
  }
  const build = await buildNative('native-release')
  const out = path.join(root, 'build/tests/valgrind.png')
  mkdirSync(path.dirname(out), { recursive: true })
  const text = must('valgrind', ['--error-exitcode=9', '--leak-check=full', '--errors-for-leak-kinds=definite,indirect,possible', path.join(build, 'tests/native/p2a-convert'),
    '--model', model, '--threads', '2', photo, out], 'no report of valgrind')
  say(`valgrind: one conversion on 2 threads, ${text.match(/ERROR SUMMARY: .*?contexts/)?.[0]}, ${/no leaks are possible/.test(text) ? 'no block left' : 'blocks left, none lost'}`)
}

/* The wasm core linked with Emscripten's ASan; a small picture through every public call that counts. */
export async function runWasmAddressSanitizer() {
  await getSources()
  const { emcc, environment, cmakeArguments } = await getEmscriptenSanitizers()
  const folder = path.join(root, 'build/wasm-asan')
  must('cmake', ['-S', root, '-B', folder, '-DCMAKE_BUILD_TYPE=RelWithDebInfo', '-DP2A_WASM_SIMD=simd', '-DP2A_SANITIZE=address',
    `-DP2A_XNNPACK_LIBRARY=${path.join(root, 'build/wasm-simd/libp2a_xnnpack.a')}`, ...cmakeArguments], 'configuring the wasm build with ASan')
  must('cmake', ['--build', folder, '-j', '2', '--target', 'photo2anime'], 'building it')
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "commonjs" }\n') /* a program, not a module that waits to be called */
  const script = path.join(folder, 'p2a-convert.js')
  must(emcc, ['-O1', '-g', '-msimd128', '-fsanitize=address,undefined', path.join(root, 'tests/native/p2a-convert.c'), `-I${path.join(root, 'src')}`,
    path.join(folder, 'src/libphoto2anime.a'), path.join(root, 'build/wasm-simd/libp2a_xnnpack.a'), path.join(root, 'build/wasm-simd/libp2a_pthreadpool_single.a'),
    '-sALLOW_MEMORY_GROWTH', '-sMAXIMUM_MEMORY=4GB', '-sSTACK_SIZE=1MB', '-sNODERAWFS', '-sEXIT_RUNTIME', '-o', script], 'linking it', { env: environment })
  const out = path.join(root, 'build/tests/wasm-asan.png')
  mkdirSync(path.dirname(out), { recursive: true })
  rmSync(out, { force: true })
  const text = must(process.execPath, [script, '--model', model, photo, out], 'a conversion without a report')
  if (!existsSync(out) || readFileSync(out).length < 100) throw new Refusal(`expected a picture, got:\n${text}`)
  say(`Emscripten's ASan + UBSan: ${text.trim().split('\n').pop()}, no report`)
  const options = ['character=0.5', 'hair_color=8388736', 'edge_preserve=1.2', 'color_shift=0.7'].flatMap((option) => ['--set', option])
  const seen = must(process.execPath, [script, '--model', model, ...faces, ...options, '--width', '256', people, out], 'faces without a report')
  if (!/^face .* 1$/m.test(seen)) throw new Refusal(`expected a face, got:\n${seen}`)
  say(`Emscripten's ASan + UBSan: ${seen.trim().split('\n').pop()}, no report`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await run(async () => {
    await runAddressSanitizer()
    await runThreadSanitizer()
    await runValgrind()
    await runWasmAddressSanitizer()
  })
}
