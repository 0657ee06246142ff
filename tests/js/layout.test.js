/* layout.test.js - layout.js says of the structs and enums what src/photo2anime.h says */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'

import { P2AError } from '../../wasm/js/errors.js'
import { CLASSES, CLASS_PALETTE, ESTIMATE, FACE_CROP_PX, FACE_INFO, FORMAT, LIMITS, OPTIONS, OPTION_FLOATS, RESULT, STATUS } from '../../wasm/js/layout.js'

const header = readFileSync(new URL('../../src/photo2anime.h', import.meta.url), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '')

const camel = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase())

/** [type, name] of every field of a struct of the header. */
function fields(name) {
  const body = header.match(new RegExp(`typedef struct ${name} \\{([^}]*)\\} ${name};`))?.[1]
  assert.ok(body, `expected struct ${name} in the header`)
  return [...body.matchAll(/(\w+)\s+(\w+);/g)].map(([, type, field]) => [type, field])
}

/** name -> number of every constant of an enum of the header. */
function constants(name) {
  const body = header.match(new RegExp(`typedef enum ${name} \\{([^}]*)\\} ${name};`))?.[1]
  assert.ok(body, `expected enum ${name} in the header`)
  return Object.fromEntries([...body.matchAll(/(\w+)\s*=\s*(\d+)/g)].map(([, constant, number]) => [constant, Number(number)]))
}

describe('layout', () => {
  for (const [name, type, list] of [
    ['p2a_limits', 'uint32_t', LIMITS],
    ['p2a_result', 'double', RESULT],
    ['p2a_estimate', 'double', ESTIMATE]
  ]) {
    it(`${name} has the header's fields in the header's order, all ${type}`, () => {
      const found = fields(name)
      assert.deepEqual(found.map(([, field]) => camel(field)), [...list])
      for (const [own, field] of found) assert.equal(own, type, field)
    })
  }

  it('p2a_options has the header\'s fields in the header\'s order, uint32_t first and then float', () => {
    const found = fields('p2a_options').map(([type, field]) => [type, camel(field)])
    assert.deepEqual(found, [...OPTIONS.map((name) => ['uint32_t', name]), ...OPTION_FLOATS.map((name) => ['float', name])])
  })

  it("p2a_face_info has the header's fields in the header's order, all floats", () => {
    const [, crop] = header.match(/#define P2A_FACE_CROP_PX (\d+)/)
    const [, classes] = header.match(/#define P2A_FACE_CLASSES (\d+)/)
    const body = header.match(/typedef struct p2a_face_info \{([^}]*)\} p2a_face_info;/)[1]
    const found = [...body.matchAll(/(\w+)\s+(\w+)(?:\[(\w+)\])?;/g)].map(([, type, name, count = '1']) => [type, camel(name.replace(/_px$/, '')), Number(count.replace('P2A_FACE_CLASSES', classes))])
    assert.deepEqual(found, FACE_INFO.map(([name, count]) => ['float', name, count]))
    assert.equal(FACE_CROP_PX, Number(crop))
  })

  it('the classes have the names, the order and the colours of src/face/parse.c', () => {
    const source = readFileSync(new URL('../../src/face/parse.c', import.meta.url), 'utf8')
    const [, names] = source.match(/p2a_class_names\[P2A_CLASS_COUNT\] = \{([^;]*)\};/)
    const [, palette] = source.match(/p2a_class_palette\[P2A_CLASS_COUNT\]\[3\] = \{([^;]*)\};/)
    assert.deepEqual([...names.matchAll(/"(\w+)"/g)].map(([, name]) => name), CLASSES)
    assert.deepEqual([...palette.matchAll(/\{(\d+), (\d+), (\d+)\}/g)].map(([, ...rgb]) => rgb.map(Number)), CLASS_PALETTE)
  })

  it('every status has its number and a code', () => {
    const numbers = constants('p2a_status')
    const named = Object.fromEntries(STATUS.map((name, i) => [name === 'OK' ? 'P2A_OK' : `P2A_ERR_${name}`, i]))
    assert.deepEqual(named, numbers)
  })

  it('every picture format has its number', () => {
    assert.deepEqual(Object.fromEntries(Object.entries(FORMAT).map(([name, i]) => [`P2A_FORMAT_${name.toUpperCase()}`, i])), constants('p2a_format'))
  })

  it('errors.js lists every code of the C core', () => {
    const source = readFileSync(new URL('../../wasm/js/errors.js', import.meta.url), 'utf8')
    const codes = source.match(/@typedef \{([^}]*)\} P2AErrorCode/)[1]
    for (const name of STATUS.slice(1)) assert.ok(codes.includes(`'${name}'`), name)
    assert.equal(new P2AError('IMAGE', 'x').code, 'IMAGE')
  })
})
