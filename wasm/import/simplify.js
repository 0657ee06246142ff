/* simplify.js - a traced network -> the same with fewer nodes: pads, constants and activations inside the convolutions */
import { vector } from './network.js'

/**
 * @typedef {import('./network.js').NetworkNode} Node
 */

/** @param {Node[]} nodes @returns {Map<string, Node[]>} who reads each tensor */
function readersOf(nodes) {
  const readers = new Map()
  for (const node of nodes) for (const input of node.inputs) readers.set(input, [...(readers.get(input) ?? []), node])
  return readers
}

/** Remove a node and let its readers read another tensor. @param {Node[]} nodes @param {Node} gone @param {string} instead */
function bypass(nodes, gone, instead) {
  for (const node of nodes) node.inputs = node.inputs.map((input) => (input === gone.output ? instead : input))
  nodes.splice(nodes.indexOf(gone), 1)
}

/** Nodes that the output needs; a tensor whose size alone is read counts. @param {Node[]} nodes @param {string} output */
export function dropUnused(nodes, output) {
  const needed = new Set([output])
  for (const node of [...nodes].reverse()) if (needed.has(node.output)) node.inputs.forEach((input) => needed.add(input))
  return nodes.filter((node) => needed.has(node.output))
}

/** pad, then convolutions without pads of their own: the convolutions pad. @param {Node[]} nodes */
function foldPads(nodes) {
  for (const pad of nodes.filter((node) => node.op === 'pad')) {
    const readers = readersOf(nodes).get(pad.output) ?? []
    const fits = (/** @type {Node} */ node) => {
      const [, rows, columns] = node.weights.weight?.shape ?? []
      const dilation = node.attributes.dilation ?? [1, 1]
      const sides = [rows * dilation[0], columns * dilation[1]]
      return node.op === 'conv2d' && !node.attributes.pads && pad.attributes.pads.every((/** @type {number} */ side, /** @type {number} */ i) => side < sides[i % 2])
    }
    if (!readers.length || !readers.every(fits)) continue
    for (const node of readers) Object.assign(node.attributes, pad.attributes)
    bypass(nodes, pad, pad.inputs[0])
  }
}

const channelsOf = (/** @type {Node} */ node) => node.weights.weight.shape[0]

/** y * scale, y + shift after a convolution or a norm that no one else reads: in its weights. @param {Node[]} nodes @param {string} output */
function foldConstants(nodes, output) {
  for (const node of [...nodes]) {
    if ((node.op !== 'mul' && node.op !== 'add') || node.inputs.length !== 1) continue
    const maker = nodes.find((one) => one.output === node.inputs[0])
    const takes = maker && ((maker.op === 'conv2d' && !maker.attributes.activation) || ((maker.op === 'instance_norm' || maker.op === 'group_norm') && maker.weights.weight))
    if (!maker || !takes || readersOf(nodes).get(maker.output)?.length !== 1 || maker.output === output) continue
    const channels = channelsOf(maker)
    const values = vector(node.weights.weight.values, channels).values
    const bias = maker.weights.bias ?? vector([0], channels)
    if (node.op === 'add') {
      maker.weights.bias = vector(bias.values.map((one, i) => one + values[i]))
    } else {
      const { shape, values: old } = maker.weights.weight
      const each = old.length / channels
      maker.weights.weight = { shape, values: old.map((one, i) => one * values[Math.floor(i / each)]) }
      if (maker.weights.bias) maker.weights.bias = vector(bias.values.map((one, i) => one * values[i]))
    }
    if (node.output === output) {
      maker.output = node.output
      nodes.splice(nodes.indexOf(node), 1)
    } else {
      bypass(nodes, node, maker.output)
    }
  }
}

/** relu and clamp after a node that can do it. @param {Node[]} nodes @param {string} output */
function foldActivations(nodes, output) {
  for (const node of [...nodes]) {
    if (node.op !== 'relu' && node.op !== 'clamp') continue
    const maker = nodes.find((one) => one.output === node.inputs[0])
    if (!maker || !['conv2d', 'add', 'sub', 'mul'].includes(maker.op) || maker.attributes.activation || readersOf(nodes).get(maker.output)?.length !== 1 || maker.output === output || node.output === output) continue
    Object.assign(maker.attributes, node.op === 'relu' ? { activation: 'relu' } : { activation: 'clamp', ...node.attributes })
    bypass(nodes, node, maker.output)
  }
}

/**
 * @param {Node[]} traced
 * @param {string} output
 * @returns {Node[]}
 */
export function simplify(traced, output) {
  const nodes = dropUnused(traced, output).map((node) => ({ ...node, inputs: [...node.inputs], attributes: { ...node.attributes }, weights: { ...node.weights } }))
  foldConstants(nodes, output)
  foldPads(nodes)
  foldActivations(nodes, output)
  return nodes
}
