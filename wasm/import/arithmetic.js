/* arithmetic.js - Add, Sub, Mul, Div, Sqrt, means and sums: of sizes, constants, statistics and feature maps */
import { addFormulas, constantFormula, multiplyFormulas, negate, reciprocal, squareRoot, symbolFormula } from './formulas.js'
import { asMap, asScaled } from './norms.js'
import { refuseNode } from './refuse.js'
import { combineSizes } from './sizes.js'
import { axisOf, constant, numbers, sameExtent, sizeItems, sizes, valueText } from './values.js'

/**
 * @typedef {import('./values.js').Value} Value
 * @typedef {import('./values.js').Axes} Axes
 * @typedef {import('./values.js').Scaled} Scaled
 * @typedef {import('./formulas.js').Formula} Formula
 * @typedef {import('./trace.js').Step} Step
 */

/** The place of C counted from the last axis: what ONNX's broadcasting goes by. @param {Axes} axes */
const channelPlace = (axes) => axes.length - axes.findIndex((axis) => axis.includes('C') || axis.includes('c'))

/** A constant as one number a channel (or one) along these axes. @param {import('./onnx.js').Constant} value @param {Axes} axes */
function alongChannels(value, axes) {
  if (value.data.length === 1) return Array.from(value.data)
  const place = axisOf(axes, 'C')
  const long = value.dims.map((dim, i) => [dim, i - value.dims.length + axes.length]).filter(([dim]) => dim !== 1)
  return place >= 0 && long.length === 1 && long[0][1] === place ? Array.from(value.data) : undefined
}

/** @param {Value|undefined} value @param {Axes} axes of the other operand @returns {Formula|undefined} */
function asFormula(value, axes) {
  if (value?.kind === 'statistic') return axisOf(value.axes, 'C') < 0 || channelPlace(value.axes) === channelPlace(axes) ? value.formula : undefined
  if (value?.kind !== 'constant') return undefined
  const along = alongChannels(value, axes)
  return along && constantFormula(along)
}

/** @param {'Add'|'Sub'|'Mul'|'Div'} op @param {number} a @param {number} b */
const calculate = (op, a, b) => (op === 'Add' ? a + b : op === 'Sub' ? a - b : op === 'Mul' ? a * b : a / b)

/** Numbers with numbers: all of one length, or one number with many. @param {Step} step @param {'Add'|'Sub'|'Mul'|'Div'} op @param {Value} a @param {Value} b */
function combineNumbers(step, op, a, b) {
  const [left, right] = [sizeItems(a), sizeItems(b)]
  if (!left || !right || !('dims' in a) || !('dims' in b)) return undefined
  if (left.length !== right.length && left.length !== 1 && right.length !== 1) throw refuseNode(step.node, `expected two lists of one length, got ${left.length} and ${right.length} numbers`)
  const dims = left.length >= right.length ? a.dims : b.dims
  const at = (/** @type {any[]} */ list, /** @type {number} */ i) => list[list.length === 1 ? 0 : i]
  const count = Math.max(left.length, right.length)
  if (a.kind === 'constant' && b.kind === 'constant') return constant(dims, Array.from({ length: count }, (_, i) => calculate(op, at(left, i).add, at(right, i).add)))
  const items = Array.from({ length: count }, (_, i) => combineSizes(op, at(left, i), at(right, i)))
  if (items.some((item) => item === undefined)) throw refuseNode(step.node, `expected sizes that are a part of the picture's, got ${valueText(a)} and ${valueText(b)}`)
  return sizes(dims, /** @type {import('./sizes.js').Size[]} */ (items))
}

/** A scaled map and a formula. @param {'Add'|'Sub'|'Mul'|'Div'} op @param {Scaled} map @param {Formula} formula @param {boolean} swapped @returns {Scaled|undefined} */
function scaleBy(op, map, formula, swapped) {
  const { made, ...value } = map
  if (op === 'Add') return { ...value, shift: addFormulas(map.shift, formula) }
  if (op === 'Sub') {
    return swapped ? { ...value, scale: negate(map.scale), shift: addFormulas(formula, negate(map.shift)) } : { ...value, shift: addFormulas(map.shift, negate(formula)) }
  }
  const factor = op === 'Mul' ? formula : swapped ? undefined : reciprocal(formula)
  return factor && { ...value, scale: multiplyFormulas(map.scale, factor), shift: multiplyFormulas(map.shift, factor) }
}

