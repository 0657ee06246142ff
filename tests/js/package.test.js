/* package.test.js - what npm pack makes is enough: installed into an empty folder, imported, typed, built, served */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { buildTypes } from '../../wasm/toolchain/types.mjs'
import { createApiServer } from '../api/server.js'
import { launch, listen } from '../page/browser.js'
import { createFolder, run } from './command.js'
import { photoPath } from './pictures.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const tools = path.join(root, 'node_modules')

/** A program of Node in a folder; its output. */
async function node(folder, args) {
  const done = await run(['-c', 'cd "$0" && exec "$@"', folder, process.execPath, ...args], { program: ['bash'] })
  assert.equal(done.code, 0, `${args.join(' ')}\n${done.stdout}${done.stderr}`)
  return done.stdout.toString()
}

describe('the npm package', () => {
  let place
  let files

  before(async () => {
    await buildTypes()
    place = createFolder()
    const packed = await run(['-c', `cd "${root}" && npm pack --json --ignore-scripts --pack-destination "${place.folder}"`], { program: ['bash'] })
    assert.equal(packed.code, 0, packed.stderr)
    const answer = JSON.parse(packed.stdout)
    const [{ filename, files: list }] = Array.isArray(answer) ? answer : Object.values(answer)
    files = list.map((file) => file.path)
    writeFileSync(place.at('package.json'), '{ "name": "empty", "private": true }')
    const installed = await run(['-c', `cd "${place.folder}" && npm install --offline --omit=optional --ignore-scripts --no-audit --no-fund ./${filename}`], { program: ['bash'] })
    assert.equal(installed.code, 0, installed.stderr)
  })
  after(() => place.remove())

  it('holds the code, the types, the four variants, the page, every model with its card, and the licence, and no tests', () => {
    const manifest = JSON.parse(readFileSync(`${root}models/manifest.json`, 'utf8'))
    for (const name of [
      'LICENSE', 'README.md', 'wasm/js/index.js', 'wasm/js/worker.js', 'wasm/bin/photo2anime.js', 'web/index.html', 'models/manifest.json',
      'wasm/types/index.d.ts', 'wasm/types/engine.d.ts', 'docs/api.md', 'docs/hosting.md',
      ...['simd', 'simd-threads', 'relaxed', 'relaxed-threads'].flatMap((variant) => [`wasm/dist/p2a-${variant}.mjs`, `wasm/dist/p2a-${variant}.wasm`]),
      ...manifest.map((entry) => `models/${entry.file}`)
    ]) {
      assert.ok(files.includes(name), name)
    }
    assert.ok(files.some((name) => /^models\/cards\/\w+\.md$/.test(name)), 'the cards, with the terms of the weights')
    assert.deepEqual(files.filter((name) => /^(tests|src|build|examples|\.toolchain|models\/train)\//.test(name)), [])
  })

  it('is what publint asks for', async () => {
    const { messages, pkg } = await publint({ pkgDir: place.at('node_modules', 'photo2anime'), strict: true, pack: false })
    assert.deepEqual(messages.map((message) => formatMessage(message, pkg)), [])
  })

  it('has types: a right program compiles, and each wrong line of it would not', async () => {
    const program = readFileSync(new URL('./types.fixture.ts', import.meta.url), 'utf8')
    writeFileSync(place.at('program.mts'), program)
    assert.equal((program.match(/@ts-expect-error/g) ?? []).length, 6)
    symlinkSync(path.join(tools, '@types'), place.at('node_modules', '@types'))
    await node(place.folder, [
      path.join(tools, 'typescript/bin/tsc'), '--ignoreConfig', '--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext', '--moduleResolution', 'nodenext',
      '--lib', 'es2024,esnext.disposable,dom', '--types', 'node', 'program.mts'
    ])
  })

  describe('examples', () => {
    let browser
    before(async () => {
      browser = await launch()
    })
    after(() => browser?.close())

    /** A copy of an example with the package installed; its build tool is this repository's own. */
    function install(name) {
      const folder = place.at('examples', name)
      cpSync(path.join(root, 'examples', name), folder, { recursive: true })
      mkdirSync(path.join(folder, 'node_modules'), { recursive: true })
      cpSync(place.at('node_modules', 'photo2anime'), path.join(folder, 'node_modules/photo2anime'), { recursive: true })
      const { devDependencies = {} } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))
      for (const tool of Object.keys(devDependencies)) symlinkSync(path.join(tools, tool), path.join(folder, 'node_modules', tool))
      return folder
    }

    /** Use the page that lies in a folder, as a person does. */
    async function use(folder) {
      const server = await listen(createApiServer({}, folder))
      const page = await browser.newPage()
      const complaints = []
      page.on('pageerror', (error) => complaints.push(String(error)))
      page.on('console', (message) => message.type() === 'error' && !/favicon/.test(message.location().url) && complaints.push(message.text()))
      try {
        await page.goto(`${server.url}/`)
        await page.locator('html[data-ready]').waitFor({ state: 'attached', timeout: 60_000 }).catch((error) => assert.fail(`${error.message}\n${complaints.join('\n')}`))
        await page.locator('#photo').setInputFiles(photoPath(3))
        await page.waitForFunction(() => document.getElementById('anime').naturalWidth === 200, undefined, { timeout: 60_000 })
        assert.deepEqual(complaints, [])
      } finally {
        await page.close()
        server.close()
      }
    }

    for (const [name, program] of [['node-esm', 'index.mjs'], ['node-cjs', 'index.cjs']]) {
      it(`${name} runs`, async () => {
        const folder = install(name)
        assert.match(await node(folder, [program, photoPath(3), 'anime.png']), /^200x\d+, \d+ faces\n$/)
        assert.deepEqual([...readFileSync(path.join(folder, 'anime.png')).subarray(1, 4)], [80, 78, 71])
      })
    }

    it('script-module runs', async () => use(install('script-module')))

    it('vite builds and runs', async () => {
      const folder = install('vite')
      await node(folder, [path.join(tools, 'vite/bin/vite.js'), 'build', '--logLevel', 'error'])
      await use(path.join(folder, 'dist'))
    })

    it('esbuild builds and runs', async () => {
      const folder = install('esbuild')
      await node(folder, ['build.mjs'])
      await use(path.join(folder, 'dist'))
    })

    it('are all tested here', () => {
      assert.deepEqual(readdirSync(path.join(root, 'examples')).sort(), ['esbuild', 'node-cjs', 'node-esm', 'script-module', 'vite'])
      assert.ok(existsSync(place.at('examples', 'vite', 'dist')))
    })
  })

  it('brings the command line and the page', async () => {
    const command = place.at('node_modules', 'photo2anime', 'wasm', 'bin', 'photo2anime.js')
    const done = await run(['convert', photoPath(4), '-o', place.at('out.png'), '--width', '100', '--json'], { program: [process.execPath, command] })
    assert.equal(done.code, 0, done.stderr)
    assert.equal(JSON.parse(done.stdout).width, 100)
    const child = spawn(process.execPath, [command, 'serve', '--port', '0'])
    try {
      const address = await new Promise((resolve) => child.stdout.once('data', (text) => resolve(String(text).match(/http:\S+/)[0])))
      for (const name of ['', 'app.js', 'wasm/js/index.js', 'wasm/dist/p2a-relaxed.wasm', 'models/manifest.json']) {
        assert.equal((await fetch(address + name)).status, 200, name)
      }
    } finally {
      child.kill('SIGINT')
    }
  })
})
