/* precision.test.js - f32 or int8: what auto means, and what is refused */
import assert from 'node:assert/strict'

import { readPackagedModel } from '../../wasm/js/files.js'
import { choosePrecision, parseStyle, readManifest } from '../../wasm/js/models.js'

describe('the precision', () => {
  let anime, blend, onlyF32
  before(async () => {
    const manifest = await readManifest(readPackagedModel)
    anime = parseStyle(manifest, 'anime')
    blend = parseStyle(manifest, 'anime=0.5,shinkai=0.5')
    onlyF32 = [{ entry: { ...anime[0].entry, int8: undefined }, share: 1 }]
  })

  it('is the one that was asked for', () => {
    assert.equal(choosePrecision(anime, 'f32'), 'f32')
    assert.equal(choosePrecision(anime, 'int8'), 'int8')
  })

  it('is int8 for auto, and f32 where there are no bytes', () => {
    assert.equal(choosePrecision(anime, 'auto'), 'int8')
    assert.equal(choosePrecision(anime), 'int8')
    for (const parts of [blend, onlyF32]) assert.equal(choosePrecision(parts, 'auto'), 'f32')
    assert.equal(choosePrecision(anime, 'auto', 0.5), 'f32')
  })

  it('is refused where there are no bytes', () => {
    assert.throws(() => choosePrecision(blend, 'int8'), /expected auto or f32, for want of an int8 file of blends .*, for precision, got "int8"/)
    assert.throws(() => choosePrecision(onlyF32, 'int8'), /for want of an int8 file of anime/)
    assert.throws(() => choosePrecision(anime, 'fast'), /expected one of auto, f32, int8 for precision, got "fast"/)
  })
})
