/* models.test.js - models/manifest.json says what lies in models/: hashes, terms, cards, expected values */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { root } from '../../wasm/toolchain/folders.mjs'

const models = path.join(root, 'models')
const manifest = JSON.parse(readFileSync(path.join(models, 'manifest.json'), 'utf8'))

/** @param {Buffer} file a safetensors file */
function metadata(file) {
  return JSON.parse(file.toString('utf8', 8, 8 + Number(file.readBigUInt64LE()))).__metadata__
}

describe('models/manifest.json', () => {
  it('lists models, sorted by name, each once', () => {
    assert.ok(manifest.length > 0)
    const names = manifest.map((entry) => entry.name)
    assert.deepEqual(names, [...new Set(names)].sort())
  })

  it('lists every file of models/weights', () => {
    const files = readdirSync(path.join(models, 'weights')).map((name) => `weights/${name}`)
    assert.deepEqual(manifest.flatMap((entry) => [entry.file, ...(entry.int8 ? [entry.int8.file] : [])]).sort(), files.sort())
  })

  it('has a style for scenes', () => {
    assert.ok(manifest.some((entry) => entry.kind === 'generator' && entry.use === 'scenes'))
  })

  for (const entry of manifest) {
    describe(entry.name, () => {
      const file = readFileSync(path.join(models, entry.file))

      it('has the bytes and the sha256 of its file', () => {
        assert.equal(entry.bytes, file.length)
        assert.equal(entry.sha256, createHash('sha256').update(file).digest('hex'))
      })

      it('has the name, kind and terms of its file', () => {
        const inside = metadata(file)
        for (const key of ['name', 'kind', 'license', 'commercial_use', 'teachers']) assert.equal(entry[key], inside[key], key)
      })

      if (entry.int8) {
        it('has an int8 file made from its own weights, with the same terms and values to be compared with', () => {
          const small = readFileSync(path.join(models, entry.int8.file))
          assert.equal(entry.int8.bytes, small.length)
          assert.equal(entry.int8.sha256, createHash('sha256').update(small).digest('hex'))
          const inside = metadata(small)
          for (const key of ['name', 'kind', 'license', 'commercial_use', 'teachers']) assert.equal(entry[key], inside[key], key)
          assert.equal(inside.precision, 'int8')
          assert.equal(inside.quantised_from, entry.sha256, `run models/train/quantise.py ${entry.name} and parity.py ${entry.name}`)
          for (const kind of ['parity', 'png']) assert.ok(existsSync(path.join(root, 'tests', 'parity', `${entry.name}-int8.${kind}`)), kind)
        })
      }

      it('has a title and a known use', () => {
        assert.ok(entry.title.length > 0)
        assert.ok(['scenes', 'faces', 'live'].includes(entry.use), entry.use)
      })

      if (entry.kind === 'generator') {
        it('is small enough for its tier', () => {
          assert.equal(entry.tier, entry.use === 'live' ? 'live' : 'full')
          assert.ok(entry.mac_per_pixel > 1000 && entry.mac_per_pixel <= (entry.tier === 'live' ? 8000 : 27000), `${entry.mac_per_pixel} MAC`)
          assert.ok(entry.bytes <= 3.5e6, `${entry.bytes} bytes`)
        })
      }

      it('has a card that says whether it may be used commercially, and no hash of another file', () => {
        const card = readFileSync(path.join(models, 'cards', `${entry.name}.md`), 'utf8')
        assert.equal(card.match(/commercial[_ ]use\W+(yes|no)\b/)?.[1], entry.commercial_use)
        for (const [hash] of card.matchAll(/\b[0-9a-f]{64}\b/g)) assert.equal(hash, entry.sha256)
      })

      it('has values of PyTorch to be compared with', () => {
        assert.ok(existsSync(path.join(root, 'tests', 'parity', `${entry.name}.parity`)))
        assert.equal(existsSync(path.join(root, 'tests', 'parity', `${entry.name}.png`)), entry.kind === 'generator')
      })
    })
  }
})
