/* network.js - the network that the import builds: nodes of docs/model-file.md with their weights */

/**
 * @typedef {import('./values.js').FeatureMap} FeatureMap
 * @typedef {import('./refuse.js').Source} Source
 *
 * @typedef {object} Weight
 * @property {number[]} shape
 * @property {Float32Array} values
 *
 * @typedef {object} NetworkNode
 * @property {string} op
 * @property {string[]} inputs
 * @property {string} output
 * @property {Record<string, any>} attributes
 * @property {Record<string, Weight>} weights "weight" and "bias"
 * @property {Source} source
 */

export class Network {
  /** @type {NetworkNode[]} */
  nodes = []
  /** @type {Map<string, FeatureMap>} made tensors, for resizing to another's size */
  maps = new Map()

  /**
   * @param {Source} source
   * @param {string} op
   * @param {FeatureMap[]} inputs
   * @param {Partial<FeatureMap>} made what differs from the first input
   * @param {Record<string, any>} [attributes]
   * @param {Record<string, Weight>} [weights]
   * @returns {FeatureMap}
   */
  add(source, op, inputs, made = {}, attributes = {}, weights = {}) {
    const output = `${op}_${this.nodes.length}`
    this.nodes.push({ op, inputs: inputs.map((input) => input.tensor), output, attributes, weights, source })
    const map = { ...inputs[0], ...made, tensor: output }
    this.maps.set(output, map)
    return map
  }
}

/** @param {ArrayLike<number>} values @param {number} [channels] repeated where it is one number @returns {Weight} */
export function vector(values, channels = values.length) {
  const filled = values.length === 1 ? new Float32Array(channels).fill(values[0]) : Float32Array.from(values)
  return { shape: [filled.length], values: filled }
}
