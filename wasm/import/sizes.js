/* sizes.js - rows and columns as formulas of the picture's: num/den x H + add, exactly */

/**
 * @typedef {object} Size
 * @property {'H'|'W'|null} axis whose picture size it grows with; null: it is `add`
 * @property {number} num
 * @property {number} den
 * @property {number} add
 */

const gcd = (/** @type {number} */ a, /** @type {number} */ b) => {
  for (; b; [a, b] = [b, a % b]);
  return Math.abs(a)
}

/** @param {'H'|'W'|null} axis @param {number} num @param {number} den @param {number} add @returns {Size} */
export function makeSize(axis, num, den, add) {
  const common = gcd(num, den) || 1
  return num === 0 || axis === null ? { axis: null, num: 0, den: 1, add } : { axis, num: num / common, den: den / common, add }
}

/** @param {number} value */
export const fixedSize = (value) => makeSize(null, 0, 1, value)

/** @param {Size} a @param {Size} b */
export const sameSize = (a, b) => a.axis === b.axis && a.num === b.num && a.den === b.den && a.add === b.add

/** @param {Size} size @returns {string} "H/4", "2W+1" */
export function sizeText(size) {
  if (size.axis === null) return String(size.add)
  const whole = `${size.num === 1 ? '' : size.num}${size.axis}${size.den === 1 ? '' : `/${size.den}`}`
  return size.add ? `${whole}${size.add > 0 ? '+' : ''}${size.add}` : whole
}

/**
 * Windows of `reach`, `stride` apart, over `padding` more: for every picture whose size is a multiple of the denominators.
 * @param {Size} size @param {number} padding @param {number} reach @param {number} stride
 */
export function slideSize(size, padding, reach, stride) {
  return makeSize(size.axis, size.num, size.den * stride, Math.floor((size.add + padding - reach) / stride) + 1)
}

/** @param {Size} size @param {number} factor a whole number, or one divided by a whole number */
export function scaleSize(size, factor) {
  const divisor = Math.round(1 / factor)
  if (Number.isInteger(factor) || divisor * factor !== 1) return makeSize(size.axis, size.num * factor, size.den, size.add * factor)
  return makeSize(size.axis, size.num, size.den * divisor, size.add * factor)
}

/**
 * @param {'Add'|'Sub'|'Mul'|'Div'} op
 * @param {Size} a
 * @param {Size} b
 * @returns {Size|undefined} where it is such a formula
 */
export function combineSizes(op, a, b) {
  const sign = op === 'Sub' ? -1 : 1
  if (op === 'Add' || op === 'Sub') {
    if (a.axis && b.axis && a.axis !== b.axis) return undefined
    return makeSize(a.axis ?? b.axis, a.num * b.den + sign * b.num * a.den, a.den * b.den, a.add + sign * b.add)
  }
  if (op === 'Mul') return b.axis === null ? scaleSize(a, b.add) : a.axis === null ? scaleSize(b, a.add) : undefined
  if (b.axis === null) return b.add === 0 ? undefined : scaleSize(a, 1 / b.add)
  return a.axis === b.axis && a.add === 0 && b.add === 0 ? fixedSize((a.num * b.den) / (a.den * b.num)) : undefined
}

/** The smallest number of which the picture's sides must be multiples for all these to be whole. @param {Size[]} sizes */
export function commonMultiple(sizes) {
  return sizes.reduce((multiple, { den }) => (multiple * den) / gcd(multiple, den), 1)
}
