/* convolution.js - Conv, ConvTranspose and Pad -> conv2d, depth_to_space and pad */
import { vector } from './network.js'
import { asMap } from './norms.js'
import { refuseNode } from './refuse.js'
import { makeSize, scaleSize, slideSize } from './sizes.js'
import { axisOf, numbers, valueText } from './values.js'

/**
 * @typedef {import('./values.js').Value} Value
 * @typedef {import('./values.js').FeatureMap} FeatureMap
 * @typedef {import('./onnx.js').Constant} Constant
 * @typedef {import('./trace.js').Step} Step
 */

/** @param {Step} step @param {number} place @param {string} what @returns {Constant} */
function constantInput(step, place, what) {
  const value = step.input(place)
  if (value.kind !== 'constant') throw refuseNode(step.node, `expected a constant ${what}, got ${valueText(value)}`)
  return value
}

/** Two numbers from one or two. @param {number[]} list @returns {[number, number]} rows, columns */
const pair = (list) => (list.length === 1 ? [1, list[0]] : [list[0], list[1]])

/** [top, left, bottom, right] from ONNX's begins and ends. @param {number[]} pads */
const fourPads = (pads) => (pads.length === 2 ? [0, pads[0], 0, pads[1]] : [pads[0], pads[1], pads[2], pads[3]])

/** Rows and columns in their place; or one line of pixels, which is all that a 1x1 kernel needs. @param {FeatureMap} map @param {boolean} single */
function isSpatial(map, single) {
  const text = map.axes.map((axis) => axis.join('') || '1').join()
  return text === '1,C,H,W' || text === '1,C,1,1' || (single && (text === '1,C,1,HW' || text === '1,C,HW,1' || text === '1,C,HW'))
}

/** @param {Step} step */
function common(step) {
  const map = asMap(step.network, step.input(0), step.node)
  const weight = constantInput(step, 1, 'weight')
  const bias = step.optional(2)
  const kernel = pair(weight.dims.slice(2))
  const list = (/** @type {string} */ name, /** @type {number[]} */ standard) => /** @type {number[]} */ (step.attribute(name, standard))
  const spatial = weight.dims.length - 2
  if (spatial < 1 || spatial > 2) throw refuseNode(step.node, `expected a weight of 3 or 4 dimensions, got [${weight.dims}]`)
  if (bias && bias.kind !== 'constant') throw refuseNode(step.node, `expected a constant bias, got ${valueText(bias)}`)
  const ones = new Array(spatial).fill(1)
  const stride = pair(list('strides', ones))
  const dilation = pair(list('dilations', ones))
  const auto = step.attribute('auto_pad', 'NOTSET')
  let pads = fourPads(list('pads', new Array(2 * spatial).fill(0)))
  if (auto === 'SAME_UPPER' || auto === 'SAME_LOWER') {
    /* the picture's sides are multiples of the strides, so the padding does not depend on them */
    const total = kernel.map((side, i) => Math.max((side - 1) * dilation[i] + 1 - stride[i], 0))
    const before = total.map((sum) => (auto === 'SAME_UPPER' ? sum >> 1 : (sum + 1) >> 1))
    pads = [before[0], before[1], total[0] - before[0], total[1] - before[1]]
  } else if (auto !== 'NOTSET' && auto !== 'VALID' && auto !== '') {
    throw refuseNode(step.node, `expected NOTSET, VALID, SAME_UPPER or SAME_LOWER for auto_pad, got ${JSON.stringify(auto)}`)
  }
  if (pads.some((pad) => pad < 0)) throw refuseNode(step.node, `expected pads of 0 or more, got [${pads}]`)
  return { map, weight, bias, kernel, stride, dilation, pads, groups: /** @type {number} */ (step.attribute('group', 1)) }
}

/** @param {Record<string, any>} attributes without those that are the default */
export function briefly(attributes) {
  const standard = /** @type {Record<string, string>} */ ({ stride: '1,1', dilation: '1,1', pads: '0,0,0,0', groups: '1', padding: 'zero' })
  return Object.fromEntries(Object.entries(attributes).filter(([name, value]) => standard[name] !== String(value)))
}

/** @param {Step} step @returns {Value} */
export function convolve(step) {
  const { map, weight, bias, kernel, stride, dilation, pads, groups } = common(step)
  const [outputs, inputs] = weight.dims
  const single = kernel[0] * kernel[1] === 1 && stride[0] * stride[1] === 1 && pads.every((pad) => pad === 0)
  if (!isSpatial(map, single)) throw refuseNode(step.node, `expected a map [1,C,H,W] for a kernel of ${kernel[0]}x${kernel[1]}, got ${valueText(map)}`)
  if (inputs * groups !== map.channels) throw refuseNode(step.node, `expected a weight for ${map.channels} channels in ${groups} groups, got [${weight.dims}]`)
  const area = kernel[0] * kernel[1]
  const values = new Float32Array(weight.data.length)
  for (let o = 0, at = 0; o < outputs; o++) {
    for (let k = 0; k < area; k++) for (let i = 0; i < inputs; i++) values[at++] = weight.data[(o * inputs + i) * area + k]
  }
  const reach = kernel.map((side, i) => (side - 1) * dilation[i] + 1)
  return step.network.add(
    step.node, 'conv2d', [map],
    { channels: outputs, height: slideSize(map.height, pads[0] + pads[2], reach[0], stride[0]), width: slideSize(map.width, pads[1] + pads[3], reach[1], stride[1]) },
    briefly({ stride, dilation, pads, groups }),
    { weight: { shape: [outputs, ...kernel, inputs], values }, ...(bias ? { bias: vector(bias.data) } : {}) }
  )
}

