/* validate.test.js - complaints have one form and name the value and the rule */
import assert from 'node:assert/strict'

import { UsageError, oneOf as oneOfWords, wholeNumber as wholeNumberWord } from '../../wasm/bin/usage.js'
import { P2AError } from '../../wasm/js/errors.js'
import { bytes, describe as describeValue, expected, oneOf, wholeNumber } from '../../wasm/js/validate.js'

/** The complaint of a call that must complain. */
function complaint(call) {
  try {
    call()
  } catch (error) {
    assert.ok(error instanceof P2AError, String(error))
    assert.equal(error.code, 'ARGUMENT')
    assert.equal(error.fatal, false)
    return error.message
  }
  return assert.fail('expected a complaint, got none')
}

describe('validate', () => {
  it('describes a value as a person would, with its type', () => {
    assert.equal(describeValue(undefined), 'undefined')
    assert.equal(describeValue(null), 'null')
    assert.equal(describeValue('high'), '"high" (string)')
    assert.equal(describeValue(1.5), '1.5 (number)')
    assert.equal(describeValue(NaN), 'NaN (number)')
    assert.equal(describeValue(7n), '7 (bigint)')
    assert.equal(describeValue(true), 'true (boolean)')
    assert.equal(describeValue([1]), 'an object (Array)')
    assert.equal(describeValue(Object.create(null)), 'an object')
  })

  it('has one form for every complaint', () => {
    assert.equal(expected('a number from 0.5 to 1.5', 'edgePreserve', 'high').message, 'expected a number from 0.5 to 1.5 for edgePreserve, got "high" (string)')
  })

  it('lets whole numbers of the range through, both ends included', () => {
    assert.equal(wholeNumber('quality', 1, 1, 100), 1)
    assert.equal(wholeNumber('quality', 100, 1, 100), 100)
  })

  for (const value of [0, 101, 1.5, NaN, Infinity, '50', null, undefined, [50], 50n]) {
    it(`refuses ${describeValue(value)} as a whole number from 1 to 100`, () => {
      assert.equal(complaint(() => wholeNumber('quality', value, 1, 100)), `expected a whole number from 1 to 100 for quality, got ${describeValue(value)}`)
    })
  }

  it('lets the choices through and refuses the rest', () => {
    assert.equal(oneOf('format', 'png', ['png', 'jpeg']), 'png')
    assert.equal(complaint(() => oneOf('format', 'gif', ['png', 'jpeg'])), 'expected one of png, jpeg for format, got "gif" (string)')
    assert.equal(complaint(() => oneOf('format', 0, ['png', 'jpeg'])), 'expected one of png, jpeg for format, got 0 (number)')
  })

  it('sees the same bytes through a view, at its place in its buffer', () => {
    const buffer = new Uint8Array([1, 2, 3, 4])
    const view = bytes('file', buffer.subarray(1, 3))
    assert.deepEqual([...view], [2, 3])
    assert.equal(view.buffer, buffer.buffer)
    assert.deepEqual([...bytes('file', buffer.buffer)], [1, 2, 3, 4])
    assert.deepEqual([...bytes('file', new Uint8ClampedArray([9]))], [9])
  })

  for (const value of ['text', 5, null, undefined, [1, 2], new Uint16Array(2)]) {
    it(`refuses ${describeValue(value)} as bytes`, () => {
      assert.equal(complaint(() => bytes('file', value)), `expected a Uint8Array or an ArrayBuffer for file, got ${describeValue(value)}`)
    })
  }

  it('reads the numbers and words of the command line by the same form', () => {
    assert.equal(wholeNumberWord('--quality', '90', 1, 100), 90)
    assert.equal(wholeNumberWord('--threads', 'auto', 1, 16, 'auto'), undefined)
    assert.throws(() => wholeNumberWord('--threads', '-1', 1, 16, 'auto'), new UsageError('expected auto or a whole number from 1 to 16 for --threads, got "-1"'))
    assert.throws(() => wholeNumberWord('--quality', '1e2', 1, 100), UsageError)
    assert.throws(() => oneOfWords('--format', 'gif', ['png', 'jpeg']), new UsageError('expected one of png, jpeg for --format, got "gif"'))
  })
})
