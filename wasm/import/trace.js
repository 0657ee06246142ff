/* trace.js - an ONNX graph, followed from its input to its output -> a network; what is not understood is named */
import * as activation from './activation.js'
import * as arithmetic from './arithmetic.js'
import { convolve, convolveTransposed, pad } from './convolution.js'
import * as layout from './layout.js'
import { Network } from './network.js'
import { asMap } from './norms.js'
import { refuseFile, refuseNode, shown } from './refuse.js'
import { depthToSpace, maxPool, resize } from './resize.js'
import * as shapes from './shapes.js'
import { makeSize } from './sizes.js'
import { numbers, valueText } from './values.js'

/**
 * @typedef {import('./onnx.js').OnnxGraph} OnnxGraph
 * @typedef {import('./onnx.js').OnnxNode} OnnxNode
 * @typedef {import('./values.js').Value} Value
 */

/** One node and what its inputs turned out to be. */
export class Step {
  /** @param {OnnxNode} node @param {Network} network @param {Map<string, Value>} values @param {number} opset */
  constructor(node, network, values, opset) {
    this.node = node
    this.network = network
    this.opset = opset
    this.values = values
  }

  /** @param {number} place @returns {Value|undefined} */
  optional(place) {
    const name = this.node.inputs[place]
    return name ? this.values.get(name) : undefined
  }

  /** @param {number} place @returns {Value} */
  input(place) {
    const value = this.optional(place)
    if (!value) throw refuseNode(this.node, `expected input ${place} to be made before it, got ${shown(this.node.inputs[place] ?? '')}`)
    return value
  }

  /** @param {string} name @param {unknown} standard @returns {unknown} */
  attribute(name, standard) {
    const value = this.node.attributes.get(name)
    if (value === undefined) return standard
    if (standard !== undefined && Array.isArray(standard) !== Array.isArray(value) && !(typeof value === 'object' && 'kind' in value)) {
      throw refuseNode(this.node, `expected ${Array.isArray(standard) ? 'a list' : `a ${typeof standard}`} for ${name}, got ${shown(JSON.stringify(value))}`)
    }
    return value
  }
}

/** Axes of a reduction: an attribute, or an input since opset 13 and 18. @param {Step} step */
function reduced(step) {
  const value = step.input(0)
  const rank = 'axes' in value ? value.axes.length : value.dims.length
  return /** @type {number[]} */ (step.attribute('axes', numbers(step.optional(1)) ?? Array.from({ length: rank }, (_, i) => i)))
}

const keeps = (/** @type {Step} */ step) => step.attribute('keepdims', 1) === 1
const same = (/** @type {Step} */ step) => step.input(0)

/** @type {Record<string, (step: Step) => Value>} */
const OPERATORS = {
  Add: (step) => arithmetic.combine(step, 'Add'),
  BatchNormalization: activation.batchNorm,
  Cast: same,
  Ceil: same,
  Clip: activation.clip,
  Concat: shapes.concat,
  Constant: shapes.constantNode,
  ConstantOfShape: shapes.constantOfShape,
  Conv: convolve,
  ConvTranspose: convolveTransposed,
  DepthToSpace: (step) => depthToSpace(step, /** @type {number} */ (step.attribute('blocksize', 2))),
  Div: (step) => arithmetic.combine(step, 'Div'),
  Dropout: same,
  Floor: same,
  Gather: shapes.gather,
  GlobalAveragePool: (step) => arithmetic.mean(step, [2, 3], true),
  GroupNormalization: activation.groupNormalization,
  HardSwish: activation.hardSwish,
  Identity: same,
  InstanceNormalization: activation.instanceNorm,
  LeakyRelu: (step) => activation.unary(step, 'leaky_relu', { alpha: step.attribute('alpha', 0.01) }),
  MaxPool: maxPool,
  Mul: (step) => arithmetic.combine(step, 'Mul'),
  PRelu: activation.prelu,
  Pad: pad,
  Pow: arithmetic.power,
  Reciprocal: arithmetic.reciprocalOf,
  ReduceMean: (step) => arithmetic.mean(step, reduced(step), keeps(step)),
  ReduceSum: (step) => arithmetic.channelSum(step, reduced(step), keeps(step)),
  Relu: (step) => activation.unary(step, 'relu'),
  Reshape: layout.reshape,
  Resize: resize,
  Shape: shapes.shapeOf,
  Sigmoid: (step) => activation.unary(step, 'sigmoid'),
  Slice: shapes.slice,
  Softmax: activation.softmax,
  Sqrt: arithmetic.squareRootOf,
  Squeeze: layout.squeeze,
  Sub: (step) => arithmetic.combine(step, 'Sub'),
  Tanh: (step) => activation.unary(step, 'tanh'),
  Transpose: layout.transpose,
  Unsqueeze: layout.unsqueeze,
  Upsample: resize
}

