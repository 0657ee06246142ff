/* list-kernels.mjs - cmake/xnnpack/operators.txt -> the lists of XNNPACK kernels that they reach */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Refusal, root, run, say, toolchain } from './folders.mjs'
import { getSources } from './get-sources.mjs'
import { getEmscripten } from './get-emscripten.mjs'

/*
 * Builds every production kernel, links a program that names only our operators, lets the linker
 * drop what they do not reach, and reads from its map which kernels are left. Takes some minutes; run
 * it only after a change of operators.txt or of XNNPACK. Arguments: the lists to make, else all.
 */
const lists = path.join(root, 'cmake/xnnpack')
const jobs = String(os.availableParallelism())

function must(program, args, options = {}) {
  const done = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 28, ...options })
  if (done.status !== 0) {
    throw new Refusal(`expected ${program} to succeed, got: ${done.error?.message || (done.stdout + done.stderr).slice(-4000)}`)
  }
  return done.stdout
}

function lines(name) {
  return readFileSync(path.join(lists, name), 'utf8')
    .split('\n')
    .filter((line) => line && !line.startsWith('#'))
}

/* A program that reaches exactly the operators of the list. */
function writeRoots(file) {
  const names = ['xnn_initialize', 'xnn_run_operator', 'xnn_delete_operator']
  for (const name of lines('operators.txt')) {
    for (const verb of ['create', 'reshape', 'setup']) names.push(`xnn_${verb}_${name}`)
  }
  writeFileSync(
    file,
    `#include <xnnpack.h>\n` +
      `void *const roots[] = {${names.map((name) => `(void *)${name}`).join(',\n')}};\n` +
      `int main(int argc, char **argv) { return argv[argc] == roots[argc]; }\n`
  )
}

/*
 * The kernels that the linker kept, from its map: GNU ld names section, address, size and member, lld
 * for wasm names member and section of what it kept only.
 */
function reached(map, all) {
  const members = new Set()
  for (const match of map.matchAll(/^ \.text\.\S+\s+0x[0-9a-f]+\s+0x0*[1-9a-f][0-9a-f]*\s+\S+\((\S+)\.o\)$/gm)) {
    members.add(match[1])
  }
  for (const match of map.matchAll(/\(([\w.+-]+)\.o(?:bj)?\):\(/g)) members.add(match[1])
  return all.filter((file) => members.has(path.basename(file)))
}

function allKernels(source) {
  const files = new Set()
  for (const set of [
    'scalar',
    'wasm',
    'wasmsimd',
    'wasmrelaxedsimd',
    'sse',
    'sse2',
    'ssse3',
    'sse41',
    'avx',
    'f16c',
    'fma3',
    'avx2',
    'avx512f',
    'avx512skx',
    'avx512vbmi',
    'avx512vnni'
  ]) {
    const text = readFileSync(path.join(source, `cmake/gen/${set}_microkernels.cmake`), 'utf8')
    const list = text.match(/SET\(PROD_\w+\s([^)]*)\)/)[1]
    for (const file of list.split(/\s+/).filter(Boolean)) files.add(file)
  }
  return [...files]
}

function writeList(name, files, what) {
  writeFileSync(
    path.join(lists, `${name}.txt`),
    `# The kernels that operators.txt reaches ${what}; made by wasm/toolchain/list-kernels.mjs.\n` +
      `${files.sort().join('\n')}\n`
  )
  say(`${name}: ${files.length} kernels`)
}

await run(async () => {
  await getSources()
  const emscripten = await getEmscripten()
  const source = process.env.P2A_XNNPACK_SOURCE || path.join(toolchain, 'sources/xnnpack')
  const kernels = allKernels(source)
  const wanted = process.argv.length > 2 ? process.argv.slice(2) : ['x86', 'wasm-simd', 'wasm-relaxed']
  for (const list of wanted) {
    const build = path.join(root, 'build/list-kernels', list)
    mkdirSync(build, { recursive: true })
    const roots = path.join(build, 'roots.c')
    const map = path.join(build, 'map.txt')
    writeRoots(roots)
    const wasm = list !== 'x86'
    const simd = list.replace('wasm-', '')
    must('cmake', [
      '-S',
      root,
      '-B',
      build,
      '-DP2A_XNNPACK_ALL_KERNELS=ON',
      '-DCMAKE_BUILD_TYPE=Release',
      ...(wasm ? [`-DP2A_WASM_SIMD=${simd}`, ...emscripten.cmakeArguments] : [])
    ])
    must('cmake', ['--build', build, '-j', jobs, '--target', 'p2a_xnnpack', 'p2a_pthreadpool_single'])
    const libraries = ['libp2a_xnnpack.a', 'libp2a_pthreadpool_single.a'].map((file) => path.join(build, file))
    const include = ['xnnpack', 'pthreadpool'].map((name) => `-I${path.join(path.dirname(source), name, 'include')}`)
    if (wasm) {
      must(
        emscripten.emcc,
        ['-O2', roots, ...include, ...libraries, '-o', path.join(build, 'roots.mjs'), `-Wl,-Map=${map}`, '-msimd128'],
        { env: emscripten.environment }
      )
    } else {
      must('gcc', [
        '-O2',
        '-w',
        roots,
        ...include,
        ...libraries,
        '-lm',
        '-o',
        path.join(build, 'roots'),
        '-Wl,--gc-sections',
        `-Wl,-Map=${map}`
      ])
    }
    let text = readFileSync(map, 'utf8')
    /* GNU ld lists first what it read and dropped; what it kept comes after this heading. */
    const kept = text.indexOf('Linker script and memory map')
    if (kept >= 0) text = text.slice(kept)
    writeList(list, reached(text, kernels), wasm ? `in wasm, ${simd} SIMD` : 'on x86_64')
  }
})
