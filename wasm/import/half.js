/* half.js - 16-bit floats <-> numbers */

/** @param {number} bits @returns {number} */
export function numberFromHalf(bits) {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  if (exponent === 31) return fraction ? NaN : sign * Infinity
  return exponent ? sign * 2 ** (exponent - 15) * (1 + fraction / 1024) : sign * 2 ** -24 * fraction
}

/**
 * @param {number} value
 * @returns {number|undefined} its bits, where a half holds it exactly
 */
export function exactHalf(value) {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0
  const size = Math.abs(value)
  if (size === 0) return sign
  const exponent = Math.max(Math.floor(Math.log2(size)), -14)
  const steps = size / 2 ** (exponent - 10) /* 1024 to 2047, or below for the smallest numbers */
  if (!Number.isInteger(steps) || steps > 2047 || exponent > 15) return undefined
  return sign | (steps < 1024 ? steps : ((exponent + 15) << 10) | (steps - 1024))
}