/** The nodes that the output needs. @param {OnnxGraph} graph @returns {Set<OnnxNode>} */
function neededNodes(graph) {
  const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((output) => /** @type {[string, OnnxNode]} */ ([output, node]))))
  const needed = new Set()
  const open = [graph.outputs[0]]
  while (open.length) {
    const node = makers.get(/** @type {string} */ (open.pop()))
    if (!node || needed.has(node)) continue
    needed.add(node)
    open.push(...node.inputs)
  }
  return needed
}

/** @param {OnnxGraph} graph @returns {import('./values.js').FeatureMap} */
function inputMap(graph) {
  if (graph.inputs.length !== 1) throw refuseFile(`expected one input, a picture, got ${graph.inputs.length}`)
  if (graph.outputs.length !== 1) throw refuseFile(`expected one output, a picture, got ${graph.outputs.length}`)
  const { name, dims } = graph.inputs[0]
  const rows = dims.length === 4 && dims[1] === 3 && dims[3] !== 3
  const columns = dims.length === 4 && dims[3] === 3 && dims[1] !== 3
  if (!rows && !columns) throw refuseFile(`expected an input [1,3,H,W] or [1,H,W,3], got ${shown(name)} [${dims.map((dim) => dim ?? '?')}]`)
  const axes = /** @type {import('./values.js').Axes} */ (rows ? [[], ['C'], ['H'], ['W']] : [[], ['H'], ['W'], ['C']])
  return { kind: 'map', tensor: 'image', axes, channels: 3, height: makeSize('H', 1, 1, 0), width: makeSize('W', 1, 1, 0) }
}

/**
 * @param {OnnxGraph} graph
 * @returns {{network: Network, output: string}}
 * @throws {import('../js/errors.js').P2AError} MODEL
 */
export function traceGraph(graph) {
  const network = new Network()
  const input = inputMap(graph)
  /** @type {Map<string, Value>} */
  const values = new Map(graph.constants)
  values.set(graph.inputs[0].name, input)
  network.maps.set(input.tensor, input)
  const needed = neededNodes(graph)
  for (const node of graph.nodes) {
    if (!needed.has(node)) continue
    const operator = Object.hasOwn(OPERATORS, node.op) ? OPERATORS[node.op] : undefined
    if (!operator) throw refuseNode(node, `expected an operator of image-to-image generators, got ${shown(node.op)}`)
    values.set(node.outputs[0], operator(new Step(node, network, values, graph.opset)))
  }
  const last = graph.nodes.find((node) => node.outputs[0] === graph.outputs[0])
  const made = values.get(graph.outputs[0])
  if (!made || !last) throw refuseFile(`expected a node that makes the output ${shown(graph.outputs[0])}, got none`)
  const output = asMap(network, made, last, 'a picture')
  if (output.channels !== 3 || output.height.num !== output.height.den || output.width.num !== output.width.den || output.height.add || output.width.add) {
    throw refuseNode(last, `expected a picture of 3 channels and the input's size, got ${valueText(output)}`)
  }
  return { network, output: output.tensor }
}
