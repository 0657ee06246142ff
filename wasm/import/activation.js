/* activation.js - Relu, Clip, Softmax and their like, and norms that ONNX has as one operator */
import { constantFormula } from './formulas.js'
import { vector } from './network.js'
import { asMap, asScaled } from './norms.js'
import { refuseNode } from './refuse.js'
import { numbers, valueText } from './values.js'

/**
 * @typedef {import('./values.js').Value} Value
 * @typedef {import('./trace.js').Step} Step
 */

const map = (/** @type {Step} */ step) => asMap(step.network, step.input(0), step.node)

/** @param {Step} step @param {string} op @param {Record<string, any>} [attributes] @returns {Value} */
export const unary = (step, op, attributes = {}) => step.network.add(step.node, op, [map(step)], {}, attributes)

/** @param {Step} step @returns {Value} */
export function clip(step) {
  const min = /** @type {number|undefined} */ (step.attribute('min', numbers(step.optional(1))?.[0]))
  const max = /** @type {number|undefined} */ (step.attribute('max', numbers(step.optional(2))?.[0]))
  if (min === 0 && max === undefined) return unary(step, 'relu')
  if (min === undefined || max === undefined || !(min < max)) throw refuseNode(step.node, `expected two rising numbers for min and max, got ${min} and ${max}`)
  return unary(step, 'clamp', { min, max })
}

/** @param {Step} step @returns {Value} */
export function prelu(step) {
  const slope = numbers(step.input(1))
  const input = map(step)
  if (!slope || (slope.length !== 1 && slope.length !== input.channels)) throw refuseNode(step.node, `expected a constant slope for ${input.channels} channels, got ${valueText(step.input(1))}`)
  return step.network.add(step.node, 'prelu', [input], {}, {}, { weight: vector(slope, input.channels) })
}

/** HardSigmoid is a clamped line; HardSwish has its own operator. @param {Step} step @returns {Value} */
export function hardSwish(step) {
  return unary(step, 'hard_swish')
}

/** @param {Step} step @returns {Value} over what the axes are made of: the channels of a pixel, or the pixels of a channel */
export function softmax(step) {
  const input = map(step)
  const axis = /** @type {number} */ (step.attribute('axis', step.opset < 13 ? 1 : -1))
  const place = axis < 0 ? axis + input.axes.length : axis
  /* before opset 13 everything from the axis on is taken together */
  const over = (step.opset < 13 ? input.axes.slice(place) : [input.axes[place] ?? []]).flat().sort().join('')
  if (over === 'C') return unary(step, 'softmax')
  if (over === 'HW') return unary(step, 'spatial_softmax')
  throw refuseNode(step.node, `expected a softmax over channels, or over rows and columns, got axis ${axis} of ${valueText(input)}`)
}

/** @param {Step} step @returns {Value} with fixed statistics: a product and a sum */
export function batchNorm(step) {
  const [scale, shift, mean, variance] = [1, 2, 3, 4].map((place) => numbers(step.input(place)))
  const value = asScaled(step.input(0)) ?? asScaled(map(step))
  const eps = /** @type {number} */ (step.attribute('epsilon', 1e-5))
  if (!scale || !shift || !mean || !variance || !value) throw refuseNode(step.node, 'expected constant scale, shift, mean and variance, got others')
  const made = map(step)
  const factor = scale.map((one, i) => one / Math.sqrt(variance[i] + eps))
  return { kind: 'scaled', map: made, axes: made.axes, scale: constantFormula(factor), shift: constantFormula(shift.map((one, i) => one - mean[i] * factor[i])) }
}

/** @param {Step} step @returns {Value} per channel; on [1,G,-1], per group */
export function instanceNorm(step) {
  const input = map(step)
  const [scale, shift] = [numbers(step.input(1)), numbers(step.input(2))]
  const eps = Math.max(/** @type {number} */ (step.attribute('epsilon', 1e-5)), 1e-30)
  const text = input.axes.map((axis) => axis.join('') || '1').join()
  if (!scale || !shift) throw refuseNode(step.node, 'expected a constant scale and shift, got others')
  if (text === '1,C,H,W' || text === '1,C,HW') {
    if (scale.length !== input.channels) throw refuseNode(step.node, `expected ${input.channels} numbers for scale, got ${scale.length}`)
    return step.network.add(step.node, 'instance_norm', [input], {}, { eps }, { weight: vector(scale), bias: vector(shift) })
  }
  const groups = text === '1,G,cHW' ? input.groups : text === '1,1,CHW' ? 1 : undefined
  if (!groups) throw refuseNode(step.node, `expected a map [1,C,H,W], or one in groups [1,G,-1], got ${valueText(input)}`)
  return groupNorm(step, groups, eps, scale, shift)
}

/** @param {Step} step @param {number} groups @param {number} eps @param {number[]} scale a group or a channel each @param {number[]} shift @returns {Value} */
function groupNorm(step, groups, eps, scale, shift) {
  const input = map(step)
  const spread = (/** @type {number[]} */ list) => vector(Float32Array.from({ length: input.channels }, (_, c) => list[list.length === input.channels ? c : Math.floor((c * groups) / input.channels)]))
  return step.network.add(step.node, 'group_norm', [input], {}, { eps, groups }, { weight: spread(scale), bias: spread(shift) })
}

/** @param {Step} step @returns {Value} */
export function groupNormalization(step) {
  const [scale, shift] = [numbers(step.input(1)), numbers(step.input(2))]
  if (!scale || !shift) throw refuseNode(step.node, 'expected a constant scale and shift, got others')
  return groupNorm(step, /** @type {number} */ (step.attribute('num_groups', 1)), Math.max(/** @type {number} */ (step.attribute('epsilon', 1e-5)), 1e-30), scale, shift)
}