/** The axes of two statistics or constants together: where one of them has channels, there they are. @param {Value} a @param {Value} b @returns {Axes} */
function statisticAxes(a, b) {
  const known = [a, b].flatMap((value) => (value.kind === 'statistic' ? [value.axes] : []))
  const withChannels = known.find((axes) => axisOf(axes, 'C') >= 0)
  if (withChannels || !known.length) return withChannels ?? []
  const dims = [a, b].flatMap((value) => (value.kind === 'constant' ? [value.dims] : []))[0] ?? []
  const rank = Math.max(known[0].length, dims.length)
  return Array.from({ length: rank }, (_, i) => ((dims[i - rank + dims.length] ?? 1) > 1 ? ['C'] : []))
}

/** @param {Step} step @param {'Add'|'Sub'|'Mul'|'Div'} op @param {Value} a @param {Value} b */
function combineFormulas(step, op, a, b) {
  const scaled = asScaled(a)
  if (scaled) {
    const formula = asFormula(b, scaled.axes)
    return formula && scaleBy(op, scaled, formula, false)
  }
  if (asScaled(b)) return undefined
  const axes = statisticAxes(a, b)
  const [left, right] = [asFormula(a, axes), asFormula(b, axes)]
  if (!left || !right) return undefined
  const divided = op === 'Div' ? reciprocal(right) : right
  if (!divided) throw refuseNode(step.node, 'expected one product to divide by, got a sum of statistics')
  const formula = op === 'Add' ? addFormulas(left, right) : op === 'Sub' ? addFormulas(left, negate(right)) : multiplyFormulas(left, divided)
  return /** @type {Value} */ ({ kind: 'statistic', axes, formula })
}

/** Two feature maps of one size; or the second of one pixel. @param {Step} step @param {'Add'|'Sub'|'Mul'|'Div'} op @param {Value} a @param {Value} b */
function combineMaps(step, op, a, b) {
  const [left, right] = [asMap(step.network, a, step.node), asMap(step.network, b, step.node)]
  if (op === 'Div') throw refuseNode(step.node, 'expected a constant or a statistic to divide a feature map by, got another feature map')
  if (left.channels !== right.channels || channelPlace(left.axes) !== channelPlace(right.axes)) {
    throw refuseNode(step.node, `expected two maps with the same channels, got ${valueText(left)} and ${valueText(right)}`)
  }
  const single = (/** @type {import('./values.js').FeatureMap} */ map) => map.height.axis === null && map.height.add === 1 && map.width.axis === null && map.width.add === 1
  const [first, second] = single(left) && !single(right) && op !== 'Sub' ? [right, left] : [left, right]
  if (!sameExtent(first, second) && !single(second)) throw refuseNode(step.node, `expected two maps of one size, got ${valueText(left)} and ${valueText(right)}`)
  return step.network.add(step.node, op.toLowerCase(), [first, second])
}

/** @param {Step} step @param {'Add'|'Sub'|'Mul'|'Div'} op @returns {Value} */
export function combine(step, op) {
  const [a, b] = [step.input(0), step.input(1)]
  const known = combineNumbers(step, op, a, b)
  if (known) return known
  if (op === 'Mul' && a === b && a.kind === 'scaled') return { kind: 'square', of: a, axes: a.axes }
  if (op === 'Add' && (a.kind === 'channel_sum' || b.kind === 'channel_sum')) {
    const [sum, eps] = a.kind === 'channel_sum' ? [a, b] : [b, a]
    if (sum.kind === 'channel_sum' && eps.kind === 'constant' && eps.data.length === 1) return { ...sum, eps: sum.eps + eps.data[0] }
  }
  if (op === 'Div' && b.kind === 'channel_sum') return divideBySum(step, a, b)
  const formula = combineFormulas(step, op, a, b)
  if (formula) return formula
  const scaled = asScaled(b)
  const left = scaled && !asScaled(a) ? asFormula(a, scaled.axes) : undefined
  const swapped = scaled && left && scaleBy(op, scaled, left, true)
  return swapped ?? combineMaps(step, op, a, b)
}

