/* blend.test.js - styles between styles: how they are written, and that they change evenly */
import assert from 'node:assert/strict'

import { Engine } from '../../wasm/js/engine.js'
import { readPackagedModel } from '../../wasm/js/files.js'
import { loadStyle, parseStyle, readManifest } from '../../wasm/js/models.js'

describe('a blend of styles', () => {
  let manifest
  before(async () => {
    manifest = await readManifest(readPackagedModel)
  })

  it('is written as names with shares that add up to 1', () => {
    const parts = parseStyle(manifest, 'anime=0.25, miyazaki=.75')
    assert.deepEqual(parts.map(({ entry, share }) => [entry.name, share]), [['anime', 0.25], ['miyazaki', 0.75]])
    assert.deepEqual(parseStyle(manifest, 'miyazaki').map(({ entry, share }) => [entry.name, share]), [['miyazaki', 1]])
  })

  for (const [text, complaint] of [
    ['anime=0.5', /add up to 1 for style, got 0.5/],
    ['anime=0.5,miyazaki=0.6', /add up to 1 for style, got 1.1/],
    ['anime=1.5,miyazaki=-0.5', /expected NAME=SHARE/],
    ['anime,miyazaki', /expected NAME=SHARE/],
    ['anime=0.5,picasso=0.5', /expected one of .*anime.* for style, got "picasso"/],
    ['=1', /expected NAME=SHARE/]
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseStyle(manifest, text), (error) => error.code === 'ARGUMENT' && complaint.test(error.message))
    })
  }

  it('at its ends is the style itself, and moves away from it step by step', async () => {
    const engine = await Engine.create({ variant: 'relaxed', threads: 1 })
    try {
      const pixels = new Uint8Array(96 * 64 * 3).map((_, i) => ((i % 288) * 3 + Math.floor(i / 1440) * 40) & 255)
      const photo = engine.createImage(pixels, 96, 64, 3)
      const paint = async (style) => {
        const before = engine.memory.bytes
        const model = await loadStyle(engine, parseStyle(manifest, style), readPackagedModel)
        const { picture } = engine.convert(model, photo)
        const made = engine.pixels(picture)
        engine.disposeImage(picture)
        engine.disposeModel(model)
        assert.equal(engine.memory.bytes, before, 'the parts and the blend are given back')
        return made
      }
      const distance = (a, b) => a.reduce((sum, value, i) => sum + Math.abs(value - b[i]), 0) / a.length
      const anime = await paint('anime')
      assert.equal(distance(anime, await paint('anime=1,miyazaki=0')), 0)
      let last = 0
      for (const share of [0.25, 0.5, 0.75, 1]) {
        const away = distance(anime, await paint(`anime=${1 - share},miyazaki=${share}`))
        assert.ok(away > last, `${share}: ${away} after ${last}`)
        last = away
      }
    } finally {
      engine.dispose()
    }
  })
})
