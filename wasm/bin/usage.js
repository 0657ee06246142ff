/* usage.js - the words of a command line -> options, or what was wrong with them */
import { parseArgs } from 'node:util'

/** Wrong usage: exit code 2. */
export class UsageError extends Error {}

/** @typedef {{values: Record<string, string|boolean|undefined>, positionals: string[]}} Parsed */

/**
 * @param {string[]} args
 * @param {Record<string, {type: 'string'|'boolean', short?: string}>} options
 * @returns {Parsed}
 */
export function parse(args, options) {
  try {
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true, strict: true })
    return { values: /** @type {Record<string, string|boolean|undefined>} */ ({ ...values }), positionals }
  } catch (error) {
    throw new UsageError(/** @type {Error} */ (error).message)
  }
}

/**
 * @param {string} name as typed, "--quality"
 * @param {string|boolean|undefined} text
 * @param {number} min
 * @param {number} max
 * @param {string} [word] that is allowed too, and gives undefined
 * @returns {number|undefined}
 */
export function wholeNumber(name, text, min, max, word) {
  if (text === undefined || text === word) return undefined
  const value = typeof text === 'string' && /^\d{1,10}$/.test(text) ? Number(text) : NaN
  if (!(value >= min && value <= max)) {
    const rule = `a whole number from ${min} to ${max}`
    throw new UsageError(`expected ${word ? `${word} or ` : ''}${rule} for ${name}, got ${JSON.stringify(text)}`)
  }
  return value
}

/**
 * @param {string} name
 * @param {string|boolean|undefined} text
 * @param {number} min
 * @param {number} max
 * @returns {number|undefined}
 */
export function number(name, text, min, max) {
  if (text === undefined) return undefined
  const value = typeof text === 'string' && /^(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : NaN
  if (!(value >= min && value <= max)) {
    throw new UsageError(`expected a number from ${min} to ${max} for ${name}, got ${JSON.stringify(text)}`)
  }
  return value
}

/**
 * @param {string} name
 * @param {string|boolean|undefined} text
 * @param {string[]} choices
 * @returns {string|undefined}
 */
export function oneOf(name, text, choices) {
  if (text === undefined) return undefined
  if (typeof text !== 'string' || !choices.includes(text)) {
    throw new UsageError(`expected one of ${choices.join(', ')} for ${name}, got ${JSON.stringify(text)}`)
  }
  return text
}

/**
 * @param {string} name
 * @param {string|boolean|undefined} text
 * @returns {string|undefined} '#rrggbb'; the # may be left out, as shells take it for a comment
 */
export function color(name, text) {
  if (text === undefined) return undefined
  if (typeof text !== 'string' || !/^#?[0-9a-f]{6}$/i.test(text)) {
    throw new UsageError(`expected a colour like 1f6feb for ${name}, got ${JSON.stringify(text)}`)
  }
  return text.startsWith('#') ? text : `#${text}`
}
