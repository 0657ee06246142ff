/* options.test.js - what a person may choose: checked before anything is done, and named as it was given */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'

import { OPTIONS, OPTION_FLOATS } from '../../wasm/js/layout.js'
import { COLORS, FACE_FIELDS, RANGES, checkPaint, warningsOf } from '../../wasm/js/options.js'

const refuses = (options, message) => assert.throws(() => checkPaint(options), { code: 'ARGUMENT', message })

describe('options', () => {
  it('turns the options into fields of p2a_options, and leaves out what was not given', () => {
    assert.deepEqual(checkPaint({}), { faces: true, fields: {} })
    assert.deepEqual(checkPaint({ faces: false }), { faces: false, fields: {} })
    assert.deepEqual(checkPaint({ faces: { enabled: false, minPx: 30 } }), { faces: false, fields: { faceMinPx: 30 } })
    assert.deepEqual(
      checkPaint({ edgePreserve: 1.2, colorShift: 0, hairColor: '#1F6FEB', clothColor: '#000000', faces: { minPx: 20, maxFaces: 3, character: 0.5, skin: 0, eyes: 1, lips: 0.25, strength: undefined } }),
      { faces: true, fields: { edgePreserve: 1.2, colorShift: 0, hairColor: 0x1f6feb, clothColor: 0, faceMinPx: 20, maxFaces: 3, character: 0.5, faceSkin: 0, faceEyes: 1, faceLips: 0.25 } }
    )
  })

  it('names the value and the rule', () => {
    refuses({ faces: 'all' }, 'expected true, false or an object for faces, got "all" (string)')
    refuses({ faces: [] }, /^expected true, false or an object for faces/)
    refuses({ faces: { enabled: 1 } }, 'expected true or false for faces.enabled, got 1 (number)')
    refuses({ faces: { charm: 1 } }, 'expected one of enabled, minPx, maxFaces, character, skin, eyes, lips, strength for a key of faces, got "charm" (string)')
    refuses({ faces: { character: 1.1 } }, 'expected a number from 0 to 1 for faces.character, got 1.1 (number)')
    refuses({ faces: { maxFaces: 2.5 } }, 'expected a whole number from 1 to 1024 for faces.maxFaces, got 2.5 (number)')
    refuses({ faces: { minPx: NaN } }, 'expected a number from 8 to 65535 for faces.minPx, got NaN (number)')
    refuses({ edgePreserve: 'high' }, 'expected a number from 0.5 to 1.5 for edgePreserve, got "high" (string)')
    for (const value of ['red', '#12345', '#1234567', '#12345g', 0xffffff, null]) refuses({ eyeColor: value }, /^expected a colour like #1f6feb for eyeColor, got /)
    refuses({ faces: false, hairColor: '#ffffff' }, /^expected faces that are painted with hairColor for faces, got false/)
  })

  it('has every field of the C side, with the ranges of src/photo2anime.c', () => {
    const source = readFileSync(new URL('../../src/photo2anime.c', import.meta.url), 'utf8')
    const edges = { P2A_EDGE_PRESERVE_MIN: 0.5, P2A_EDGE_PRESERVE_MAX: 1.5 }
    const number = (text) => edges[text] ?? Number(text)
    const found = [...source.matchAll(/\{"(\w+)", o->\w+, (\w+), (\w+)\}/g)].map(([, name, least, most]) => [name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase()), number(least), number(most)])
    found.push(['maxFaces', 1, Number(source.match(/#define FACES_MAX (\d+)/)[1])])
    assert.deepEqual(Object.fromEntries(found.map(([name, least, most]) => [name, [least, most]])), Object.fromEntries(Object.entries(RANGES).map(([name, [least, most]]) => [name, [least, most]])))
    assert.deepEqual([...OPTIONS, ...OPTION_FLOATS].sort(), ['widthPx', 'bandRowsPx', 'statistics', ...COLORS, ...Object.keys(RANGES)].sort())
    for (const field of Object.values(FACE_FIELDS)) assert.ok(field in RANGES, field)
  })

  it('warns of faces that were left out, and of nothing else', () => {
    assert.deepEqual(warningsOf(0, 3), [])
    assert.deepEqual(warningsOf(236, undefined), ['expected at most 64 faces, found 236 more: the largest were painted, the others left to the scene'])
  })
})
