/* norms.js - a feature map times a formula plus a formula -> the norm that they are */
import { addFormulas, constantOf, multiplyFormulas, negate, symbolFormula, symbolOf } from './formulas.js'
import { vector } from './network.js'
import { refuseNode } from './refuse.js'
import { axesText } from './values.js'

/**
 * @typedef {import('./formulas.js').Formula} Formula
 * @typedef {import('./values.js').FeatureMap} FeatureMap
 * @typedef {import('./values.js').Scaled} Scaled
 * @typedef {import('./values.js').Value} Value
 * @typedef {import('./network.js').Network} Network
 * @typedef {import('./refuse.js').Source} Source
 */

const EPS_MIN = 1e-30 /* the model file wants a number above 0 */

/** @param {Formula} a @param {Formula} b equal, but for rounding */
function sameFormula(a, b) {
  return addFormulas(a, negate(b)).every((term) => term.coefficient.every((value) => Math.abs(value) < 1e-6))
}

/** @param {number[]} values @param {number} value */
const isAll = (values, value) => values.every((one) => one === value)

/** The symbols of a formula's only term, by power. @param {Formula} formula */
function onlyTerm(formula) {
  if (formula.length !== 1) return undefined
  const symbols = [...formula[0].powers].map(([key, power]) => ({ ...symbolOf(key), power }))
  return { coefficient: formula[0].coefficient, above: symbols.filter((s) => s.power === 1), below: symbols.filter((s) => s.power === -1), count: symbols.length }
}

/** gamma x (x - mean) / deviation + beta. @param {Network} network @param {Scaled} value @param {Source} source */
function writeNorm(network, value, source) {
  const term = onlyTerm(value.scale)
  const deviation = term?.below[0]
  if (!term || !deviation || term.count !== 1 || deviation.of !== 'deviation' || deviation.tensor !== value.map.tensor) return undefined
  const mean = symbolFormula({ of: 'mean', tensor: deviation.tensor, all: deviation.all, eps: 0 })
  const beta = constantOf(addFormulas(value.shift, multiplyFormulas(mean, value.scale)))
  if (!beta) return undefined
  const { channels } = value.map
  const attributes = { eps: Math.max(deviation.eps, EPS_MIN), ...(deviation.all ? { groups: 1 } : {}) }
  const weights = { weight: vector(term.coefficient, channels), bias: vector(beta, channels) }
  const plain = isAll(term.coefficient, 1) && isAll(beta, 0)
  return network.add(source, deviation.all ? 'group_norm' : 'instance_norm', [value.map], { axes: value.axes }, attributes, plain ? {} : weights)
}

/** (x - mean x) / deviation x * deviation y + mean y. @param {Network} network @param {Scaled} value @param {Source} source */
function writeAdaptiveNorm(network, value, source) {
  const term = onlyTerm(value.scale)
  const [own, other] = [term?.below[0], term?.above[0]]
  if (!term || !own || !other || term.count !== 2 || !isAll(term.coefficient, 1)) return undefined
  if (own.of !== 'deviation' || other.of !== 'deviation' || own.all || other.all || own.eps !== other.eps || own.tensor !== value.map.tensor) return undefined
  const [ownMean, otherMean] = [own, other].map(({ tensor }) => symbolFormula({ of: 'mean', tensor, all: false, eps: 0 }))
  if (!sameFormula(value.shift, addFormulas(otherMean, negate(multiplyFormulas(ownMean, value.scale))))) return undefined
  const like = network.maps.get(other.tensor)
  if (!like || like.channels !== value.map.channels) return undefined
  return network.add(source, 'adaptive_norm', [value.map, like], { axes: value.axes }, { eps: Math.max(own.eps, EPS_MIN) })
}

/** Constants only: a product and a sum, which may be folded into a convolution later. @param {Network} network @param {Scaled} value @param {Source} source */
function writeConstants(network, value, source) {
  const [scale, shift] = [constantOf(value.scale), constantOf(value.shift)]
  if (!scale || !shift) return undefined
  let map = value.map
  if (!isAll(scale, 1)) map = network.add(source, 'mul', [map], {}, {}, { weight: vector(scale, map.channels) })
  if (!isAll(shift, 0)) map = network.add(source, 'add', [map], {}, {}, { weight: vector(shift, map.channels) })
  return { ...map, axes: value.axes }
}

/**
 * @param {Network} network
 * @param {Value|undefined} value
 * @param {Source} source who wants it
 * @param {string} what for messages
 * @returns {FeatureMap} with nodes for what was only a formula so far
 */
export function asMap(network, value, source, what = 'a feature map') {
  if (value?.kind === 'map') return value
  if (value?.kind === 'scaled') {
    value.made ??= writeConstants(network, value, source) ?? writeNorm(network, value, source) ?? writeAdaptiveNorm(network, value, source)
    if (!value.made) throw refuseNode(source, 'expected a norm of a known kind before it (instance, group, layer over the picture, batch, adaptive), got another formula of means and deviations')
    return { ...value.made, axes: value.axes }
  }
  if (value?.kind === 'statistic') {
    const term = onlyTerm(value.formula)
    const mean = term?.above[0]
    const of = mean && network.maps.get(mean.tensor)
    if (of && term.count === 1 && mean.of === 'mean' && !mean.all && isAll(term.coefficient, 1)) {
      return network.add(source, 'mean', [of], { axes: value.axes, height: { axis: null, num: 0, den: 1, add: 1 }, width: { axis: null, num: 0, den: 1, add: 1 } })
    }
  }
  throw refuseNode(source, `expected ${what}, got ${value && 'axes' in value ? `a ${value.kind.replace('_', ' ')} ${axesText(value.axes)}` : value?.kind ?? 'none'}`)
}

/** @param {Value|undefined} value @returns {Scaled|undefined} a map as x times 1 plus 0 */
export function asScaled(value) {
  if (value?.kind === 'scaled') return value.made ? asScaled({ ...value.made, axes: value.axes }) : value
  if (value?.kind !== 'map') return undefined
  return { kind: 'scaled', map: value, scale: [{ coefficient: [1], powers: new Map() }], shift: [], axes: value.axes }
}
