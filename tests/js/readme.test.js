/* readme.test.js - the examples of README.md run as they stand there, and docs/api.md is what the sources say */
import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

import { makePage } from '../../wasm/toolchain/api-page.mjs'
import { createApiServer } from '../api/server.js'
import { launch, listen } from '../page/browser.js'
import { createFolder, run } from './command.js'
import { photoPath } from './pictures.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const readme = readFileSync(path.join(root, 'README.md'), 'utf8')
const [inNode, inPage, ...others] = [...readme.matchAll(/```js\n([\s\S]*?)```/g)].map((match) => match[1])

describe('README.md', () => {
  it('has two examples in JavaScript, of at most five lines', () => {
    assert.equal(others.length, 0)
    for (const example of [inNode, inPage]) assert.ok(example.trim().split('\n').length <= 5, example)
  })

  it('its example for Node runs', async () => {
    const place = createFolder()
    try {
      mkdirSync(place.at('node_modules'))
      symlinkSync(root, place.at('node_modules', 'photo2anime'))
      copyFileSync(photoPath(3), place.at('photo.jpg'))
      writeFileSync(place.at('program.mjs'), inNode)
      const done = await run(['-c', 'cd "$0" && exec "$1" program.mjs', place.folder, process.execPath], { program: ['bash'] })
      assert.equal(done.code, 0, done.stderr)
      assert.deepEqual([...readFileSync(place.at('anime.png')).subarray(1, 4)], [80, 78, 71])
    } finally {
      place.remove()
    }
  })

  it('its example for a page runs', async () => {
    const html = `<!doctype html><title>readme</title><input type="file"><img>
      <script type="importmap">{"imports": {"photo2anime": "/wasm/js/index.js"}}</script>
      <script>const input = document.querySelector('input'), img = document.querySelector('img')
        input.onchange = () => document.body.append(Object.assign(document.createElement('script'), { type: 'module', textContent: ${JSON.stringify(inPage)} }))</script>`
    const server = await listen(createApiServer({ '/': html }))
    const browser = await launch()
    try {
      const page = await browser.newPage()
      await page.goto(`${server.url}/`)
      await page.locator('input').setInputFiles(photoPath(3))
      await page.waitForFunction(() => document.querySelector('img').naturalWidth === 1024, undefined, { timeout: 120_000 })
    } finally {
      await browser.close()
      server.close()
    }
  })

  it('docs/api.md is what `npm run docs` makes', () => {
    assert.equal(readFileSync(path.join(root, 'docs/api.md'), 'utf8'), makePage())
  })
})
