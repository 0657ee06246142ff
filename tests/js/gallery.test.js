/* gallery.test.js - `npm run gallery`: the page names pictures that are there and can be decoded */
import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

import { Engine } from '../../wasm/js/engine.js'
import { createFolder, run } from './command.js'

const GALLERY = fileURLToPath(new URL('../gallery/gallery.mjs', import.meta.url))

describe('the gallery', () => {
  it('shows photos beside styles, every picture decodable and none left over', async () => {
    const folder = createFolder()
    try {
      const output = path.join(folder.folder, 'gallery')
      const made = await run(['-o', output, '--width', '160', '--photos', '1', '--styles', 'anime,miyazaki'], { program: [process.execPath, GALLERY] })
      assert.equal(made.code, 0, made.stderr)
      const html = readFileSync(path.join(output, 'index.html'), 'utf8')
      const named = [...html.matchAll(/<img src="([^"]+)"/g)].map(([, name]) => name)
      assert.ok(named.length >= 3 && named.length % 3 === 0, `${named.length} pictures: photo, anime and miyazaki`)
      assert.deepEqual([...named, 'index.html'].sort(), readdirSync(output).sort())
      const engine = await Engine.create({ variant: 'simd', threads: 1 })
      try {
        for (const name of named) {
          const picture = engine.decode(readFileSync(path.join(output, name)))
          if (!name.endsWith('-photo.jpg')) assert.equal(picture.width, 160, name)
          engine.disposeImage(picture)
        }
      } finally {
        engine.dispose()
      }
    } finally {
      folder.remove()
    }
  })

  it('says what it expected of its options', async () => {
    const made = await run(['--width', 'wide'], { program: [process.execPath, GALLERY] })
    assert.notEqual(made.code, 0)
    assert.match(made.stderr, /expected a whole number from 1 to 99999 for --width, got "wide"/)
  })
})