/** The taps of one axis: for each phase r and each offset of the input, the kernel's element or none. @param {number} side @param {number} stride @param {number} pad */
function phases(side, stride, pad) {
  const taps = []
  for (let r = 0; r < stride; r++) {
    for (let k = 0; k < side; k++) if ((r + pad - k) % stride === 0) taps.push({ r, k, offset: (r + pad - k) / stride })
  }
  const offsets = taps.map((tap) => tap.offset)
  return { taps, first: Math.min(0, ...offsets), last: Math.max(0, ...offsets) }
}

/** A transposed convolution is a convolution that makes all `stride` x `stride` phases as channels. @param {Step} step @returns {Value} */
export function convolveTransposed(step) {
  const { map, weight, bias, kernel, stride, dilation, pads, groups } = common(step)
  const extra = pair(/** @type {number[]} */ (step.attribute('output_padding', [0, 0])))
  const [inputs, outputs] = weight.dims
  if (groups !== 1 || dilation[0] !== 1 || dilation[1] !== 1 || stride[0] !== stride[1] || stride[0] < 2) {
    throw refuseNode(step.node, `expected one group, no dilation and a square stride of 2 or more, got ${groups} groups, dilation ${dilation}, stride ${stride}`)
  }
  if (!isSpatial(map, false) || inputs !== map.channels) throw refuseNode(step.node, `expected a map [1,C,H,W] of ${inputs} channels, got ${valueText(map)}`)
  const s = stride[0]
  for (const i of [0, 1]) {
    if (kernel[i] + extra[i] - pads[i] - pads[i + 2] !== s) throw refuseNode(step.node, `expected an output of exactly ${s} times the input's size, got kernel ${kernel}, pads ${pads}, output_padding ${extra}`)
  }
  const [rows, columns] = [phases(kernel[0], s, pads[0]), phases(kernel[1], s, pads[1])]
  const shape = [s * s * outputs, rows.last - rows.first + 1, columns.last - columns.first + 1, inputs]
  const values = new Float32Array(shape.reduce((product, side) => product * side, 1))
  for (const y of rows.taps) {
    for (const x of columns.taps) {
      for (let o = 0; o < outputs; o++) {
        const channel = (y.r * s + x.r) * outputs + o
        const to = ((channel * shape[1] + y.offset - rows.first) * shape[2] + x.offset - columns.first) * inputs
        for (let i = 0; i < inputs; i++) values[to + i] = weight.data[((i * outputs + o) * kernel[0] + y.k) * kernel[1] + x.k]
      }
    }
  }
  const biases = bias && new Float32Array(shape[0]).map((_, i) => bias.data[i % outputs])
  const made = step.network.add(
    step.node, 'conv2d', [map], { channels: shape[0] },
    briefly({ pads: [-rows.first, -columns.first, rows.last, columns.last] }),
    { weight: { shape, values }, ...(biases ? { bias: vector(biases) } : {}) }
  )
  return step.network.add(step.node, 'depth_to_space', [made], { channels: outputs, height: scaleSize(map.height, s), width: scaleSize(map.width, s) }, { block: s })
}

/** @param {Step} step @returns {Value} */
export function pad(step) {
  const value = step.input(0)
  const amounts = /** @type {number[]|undefined} */ (step.attribute('pads', numbers(step.optional(1))))
  const mode = /** @type {string} */ (step.attribute('mode', 'constant'))
  const padding = { constant: 'zero', reflect: 'reflect', edge: 'replicate' }[mode]
  if (!amounts || !padding) throw refuseNode(step.node, `expected known pads and constant, reflect or edge for mode, got ${mode}`)
  if (amounts.every((amount) => amount === 0)) return value
  const map = asMap(step.network, value, step.node)
  const fill = step.attribute('value', numbers(step.optional(2))?.[0] ?? 0)
  if (padding === 'zero' && fill !== 0) throw refuseNode(step.node, `expected padding with 0, got ${fill}`)
  const given = numbers(step.optional(3)) ?? map.axes.map((_, i) => i)
  const pads = [0, 0, 0, 0]
  given.forEach((axis, i) => {
    const place = axis < 0 ? axis + map.axes.length : axis
    const [before, after] = [amounts[i], amounts[i + given.length]]
    if (before === 0 && after === 0) return
    const side = [axisOf(map.axes, 'H'), axisOf(map.axes, 'W')].indexOf(place)
    if (side < 0 || before < 0 || after < 0) throw refuseNode(step.node, `expected 0 or more rows and columns, got [${amounts}] for ${valueText(map)}`)
    pads[side] = before
    pads[side + 2] = after
  })
  const grown = (/** @type {import('./sizes.js').Size} */ size, /** @type {number} */ by) => makeSize(size.axis, size.num, size.den, size.add + by)
  return step.network.add(step.node, 'pad', [map], { height: grown(map.height, pads[0] + pads[2]), width: grown(map.width, pads[1] + pads[3]) }, { pads, ...(padding === 'zero' ? {} : { padding }) })
}
