/* layout.test.js - layout.js says of the structs and enums what src/photo2anime.h says */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'

import { P2AError } from '../../wasm/js/errors.js'
import { ESTIMATE, FACE_INFO_FLOATS, FORMAT, LIMITS, OPTIONS, OPTION_FLOATS, RESULT, STATUS } from '../../wasm/js/layout.js'

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

  it('p2a_face_info is floats only, and as many as the header says', () => {
    const body = header.match(/typedef struct p2a_face_info \{([^}]*)\} p2a_face_info;/)[1]
    const found = [...body.matchAll(/(\w+)\s+(\w+)(?:\[(\d+)\])?;/g)].map(([, type, name, count]) => ({ type, name, count: Number(count ?? 1) }))
    assert.deepEqual(found.map(({ type }) => type), ['float', 'float', 'float'])
    assert.deepEqual(found.map(({ name }) => name), ['box_px', 'score', 'landmarks_px'])
    assert.equal(found.reduce((sum, { count }) => sum + count, 0), FACE_INFO_FLOATS)
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
