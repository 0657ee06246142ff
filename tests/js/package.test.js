/* package.test.js - what npm pack makes is enough: imported, called and served from an empty folder */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { createFolder, run } from './command.js'
import { photoPath } from './pictures.js'

const root = fileURLToPath(new URL('../../', import.meta.url))

describe('the npm package', () => {
  let place
  let files

  before(async () => {
    place = createFolder()
    const packed = await run(['-c', `cd "${root}" && npm pack --json --ignore-scripts --pack-destination "${place.folder}"`], { program: ['bash'] })
    assert.equal(packed.code, 0, packed.stderr)
    const answer = JSON.parse(packed.stdout)
    const [{ filename, files: list }] = Array.isArray(answer) ? answer : Object.values(answer)
    files = list.map((file) => file.path)
    mkdirSync(place.at('node_modules', 'photo2anime'), { recursive: true })
    const unpacked = await run(['-xzf', place.at(filename), '--strip-components=1', '-C', place.at('node_modules', 'photo2anime')], { program: ['tar'] })
    assert.equal(unpacked.code, 0, unpacked.stderr)
  })
  after(() => place.remove())

  it('holds the code, the four variants, the page, every model and the licence, and no tests', () => {
    const manifest = JSON.parse(readFileSync(`${root}models/manifest.json`, 'utf8'))
    for (const name of [
      'LICENSE', 'README.md', 'wasm/js/index.js', 'wasm/js/worker.js', 'wasm/bin/photo2anime.js', 'web/index.html', 'models/manifest.json',
      ...['simd', 'simd-threads', 'relaxed', 'relaxed-threads'].flatMap((variant) => [`wasm/dist/p2a-${variant}.mjs`, `wasm/dist/p2a-${variant}.wasm`]),
      ...manifest.map((entry) => `models/${entry.file}`)
    ]) {
      assert.ok(files.includes(name), name)
    }
    assert.deepEqual(files.filter((name) => /^(tests|src|build|\.toolchain|models\/train)\//.test(name)), [])
  })

  for (const [kind, name, load] of [
    ['an ES module', 'program.mjs', "import { createConverter } from 'photo2anime'\n"],
    ['CommonJS', 'program.cjs', '']
  ]) {
    it(`is imported from ${kind}, and converts`, async () => {
      const body = `const converter = await createConverter()
        const { width, height } = await converter.convert(${JSON.stringify(photoPath(3))}, { width: 120 })
        converter.dispose()
        console.log(JSON.stringify({ width, height }))`
      writeFileSync(place.at(name), load ? `${load}${body}` : `import('photo2anime').then(async ({ createConverter }) => {${body}})`)
      const done = await run([], { program: [process.execPath, place.at(name)] })
      assert.equal(done.code, 0, done.stderr)
      assert.equal(JSON.parse(done.stdout).width, 120)
    })
  }

  it('brings the command line and the page', async () => {
    const command = place.at('node_modules', 'photo2anime', 'wasm', 'bin', 'photo2anime.js')
    const done = await run(['convert', photoPath(4), '-o', place.at('out.png'), '--width', '100', '--json'], { program: [process.execPath, command] })
    assert.equal(done.code, 0, done.stderr)
    assert.equal(JSON.parse(done.stdout).width, 100)
    const child = spawn(process.execPath, [command, 'serve', '--port', '0'])
    try {
      const address = await new Promise((resolve) => child.stdout.once('data', (text) => resolve(String(text).match(/http:\S+/)[0])))
      for (const path of ['', 'app.js', 'wasm/js/index.js', 'wasm/dist/p2a-relaxed.wasm', 'models/manifest.json']) {
        assert.equal((await fetch(address + path)).status, 200, path)
      }
    } finally {
      child.kill('SIGINT')
    }
  })
})
