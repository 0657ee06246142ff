/* resize.js - Upsample and Resize in their modes -> resize */
import { asMap } from './norms.js'
import { refuseNode } from './refuse.js'
import { sameSize, scaleSize, sizeText, slideSize } from './sizes.js'
import { axisOf, numbers, sizeItems, valueText } from './values.js'

/**
 * @typedef {import('./values.js').FeatureMap} FeatureMap
 * @typedef {import('./sizes.js').Size} Size
 * @typedef {import('./trace.js').Step} Step
 */

/** How elements are sampled, in the model file's words. @param {Step} step */
function sampling(step) {
  const old = step.node.op === 'Upsample' || step.opset < 11
  const mode = /** @type {string} */ (step.attribute('mode', 'nearest'))
  const coordinates = old ? 'asymmetric' : /** @type {string} */ (step.attribute('coordinate_transformation_mode', 'half_pixel'))
  if (mode === 'linear' || mode === 'bilinear') {
    if (coordinates === 'asymmetric') return { mode: 'bilinear', asymmetric: true }
    if (coordinates === 'align_corners') return { mode: 'bilinear', align_corners: true }
    if (coordinates === 'half_pixel' || coordinates === 'pytorch_half_pixel') return { mode: 'bilinear' }
  }
  if (mode === 'nearest') {
    const rounding = old ? 'floor' : step.attribute('nearest_mode', 'round_prefer_floor')
    /* enlarging by a whole number, these take the same element */
    if (coordinates === 'asymmetric' && rounding === 'floor') return { mode: 'nearest' }
    if (/half_pixel/.test(coordinates) && (rounding === 'round_prefer_floor' || rounding === 'round_prefer_ceil')) return { mode: 'nearest' }
    throw refuseNode(step.node, `expected floor with asymmetric, or rounding with half_pixel, got ${rounding} with ${coordinates}`)
  }
  throw refuseNode(step.node, `expected nearest or linear for mode, got ${mode} with ${coordinates}`)
}

/** @param {Step} step @param {FeatureMap} map @param {Size[]} wanted @returns {number[]|undefined} factors that give these sizes */
function factorsFor(step, map, wanted) {
  return [map.height, map.width].map((size, i) => {
    const other = wanted[i]
    if (other.axis === null) throw refuseNode(step.node, `expected a size that follows the picture's, got ${wanted.map(sizeText).join(' x ')}`)
    return (other.num * size.den) / (other.den * size.num)
  })
}

/** @param {Step} step @returns {FeatureMap} */
export function resize(step) {
  const map = asMap(step.network, step.input(0), step.node)
  const attributes = sampling(step)
  const places = [axisOf(map.axes, 'H'), axisOf(map.axes, 'W')]
  if (places.includes(-1)) throw refuseNode(step.node, `expected a map with rows and columns, got ${valueText(map)}`)
  const scaleInput = step.node.op === 'Upsample' || step.opset < 11 ? 1 : 2
  const given = numbers(step.optional(scaleInput)) ?? []
  const scales = given.length ? given : /** @type {number[]} */ (step.attribute('scales', []))
  const wantedAll = sizeItems(step.optional(3))
  let factors = scales.length === map.axes.length ? places.map((place) => scales[place]) : undefined
  let wanted = factors && [scaleSize(map.height, factors[0]), scaleSize(map.width, factors[1])]
  if (!factors) {
    if (wantedAll?.length !== map.axes.length) throw refuseNode(step.node, `expected scales or sizes for ${map.axes.length} axes, got ${valueText(step.optional(scaleInput))} and ${valueText(step.optional(3))}`)
    wanted = places.map((place) => wantedAll[place])
    factors = factorsFor(step, map, wanted)
  } else if (scales.some((scale, i) => scale !== 1 && !places.includes(i))) {
    throw refuseNode(step.node, `expected to resize rows and columns only, got scales ${scales}`)
  }
  if (!factors || !wanted) throw refuseNode(step.node, 'expected known scales, got none')
  const [height, width] = wanted
  const isWhole = factors.every((factor, i) => Number.isInteger(factor) && factor >= 1 && factor <= 16 && sameSize(scaleSize([map.height, map.width][i], factor), wanted[i]))
  if (isWhole) return step.network.add(step.node, 'resize', [map], { height, width }, { ...attributes, scale: factors })
  const like = [...step.network.maps.values()].find((other) => sameSize(other.height, height) && sameSize(other.width, width))
  if (!like) throw refuseNode(step.node, `expected 1 to 16 times the size, or that of another map, got ${factors.map((factor) => factor.toFixed(3)).join(' x ')}`)
  return step.network.add(step.node, 'resize', [map, like], { height, width }, attributes)
}

/** @param {Step} step @param {number} block @returns {FeatureMap} channels in DepthToSpace's DCR order, which is ours */
export function depthToSpace(step, block) {
  const map = asMap(step.network, step.input(0), step.node)
  if (step.attribute('mode', 'DCR') !== 'DCR') throw refuseNode(step.node, 'expected DCR for mode, got CRD')
  return step.network.add(step.node, 'depth_to_space', [map], { channels: map.channels / (block * block), height: scaleSize(map.height, block), width: scaleSize(map.width, block) }, { block })
}

/** @param {Step} step @returns {FeatureMap} */
export function maxPool(step) {
  const map = asMap(step.network, step.input(0), step.node)
  const list = (/** @type {string} */ name, /** @type {number[]} */ standard) => /** @type {number[]} */ (step.attribute(name, standard))
  const [kernel, stride, pads] = [list('kernel_shape', []), list('strides', [1, 1]), list('pads', [0, 0, 0, 0])]
  if (kernel.length !== 2 || step.attribute('ceil_mode', 0) !== 0 || list('dilations', [1, 1]).some((one) => one !== 1)) {
    throw refuseNode(step.node, 'expected two sides for kernel_shape, no ceil_mode and no dilation')
  }
  const out = (/** @type {Size} */ size, /** @type {number} */ i) => slideSize(size, pads[i] + pads[i + 2], kernel[i], stride[i])
  return step.network.add(step.node, 'max_pool', [map], { height: out(map.height, 0), width: out(map.width, 1) }, { kernel, stride, pads })
}
