/* shapes.js - Shape, Gather, Slice, Concat and their like on sizes: the arithmetic that exporters write around a resize */
import { asMap } from './norms.js'
import { refuseNode } from './refuse.js'
import { axisOf, axisSize, constant, numbers, sizeItems, sizes, valueText } from './values.js'

/**
 * @typedef {import('./values.js').Value} Value
 * @typedef {import('./trace.js').Step} Step
 */

/** @param {Step} step @returns {Value} */
export function shapeOf(step) {
  const value = step.input(0)
  if ('dims' in value) return constant([value.dims.length], value.dims)
  const map = asMap(step.network, value, step.node)
  const items = map.axes.map((axis) => axisSize(axis, map))
  const missing = items.findIndex((item) => item === undefined)
  if (missing >= 0) throw refuseNode(step.node, `expected axes whose size is a part of the picture's, got ${valueText(value)}`)
  return sizes([items.length], /** @type {import('./sizes.js').Size[]} */ (items))
}

/** @param {Step} step @returns {Value} */
export function gather(step) {
  const items = sizeItems(step.input(0))
  const indexes = step.input(1)
  if (!items || indexes.kind !== 'constant') throw refuseNode(step.node, `expected known places in a list of sizes, got ${valueText(indexes)} in ${valueText(step.input(0))}`)
  const made = Array.from(indexes.data, (index) => items[index < 0 ? index + items.length : index])
  if (made.some((item) => !item)) throw refuseNode(step.node, `expected places within ${items.length} numbers, got ${Array.from(indexes.data)}`)
  return sizes(indexes.dims, made)
}

/** @param {Step} step @returns {Value} */
export function slice(step) {
  const value = step.input(0)
  const argument = (/** @type {string} */ name, /** @type {number} */ place) => /** @type {number[]|undefined} */ (step.attribute(name, numbers(step.optional(place))))
  const [starts, ends, steps] = [argument('starts', 1), argument('ends', 2), argument('steps', 4)]
  const axes = argument('axes', 3) ?? starts?.map((_, i) => i)
  if (starts?.length !== 1 || ends?.length !== 1 || axes?.length !== 1 || (steps && steps[0] !== 1)) {
    throw refuseNode(step.node, `expected one range of known numbers with step 1, got starts [${starts ?? '?'}], ends [${ends ?? '?'}], steps [${steps ?? 1}]`)
  }
  const range = (/** @type {number} */ length) => [starts[0], ends[0]].map((at) => Math.min(Math.max(at < 0 ? at + length : at, 0), length))
  const items = sizeItems(value)
  if (items) {
    const made = items.slice(...range(items.length))
    return sizes([made.length], made)
  }
  const map = asMap(step.network, value, step.node)
  const axis = axes[0] < 0 ? axes[0] + map.axes.length : axes[0]
  if (axisOf(map.axes, 'C') !== axis) throw refuseNode(step.node, `expected a range of channels, got axis ${axes[0]} of ${valueText(map)}`)
  const [begin, end] = range(map.channels)
  if (!(begin < end)) throw refuseNode(step.node, `expected some of ${map.channels} channels, got ${begin} to ${end}`)
  return step.network.add(step.node, 'slice', [map], { channels: end - begin }, { begin, size: end - begin })
}

/** @param {Step} step @returns {Value} */
export function concat(step) {
  const values = step.node.inputs.map((_, i) => step.input(i))
  const lists = values.map(sizeItems)
  if (lists.every((list) => list !== undefined)) {
    const items = /** @type {import('./sizes.js').Size[][]} */ (lists).flat()
    return sizes([items.length], items)
  }
  const maps = values.map((value) => asMap(step.network, value, step.node))
  const place = axisOf(maps[0].axes, 'C')
  const axis = /** @type {number} */ (step.attribute('axis', 1))
  if ((axis < 0 ? axis + maps[0].axes.length : axis) !== place) throw refuseNode(step.node, `expected maps set together along their channels, got axis ${axis} of ${valueText(maps[0])}`)
  const channels = maps.reduce((sum, map) => sum + map.channels, 0)
  return maps.length === 1 ? maps[0] : step.network.add(step.node, 'concat', maps, { channels })
}

/** @param {Step} step @returns {Value} */
export function constantNode(step) {
  const value = /** @type {import('./values.js').Constant|undefined} */ (step.attribute('value', undefined))
  if (value?.kind === 'constant') return value
  const number = /** @type {number|undefined} */ (step.attribute('value_float', step.attribute('value_int', undefined)))
  if (number !== undefined) return constant([], [number])
  const list = /** @type {number[]|undefined} */ (step.attribute('value_floats', step.attribute('value_ints', undefined)))
  if (list) return constant([list.length], list)
  throw refuseNode(step.node, 'expected a value of numbers, got none')
}

/** @param {Step} step @returns {Value} */
export function constantOfShape(step) {
  const count = numbers(step.input(0))
  if (!count) throw refuseNode(step.node, 'expected a known shape, got one that depends on the picture')
  const value = /** @type {import('./values.js').Constant|undefined} */ (step.attribute('value', undefined))
  const length = count.reduce((product, dim) => product * dim, 1)
  if (!(length <= 65536)) throw refuseNode(step.node, `expected at most 65536 values, got ${length}`)
  return constant(count, new Array(length).fill(value?.data[0] ?? 0))
}
