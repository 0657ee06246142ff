/* precision.test.js - f32 or int8: what auto means on this machine, and what is refused */
import assert from 'node:assert/strict'

import { readPackagedModel } from '../../wasm/js/files.js'
import { choosePrecision, parseStyle, readManifest } from '../../wasm/js/models.js'
import { chooseVariant, fasterPrecision } from '../../wasm/js/module.js'

describe('the precision', () => {
  let anime, blend, onlyF32
  before(async () => {
    const manifest = await readManifest(readPackagedModel)
    anime = parseStyle(manifest, 'anime')
    blend = parseStyle(manifest, 'anime=0.5,shinkai=0.5')
    onlyF32 = [{ entry: { ...anime[0].entry, int8: undefined }, share: 1 }]
    await chooseVariant({ variant: 'relaxed' }) /* tells Node 20 to take relaxed SIMD */
  })

  it('is the one that was asked for, whichever is faster', () => {
    for (const faster of ['f32', 'int8']) {
      assert.equal(choosePrecision(anime, 'f32', 0, faster), 'f32')
      assert.equal(choosePrecision(anime, 'int8', 0, faster), 'int8')
    }
  })

  it('is the faster one for auto, and f32 where there are no bytes', () => {
    for (const faster of ['f32', 'int8']) {
      assert.equal(choosePrecision(anime, 'auto', 0, faster), faster)
      assert.equal(choosePrecision(anime, undefined, 0, faster), faster)
      for (const parts of [blend, onlyF32]) assert.equal(choosePrecision(parts, 'auto', 0, faster), 'f32')
      assert.equal(choosePrecision(anime, 'auto', 0.5, faster), 'f32')
    }
  })

  it('is refused where there are no bytes', () => {
    assert.throws(() => choosePrecision(blend, 'int8'), /expected auto or f32, for want of an int8 file of blends .*, for precision, got "int8"/)
    assert.throws(() => choosePrecision(onlyF32, 'int8'), /for want of an int8 file of anime/)
    assert.throws(() => choosePrecision(anime, 'fast'), /expected one of auto, f32, int8 for precision, got "fast"/)
  })

  it('is faster in bytes with plain SIMD, and with relaxed SIMD where the engine multiplies bytes by one instruction', () => {
    assert.equal(fasterPrecision('simd'), 'int8')
    const one = fasterPrecision('relaxed')
    assert.ok(['f32', 'int8'].includes(one))
    assert.equal(fasterPrecision('relaxed'), one)
    if (/^v20\./.test(process.version) && process.arch === 'x64') assert.equal(one, 'f32')
  })
})
