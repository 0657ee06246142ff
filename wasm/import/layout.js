/* layout.js - Transpose, Reshape, Squeeze, Unsqueeze: the same values under other axes; no node is made */
import { asMap } from './norms.js'
import { refuseNode } from './refuse.js'
import { fixedSize, sameSize, sizeText } from './sizes.js'
import { axisSize, constant, numbers, sizeItems, sizes, valueText } from './values.js'

/**
 * @typedef {import('./values.js').Value} Value
 * @typedef {import('./values.js').Axes} Axes
 * @typedef {import('./values.js').FeatureMap} FeatureMap
 * @typedef {import('./sizes.js').Size} Size
 * @typedef {import('./trace.js').Step} Step
 */

/** @param {number[]} dims @param {ArrayLike<number>} data @param {number[]} order */
function transposeData(dims, data, order) {
  const strides = dims.map((_, i) => dims.slice(i + 1).reduce((product, dim) => product * dim, 1))
  const made = order.map((axis) => dims[axis])
  const out = new Float32Array(data.length)
  const at = made.map(() => 0)
  for (let i = 0; i < out.length; i++) {
    out[i] = data[at.reduce((sum, index, k) => sum + index * strides[order[k]], 0)]
    for (let k = at.length - 1; k >= 0 && ++at[k] === made[k]; k--) at[k] = 0
  }
  return constant(made, out)
}

/** @param {Step} step @returns {Value} */
export function transpose(step) {
  const value = step.input(0)
  const rank = 'dims' in value ? value.dims.length : value.axes.length
  const order = /** @type {number[]} */ (step.attribute('perm', Array.from({ length: rank }, (_, i) => rank - 1 - i)))
  if ([...order].sort((a, b) => a - b).join() !== Array.from({ length: rank }, (_, i) => i).join()) {
    throw refuseNode(step.node, `expected perm to name each of ${rank} axes once, got [${order}]`)
  }
  if (value.kind === 'constant') return transposeData(value.dims, value.data, order)
  if (value.kind === 'sizes') throw refuseNode(step.node, 'expected a feature map or a constant, got sizes')
  return { ...value, axes: order.map((axis) => value.axes[axis]) }
}

/** @param {Step} step @returns {number[]} */
function axesArgument(step) {
  return /** @type {number[]} */ (step.attribute('axes', numbers(step.optional(1)) ?? []))
}

/** @param {Step} step @returns {Value} */
export function squeeze(step) {
  const value = step.input(0)
  const rank = 'dims' in value ? value.dims.length : value.axes.length
  const given = axesArgument(step).map((axis) => (axis < 0 ? axis + rank : axis))
  const isOne = (/** @type {number} */ i) => ('dims' in value ? value.dims[i] === 1 : value.axes[i]?.length === 0)
  const gone = given.length ? given : Array.from({ length: rank }, (_, i) => i).filter(isOne)
  if (!gone.every(isOne)) throw refuseNode(step.node, `expected axes of one element to squeeze, got [${gone}] of ${valueText(value)}`)
  if ('dims' in value) return { ...value, dims: value.dims.filter((_, i) => !gone.includes(i)) }
  return { ...value, axes: value.axes.filter((_, i) => !gone.includes(i)) }
}

/** @param {Step} step @returns {Value} */
export function unsqueeze(step) {
  const value = step.input(0)
  const given = axesArgument(step)
  const rank = ('dims' in value ? value.dims.length : value.axes.length) + given.length
  const added = new Set(given.map((axis) => (axis < 0 ? axis + rank : axis)))
  const old = 'dims' in value ? value.dims : value.axes
  let from = 0
  const made = /** @type {any[]} */ (Array.from({ length: rank }, (_, i) => (added.has(i) ? ('dims' in value ? 1 : []) : old[from++])))
  return /** @type {Value} */ ('dims' in value ? { ...value, dims: made } : { ...value, axes: made })
}

/** A reshape's list with 0 (as it was) and one -1 (what is left): constants only. @param {Step} step @param {import('./onnx.js').Constant} value @param {number[]} wanted */
function reshapeConstant(step, value, wanted) {
  const dims = wanted.map((dim, i) => (dim === 0 ? value.dims[i] : dim))
  const known = dims.filter((dim) => dim !== -1).reduce((product, dim) => product * dim, 1)
  const made = dims.map((dim) => (dim === -1 ? value.data.length / known : dim))
  if (made.reduce((product, dim) => product * dim, 1) !== value.data.length) throw refuseNode(step.node, `expected a shape of ${value.data.length} values, got [${wanted}]`)
  return { ...value, dims: made }
}

