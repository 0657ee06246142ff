/* structure.test.js - src keeps the layers of the design: who may include whom, how long a file may be */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { root } from '../../wasm/toolchain/folders.mjs'

const src = path.join(root, 'src')
const LINES_MAX = 600
const HEADER_LINES_MAX = 400

/* Folder -> the folders that it may include from, beside itself. The public header is everybody's. */
const mayKnow = {
  base: [],
  image: ['base'],
  tensor: ['base', 'image'],
  nn: ['base', 'tensor'],
  face: ['base', 'image', 'tensor'],
  blend: ['base', 'image'],
  pipeline: ['base', 'image', 'tensor', 'nn', 'face', 'blend'],
  '.': ['pipeline', 'image', 'nn', 'base']
}

/* Third-party header -> the files that may see it. */
const thirdParty = {
  'xnnpack.h': /^nn\//,
  'pthreadpool.h': /^(base\/pool\.c|nn\/.*\.c)$/,
  'stb_image.h': /^image\/(decode|stb_\w+)\.c$/,
  'stb_image_write.h': /^image\/(encode|stb_\w+)\.c$/,
  'jsmn.h': /^nn\/model_json\.c$/,
  'wasm_simd128.h': /^nn\/lanes\.h$/
}

const standard = new Set(['assert.h', 'errno.h', 'float.h', 'inttypes.h', 'limits.h', 'math.h', 'stdarg.h', 'stdatomic.h', 'stdbool.h',
  'stddef.h', 'stdint.h', 'stdio.h', 'stdlib.h', 'string.h', 'time.h'])

function files() {
  return readdirSync(src, { recursive: true }).map((name) => name.split(path.sep).join('/')).filter((name) => /\.[ch]$/.test(name)).sort()
}

function includes(text) {
  return [...text.matchAll(/^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]/gm)].map((match) => ({ quoted: match[1] === '"', name: match[2] }))
}

/** What is wrong with one #include of one file, or null. */
function complaint(file, { quoted, name }) {
  const folder = path.posix.dirname(file)
  if (name in thirdParty) return thirdParty[name].test(file) ? null : `${name} belongs to files like ${thirdParty[name]}`
  if (!quoted) return standard.has(name) ? null : `<${name}> is no header of C11 and none of our dependencies`
  if (name === 'photo2anime.h') return null
  const target = name.includes('/') ? path.posix.dirname(name) : folder
  if (!(target in mayKnow)) return `"${name}" lies in no folder of the design`
  if (target === folder || mayKnow[folder]?.includes(target)) return null
  return `${folder} may not know ${target} ("${name}")`
}

describe('structure', () => {
  it('finds the sources', () => {
    assert.ok(files().length > 20, `expected more than 20 files, got ${files().length}`)
  })

  it('every file lies in a folder of the design', () => {
    assert.deepEqual(files().filter((file) => !(path.posix.dirname(file) in mayKnow)), [])
  })

  it('every #include is one that its folder may know', () => {
    let seen = 0
    const wrong = []
    for (const file of files()) {
      for (const include of includes(readFileSync(path.join(src, file), 'utf8'))) {
        seen++
        const text = complaint(file, include)
        if (text) wrong.push(`src/${file}: ${text}`)
      }
    }
    assert.ok(seen > 50, `expected more than 50 includes, got ${seen}`)
    assert.deepEqual(wrong, [])
  })

  it('refuses an include against the layers', () => {
    assert.match(complaint('base/pool.c', { quoted: true, name: 'nn/graph.h' }), /base may not know nn/)
    assert.match(complaint('image/decode.c', { quoted: true, name: 'tensor/shape.h' }), /image may not know tensor/)
    assert.match(complaint('face/align.c', { quoted: false, name: 'xnnpack.h' }), /belongs to/)
    assert.match(complaint('image/resize.c', { quoted: false, name: 'stb_image.h' }), /belongs to/)
    assert.match(complaint('base/context.c', { quoted: false, name: 'emscripten.h' }), /no header of C11/)
    assert.equal(complaint('pipeline/scene.c', { quoted: true, name: 'nn/network.h' }), null)
  })

  it('every source file is listed in src/CMakeLists.txt', () => {
    const list = readFileSync(path.join(src, 'CMakeLists.txt'), 'utf8')
    const listed = new Set([...list.matchAll(/[\w./-]+\.c\b/g)].map((match) => match[0]))
    assert.deepEqual(files().filter((file) => file.endsWith('.c') && !listed.has(file)), [])
  })

  it(`no file has more than ${LINES_MAX} lines`, () => {
    const long = files().map((file) => [file, readFileSync(path.join(src, file), 'utf8').split('\n').length]).filter(([, lines]) => lines > LINES_MAX)
    assert.deepEqual(long, [])
  })

  it(`the public header has at most ${HEADER_LINES_MAX} lines and compiles alone as C11 and C++17`, () => {
    const header = path.join(src, 'photo2anime.h')
    assert.ok(readFileSync(header, 'utf8').split('\n').length <= HEADER_LINES_MAX)
    const folder = mkdtempSync(path.join(os.tmpdir(), 'p2a-header-'))
    const warnings = ['-Wall', '-Wextra', '-Wpedantic', '-Werror', '-fsyntax-only']
    try {
      for (const [compiler, standardFlag, name] of [['gcc', '-std=c11', 'alone.c'], ['g++', '-std=c++17', 'alone.cc']]) {
        const file = path.join(folder, name)
        writeFileSync(file, `#include "${header}"\n`)
        execFileSync(compiler, [standardFlag, ...warnings, file], { stdio: 'pipe' })
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
