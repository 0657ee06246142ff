/*
 * values.js - what an ONNX tensor is, once its maker was understood
 *
 * A feature map is always [1,H,W,C] inside; `axes` says how ONNX's axes are made of H, W and C, so that transposing,
 * squeezing and reshaping change nothing but this list. [] is an axis of one element, the batch for instance.
 */
import { fixedSize, sameSize, sizeText } from './sizes.js'

/**
 * @typedef {import('./sizes.js').Size} Size
 * @typedef {import('./onnx.js').Constant} Constant
 * @typedef {('H'|'W'|'C'|'G'|'c')[][]} Axes G and c: C in groups, and the channels of one
 *
 * @typedef {object} Sizes numbers that depend on the picture's size
 * @property {'sizes'} kind
 * @property {number[]} dims
 * @property {Size[]} items
 *
 * @typedef {object} FeatureMap
 * @property {'map'} kind
 * @property {string} tensor
 * @property {Axes} axes
 * @property {number} channels
 * @property {Size} height
 * @property {Size} width
 * @property {number} [groups] of G
 *
 * @typedef {object} Statistic one number a channel, as a formula of means and deviations
 * @property {'statistic'} kind
 * @property {Axes} axes
 * @property {import('./formulas.js').Formula} formula
 *
 * @typedef {object} Scaled a feature map times a formula plus a formula
 * @property {'scaled'} kind
 * @property {FeatureMap} map
 * @property {import('./formulas.js').Formula} scale
 * @property {import('./formulas.js').Formula} shift
 * @property {Axes} axes
 * @property {FeatureMap} [made] once nodes were written for it
 *
 * @typedef {object} Square of a scaled map
 * @property {'square'} kind
 * @property {Scaled} of
 * @property {Axes} axes
 *
 * @typedef {object} ChannelSum of each pixel, plus eps
 * @property {'channel_sum'} kind
 * @property {FeatureMap} of
 * @property {Axes} axes
 * @property {number} eps
 *
 * @typedef {Constant|Sizes|FeatureMap|Statistic|Scaled|Square|ChannelSum} Value
 */

/** @param {number[]} dims @param {ArrayLike<number>} data @returns {Constant} */
export const constant = (dims, data) => ({ kind: 'constant', dims, data })

/** Numbers as sizes; a constant where none of them depends on the picture. @param {number[]} dims @param {Size[]} items @returns {Sizes|Constant} */
export function sizes(dims, items) {
  return items.every((item) => item.axis === null) ? constant(dims, items.map((item) => item.add)) : { kind: 'sizes', dims, items }
}

/** @param {Value|undefined} value @returns {Size[]|undefined} a constant's or a list of sizes' numbers */
export function sizeItems(value) {
  if (value?.kind === 'sizes') return value.items
  return value?.kind === 'constant' ? Array.from(value.data, fixedSize) : undefined
}

/** @param {Value|undefined} value @returns {number[]|undefined} */
export const numbers = (value) => (value?.kind === 'constant' ? Array.from(value.data) : undefined)

/** How many elements one axis has. @param {Axes[number]} axis @param {FeatureMap} map @returns {Size|undefined} undefined for H x W */
export function axisSize(axis, map) {
  const groups = map.groups ?? 1
  const parts = axis.map((atom) => (atom === 'H' ? map.height : atom === 'W' ? map.width : fixedSize({ C: map.channels, G: groups, c: map.channels / groups }[atom])))
  const growing = parts.filter((part) => part.axis !== null)
  const factor = parts.reduce((product, part) => (part.axis === null ? product * part.add : product), 1)
  if (growing.length === 0) return fixedSize(factor)
  return growing.length === 1 && factor === 1 ? growing[0] : undefined
}

/** @param {Axes} axes @returns {string} "[1,C,H,W]" */
export const axesText = (axes) => `[${axes.map((axis) => axis.join('') || '1').join(',')}]`

/** @param {Axes} axes @param {string} atoms "HW" @returns {number} the axis that is made of just these; -1: none */
export const axisOf = (axes, atoms) => axes.findIndex((axis) => axis.join('') === atoms)

/** @param {FeatureMap} a @param {FeatureMap} b */
export const sameExtent = (a, b) => sameSize(a.height, b.height) && sameSize(a.width, b.width)

/** @param {Value|undefined} value @returns {string} for messages */
export function valueText(value) {
  if (value === undefined) return 'none'
  if (value.kind === 'constant') return `a constant [${value.dims}]`
  if (value.kind === 'sizes') return `the numbers ${value.items.map(sizeText).join(',')}`
  if (value.kind === 'map') return `a feature map ${axesText(value.axes)} of ${value.channels} channels, ${sizeText(value.height)} x ${sizeText(value.width)}`
  return `a ${value.kind.replace('_', ' ')} ${axesText(value.axes)}`
}
