/* exports.test.js - what the wasm modules export is the public header, plus malloc and free */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import v8 from 'node:v8'
import { variants } from '../../wasm/toolchain/build.mjs'

const read = (name) => readFileSync(new URL(`../../${name}`, import.meta.url))
const listed = read('wasm/exports.txt').toString().split('\n').filter(Boolean)

/** The functions that the header declares: a name before `(` outside comments. */
function declared() {
  const code = read('src/photo2anime.h').toString().replace(/\/\*[\s\S]*?\*\//g, '')
  return [...code.matchAll(/\b(p2a_\w+)\(/g)].map((match) => match[1])
}

/* What Emscripten's own glue needs beside our functions. */
const ofEmscripten = [/^memory$/, /^__indirect_function_table$/, /^__wasm_call_ctors$/, /^_?_?emscripten_/, /^_initialize$/, /^pthread_self$/]

describe('exports', () => {
  /* Node 20 reads a relaxed module only when told to; later ones do not know the flag. */
  before(() => {
    if (Number(process.versions.node.split('.')[0]) < 21) v8.setFlagsFromString('--experimental-wasm-relaxed-simd')
  })

  it('exports.txt is malloc, free and the functions of photo2anime.h, in its order', () => {
    assert.ok(declared().length > 20, 'the header declares functions')
    assert.deepEqual(listed, ['malloc', 'free', ...declared()])
  })

  for (const variant of variants) {
    it(`p2a-${variant}.wasm holds exactly these functions for the caller`, async () => {
      /* Short names in the module: the glue maps them, so the glue is asked. */
      const glue = read(`wasm/dist/p2a-${variant}.mjs`).toString()
      const assigned = new Set([...glue.matchAll(/Module\["_(\w+)"\]\s*=/g)].map((match) => match[1]))
      assert.deepEqual([...assigned].filter((name) => !ofEmscripten.some((own) => own.test(name))).sort(), [...listed].sort())
      const module = await WebAssembly.compile(read(`wasm/dist/p2a-${variant}.wasm`))
      const functions = WebAssembly.Module.exports(module).filter((one) => one.kind === 'function')
      assert.ok(functions.length >= listed.length, `expected at least ${listed.length} functions, got ${functions.length}`)
    })
  }
})