/** @param {Step} step @param {Value} a @param {import('./values.js').ChannelSum} sum @returns {Value} */
function divideBySum(step, a, sum) {
  const map = asMap(step.network, a, step.node)
  const rest = map.axes.map((axis) => axis.filter((atom) => atom !== 'C'))
  if (map.tensor !== sum.of.tensor || JSON.stringify(rest) !== JSON.stringify(sum.axes)) throw refuseNode(step.node, 'expected a map divided by the sum of its own channels, got another sum')
  return step.network.add(step.node, 'sum_norm', [map], {}, { eps: Math.max(sum.eps, 1e-30) })
}

/** @param {Step} step @returns {Value} */
export function squareRootOf(step) {
  const value = step.input(0)
  const root = value.kind === 'statistic' ? squareRoot(value.formula) : undefined
  if (!root || value.kind !== 'statistic') throw refuseNode(step.node, `expected the root of a variance plus a number, got ${valueText(value)}`)
  return { ...value, formula: root }
}

/** @param {Step} step @returns {Value} */
export function reciprocalOf(step) {
  const value = step.input(0)
  if (value.kind === 'constant') return constant(value.dims, Array.from(value.data, (one) => 1 / one))
  const formula = value.kind === 'statistic' ? reciprocal(value.formula) : undefined
  if (!formula || value.kind !== 'statistic') throw refuseNode(step.node, `expected one divided by a deviation, got ${valueText(value)}`)
  return { ...value, formula }
}

/** @param {Step} step @returns {Value} x to the power of a constant */
export function power(step) {
  const value = step.input(0)
  const exponent = numbers(step.input(1))?.[0]
  if (exponent === 2 && value.kind === 'scaled') return { kind: 'square', of: value, axes: value.axes }
  if (exponent === 0.5 && value.kind === 'statistic') return squareRootOf(step)
  throw refuseNode(step.node, `expected the square of a map minus its mean, got ${valueText(value)} to the power of ${exponent ?? 'another tensor'}`)
}

/** @param {Step} step @param {number[]} over axes, negative from the end @param {boolean} keep @returns {Value} */
export function mean(step, over, keep) {
  const value = step.input(0)
  if (!('axes' in value)) throw refuseNode(step.node, `expected the mean of a feature map, got ${valueText(value)}`)
  const { axes } = value
  const reduced = new Set(over.map((axis) => (axis < 0 ? axis + axes.length : axis)))
  const atoms = axes.filter((_, i) => reduced.has(i)).flat().sort().join('')
  const all = atoms === 'CHW'
  if (!all && atoms !== 'HW') throw refuseNode(step.node, `expected a mean over rows and columns (and channels), got one over ${atoms || 'axes of one element'} of ${valueText(value)}`)
  const left = /** @type {Axes} */ (keep ? axes.map((axis, i) => (reduced.has(i) ? [] : axis)) : axes.filter((_, i) => !reduced.has(i)))
  if (value.kind === 'square') {
    const { map, scale, shift } = value.of
    const centred = symbolFormula({ of: 'mean', tensor: map.tensor, all, eps: 0 })
    const rest = addFormulas(shift, centred)
    if (scale.length !== 1 || scale[0].powers.size || scale[0].coefficient.some((one) => one !== 1) || rest.length) {
      throw refuseNode(step.node, 'expected the mean square of a map minus its own mean (a variance), got that of another formula')
    }
    return { kind: 'statistic', axes: left, formula: symbolFormula({ of: 'variance', tensor: map.tensor, all, eps: 0 }) }
  }
  const map = asMap(step.network, value, step.node)
  return { kind: 'statistic', axes: left, formula: symbolFormula({ of: 'mean', tensor: map.tensor, all, eps: 0 }) }
}

/** @param {Step} step @param {number[]} over @param {boolean} keep @returns {Value} */
export function channelSum(step, over, keep) {
  const map = asMap(step.network, step.input(0), step.node)
  const axis = axisOf(map.axes, 'C')
  const only = over.length === 1 && (over[0] < 0 ? over[0] + map.axes.length : over[0]) === axis
  if (!only || !keep) throw refuseNode(step.node, `expected a sum over the channels with keepdims, got one over [${over}] of ${valueText(map)}`)
  return { kind: 'channel_sum', of: map, axes: map.axes.map((one) => one.filter((atom) => atom !== 'C')), eps: 0 }
}
