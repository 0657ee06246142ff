/*
 * formulas.js - sums of products of a feature map's mean, variance and deviation, channel by channel
 *
 * Exporters write a norm in many ways: (x - m) / s, x * k + (b - m * k), with a square root, a reciprocal or both. As
 * formulas they are all the same: x times scale plus shift.
 */

/**
 * @typedef {object} Term coefficient times every symbol to its power
 * @property {number[]} coefficient one number, or one a channel
 * @property {Map<string, number>} powers
 *
 * @typedef {Term[]} Formula the sum of its terms
 *
 * @typedef {object} Symbol
 * @property {'mean'|'variance'|'deviation'} of
 * @property {string} tensor
 * @property {boolean} all over all channels, not for each
 * @property {number} eps added to the variance before its root
 */

/** @param {ArrayLike<number>} numbers @returns {Formula} */
export const constantFormula = (numbers) => [{ coefficient: Array.from(numbers), powers: new Map() }]

/** @param {Symbol} symbol @returns {Formula} */
export const symbolFormula = (symbol) => [{ coefficient: [1], powers: new Map([[JSON.stringify(symbol), 1]]) }]

/** @param {string} key @returns {Symbol} */
export const symbolOf = (key) => JSON.parse(key)

/** @param {number[]} a @param {number[]} b @param {(x: number, y: number) => number} f */
function broadcast(a, b, f) {
  const count = Math.max(a.length, b.length)
  return Array.from({ length: count }, (_, i) => f(a[a.length === 1 ? 0 : i], b[b.length === 1 ? 0 : i]))
}

const keyOf = (/** @type {Term} */ term) => JSON.stringify([...term.powers].sort())

/** @param {Formula} a @param {Formula} b @returns {Formula} */
export function addFormulas(a, b) {
  const sums = new Map(a.map((term) => [keyOf(term), term]))
  for (const term of b) {
    const known = sums.get(keyOf(term))
    sums.set(keyOf(term), known ? { ...term, coefficient: broadcast(known.coefficient, term.coefficient, (x, y) => x + y) } : term)
  }
  return [...sums.values()].filter((term) => term.coefficient.some((value) => value !== 0))
}

/** @param {Formula} a @param {Formula} b @returns {Formula} */
export function multiplyFormulas(a, b) {
  /** @type {Formula} */
  let sum = []
  for (const x of a) {
    for (const y of b) {
      const powers = new Map(x.powers)
      for (const [symbol, power] of y.powers) {
        const total = (powers.get(symbol) ?? 0) + power
        if (total) powers.set(symbol, total)
        else powers.delete(symbol)
      }
      sum = addFormulas(sum, [{ coefficient: broadcast(x.coefficient, y.coefficient, (p, q) => p * q), powers }])
    }
  }
  return sum
}

/** @param {Formula} a */
export const negate = (a) => multiplyFormulas(a, constantFormula([-1]))

/** @param {Formula} formula @returns {Formula|undefined} one divided by it, where it is a single product */
export function reciprocal(formula) {
  if (formula.length !== 1 || formula[0].coefficient.some((value) => value === 0)) return undefined
  const [{ coefficient, powers }] = formula
  return [{ coefficient: coefficient.map((value) => 1 / value), powers: new Map([...powers].map(([symbol, power]) => [symbol, -power])) }]
}

/** @param {Formula} formula @returns {number[]|undefined} its numbers, where no symbol is in it */
export function constantOf(formula) {
  if (formula.length === 0) return [0]
  return formula.length === 1 && formula[0].powers.size === 0 ? formula[0].coefficient : undefined
}

/** @param {Formula} formula @returns {Formula|undefined} the root of a variance plus a number, as a deviation */
export function squareRoot(formula) {
  const eps = formula.find((term) => term.powers.size === 0)
  const variance = formula.find((term) => term.powers.size === 1)
  const [key, power] = [...(variance?.powers ?? [])][0] ?? []
  if (!key || power !== 1 || !variance || formula.length > 2 || (formula.length === 2 && !eps)) return undefined
  const symbol = symbolOf(key)
  const added = eps?.coefficient ?? [0]
  if (symbol.of !== 'variance' || variance.coefficient.some((value) => value !== 1) || added.some((value) => value !== added[0] || value < 0)) return undefined
  return symbolFormula({ ...symbol, of: 'deviation', eps: added[0] })
}