/** Atoms from the front of the list that make up one wanted size. @param {FeatureMap} map @param {Axes[number]} atoms @param {Size} wanted */
function takeAtoms(map, atoms, wanted) {
  if (sameSize(wanted, fixedSize(1))) return []
  for (let count = 1; count <= atoms.length; count++) {
    const size = axisSize(atoms.slice(0, count), map)
    if (size && sameSize(size, wanted)) return atoms.slice(0, count)
  }
  return undefined
}

/**
 * @param {Step} step @param {FeatureMap} map @param {Size[]} wanted 0 and -1 as in ONNX
 * @returns {FeatureMap|undefined}
 */
function reshapeMap(step, map, wanted) {
  const isRest = (/** @type {Size} */ size) => size.axis === null && size.add === -1
  const items = wanted.map((size, i) => (size.axis === null && size.add === 0 && map.axes[i] ? axisSize(map.axes[i], map) ?? size : size))
  let atoms = map.axes.flat()
  let groups = map.groups
  const second = items[1]
  if (items.length === 3 && second.axis === null && isRest(items[2]) && atoms[0] === 'C' && second.add > 1 && second.add !== map.channels && map.channels % second.add === 0) {
    groups = second.add
    atoms = ['G', 'c', ...atoms.slice(1)]
  }
  const whole = atoms.join('').replace('Gc', 'C').split('')
  const sources = groups === map.groups && items.length === 4 ? /** @type {Axes[number]} */ (whole) : atoms
  const front = []
  let left = sources
  const rest = items.findIndex(isRest)
  for (const size of rest < 0 ? items : items.slice(0, rest)) {
    const taken = takeAtoms({ ...map, groups }, left, size)
    if (!taken) return undefined
    front.push(taken)
    left = left.slice(taken.length)
  }
  if (rest < 0) return left.length ? undefined : { ...map, groups, axes: front }
  /** @type {Axes} */
  const back = []
  for (const size of items.slice(rest + 1).reverse()) {
    const taken = takeAtoms({ ...map, groups }, [...left].reverse(), size)
    if (!taken) return undefined
    back.unshift([...taken].reverse())
    left = left.slice(0, left.length - taken.length)
  }
  return { ...map, groups, axes: [...front, left, ...back] }
}

/** A statistic has one number a channel: the place of C is all that a shape can say. @param {import('./values.js').Statistic} value @param {Size[]} wanted */
function reshapeStatistic(value, wanted) {
  const channels = Math.max(1, ...value.formula.map((term) => term.coefficient.length))
  const long = wanted.map((size, i) => i).filter((i) => !sameSize(wanted[i], fixedSize(1)) && !(i === 0 && wanted[i].add === -1))
  if (long.length > 1 || (long.length === 1 && channels > 1 && wanted[long[0]].add !== channels && wanted[long[0]].add !== -1)) return undefined
  return /** @type {Value} */ ({ ...value, axes: wanted.map((_, i) => (i === long[0] ? ['C'] : [])) })
}

/** @param {Step} step @returns {Value} */
export function reshape(step) {
  const value = step.input(0)
  const wanted = sizeItems(step.optional(1)) ?? sizeItems(constant([], /** @type {number[]} */ (step.attribute('shape', []))))
  if (!wanted?.length) throw refuseNode(step.node, 'expected a shape of known numbers, got none')
  if (value.kind === 'constant') return reshapeConstant(step, value, wanted.map((size) => size.add))
  if (value.kind === 'sizes') return sizes(wanted.length === 1 ? [value.items.length] : [], value.items)
  if (value.kind === 'statistic') {
    const made = reshapeStatistic(value, wanted)
    if (made) return made
  } else {
    const made = reshapeMap(step, asMap(step.network, value, step.node), wanted)
    if (made) return made
  }
  throw refuseNode(step.node, `expected a shape that only joins or parts axes, got [${wanted.map(sizeText)}] for ${valueText(value)}`)
}
