/**
 * validate.js - the one form of every complaint: expected X for NAME, got V (type)
 */
import { P2AError } from './errors.js'

/**
 * @param {unknown} value
 * @returns {string} as a person would write it, with its type where that helps
 */
export function describe(value) {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'string') return `${JSON.stringify(value)} (string)`
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') {
    return `${value} (${typeof value})`
  }
  const name = /** @type {object} */ (value).constructor?.name
  return name ? `an object (${name})` : 'an object'
}

/**
 * @param {string} expected for example "a whole number from 1 to 100"
 * @param {string} name the option's name as the caller knows it
 * @param {unknown} value
 * @returns {P2AError} to be thrown
 */
export function expected(expected, name, value) {
  return new P2AError('ARGUMENT', `expected ${expected} for ${name}, got ${describe(value)}`)
}

/**
 * @param {string} name
 * @param {unknown} value
 * @param {number} min
 * @param {number} max
 * @returns {number}
 */
export function wholeNumber(name, value, min, max) {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    throw expected(`a whole number from ${min} to ${max}`, name, value)
  }
  return value
}

/**
 * @param {string} name
 * @param {unknown} value
 * @param {number} min
 * @param {number} max
 * @returns {number}
 */
export function number(name, value, min, max) {
  if (typeof value !== 'number' || !(value >= min && value <= max)) {
    throw expected(`a number from ${min} to ${max}`, name, value)
  }
  return value
}

/**
 * @template {string} T
 * @param {string} name
 * @param {unknown} value
 * @param {readonly T[]} choices
 * @returns {T}
 */
export function oneOf(name, value, choices) {
  if (!choices.includes(/** @type {T} */ (value))) {
    throw expected(`one of ${choices.join(', ')}`, name, value)
  }
  return /** @type {T} */ (value)
}

/**
 * @param {string} name
 * @param {unknown} value
 * @returns {Uint8Array} a view of the same bytes
 */
export function bytes(name, value) {
  if (value instanceof Uint8Array || value instanceof Uint8ClampedArray) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  }
  if (value instanceof ArrayBuffer) return new Uint8Array(value)
  throw expected('a Uint8Array or an ArrayBuffer', name, value)
}
