/* layout.test.js - layout.js says of the structs and enums what src/photo2anime.h says */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'

import { P2AError } from '../../wasm/js/errors.js'
import { ESTIMATE, FORMAT, LIMITS, OPTIONS, RESULT, STATUS } from '../../wasm/js/layout.js'

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
    ['p2a_options', 'uint32_t', OPTIONS],
    ['p2a_result', 'double', RESULT],
    ['p2a_estimate', 'double', ESTIMATE]
  ]) {
    it(`${name} has the header's fields in the header's order, all ${type}`, () => {
      const found = fields(name)
      assert.deepEqual(found.map(([, field]) => camel(field)), [...list])
      for (const [own, field] of found) assert.equal(own, type, field)
    })
  }

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
