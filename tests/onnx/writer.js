/* writer.js - an ONNX file, node by node, with made-up weights that are the same on every machine */
import protobuf from 'protobufjs/light.js'

import { exactHalf } from '../../wasm/import/half.js'
import { ONNX_SCHEMA } from '../../wasm/import/onnx-schema.js'

const root = protobuf.Root.fromJSON(ONNX_SCHEMA)
const [FLOAT, HALF] = [1, 10]

/** xorshift32: whole numbers only, so that every machine makes the same weights. */
function* randomNumbers(seed) {
  for (let x = seed; ; ) {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    yield (x >> 16) / 32768
  }
}

export class OnnxWriter {
  nodes = []
  initializers = []
  #count = 0

  /** @param {{opset?: number, half?: boolean, seed?: number, input?: (number|string)[], producer?: string}} [options] half: weights and values as float16 */
  constructor({ opset = 13, half = false, seed = 1, input = [1, 3, 'H', 'W'], producer = 'writer.js' } = {}) {
    Object.assign(this, { opset, half, input, producer })
    this.random = randomNumbers(seed)
  }

  /** @param {string} op @param {string[]} inputs @param {Record<string, any>} [attributes] @returns {string} its output */
  node(op, inputs, attributes = {}) {
    const name = `${op}_${this.#count++}`
    this.nodes.push({ op, name, inputs, outputs: [`${name}:0`], attributes: Object.entries(attributes).map(([key, value]) => this.#attribute(key, value)) })
    return `${name}:0`
  }

  #attribute(name, value) {
    if (typeof value === 'string') return { name, type: 3, s: new TextEncoder().encode(value) }
    if (Array.isArray(value)) return Number.isInteger(value[0] ?? 0) ? { name, type: 7, ints: value } : { name, type: 6, floats: value }
    if (typeof value === 'object') return { name, type: 4, t: value }
    return Number.isInteger(value) && name !== 'alpha' && name !== 'epsilon' ? { name, type: 2, i: value } : { name, type: 1, f: value }
  }

  /** @param {number[]} dims @param {ArrayLike<number>} values @returns {string} its name */
  floats(dims, values) {
    const name = `weight_${this.initializers.length}`
    const bytes = this.half ? new Uint16Array(values.length) : new Float32Array(values.length)
    for (let i = 0; i < values.length; i++) bytes[i] = this.half ? exactHalf(Math.round(values[i] * 4096) / 4096) : values[i]
    this.initializers.push({ name, dims, type: this.half ? HALF : FLOAT, raw: new Uint8Array(bytes.buffer) })
    return name
  }

  /** @param {number[]} dims @param {number[]} values */
  wholes(dims, values) {
    const name = `whole_${this.initializers.length}`
    this.initializers.push({ name, dims, type: 7, raw: new Uint8Array(BigInt64Array.from(values, BigInt).buffer) })
    return name
  }

  /** Weights whose products keep the size of what they multiply. @param {number[]} dims [O,I,KH,KW] */
  weight(dims) {
    const inputs = dims.slice(1).reduce((product, side) => product * side, 1)
    return this.floats(dims, Float32Array.from({ length: inputs * dims[0] }, () => this.random.next().value * Math.sqrt(3 / inputs)))
  }

  /** Numbers around a middle, for gammas and betas. @param {number[]} dims @param {number} middle @param {number} spread */
  around(dims, middle, spread) {
    const count = dims.reduce((product, side) => product * side, 1)
    return this.floats(dims, Float32Array.from({ length: count }, () => middle + spread * this.random.next().value))
  }

  /** @param {string} output @returns {Uint8Array} the file */
  finish(output) {
    const type = (dims) => ({ tensor: { elemType: this.half ? HALF : FLOAT, shape: { dims: dims.map((dim) => (typeof dim === 'number' ? { value: dim } : { param: dim })) } } })
    const Model = root.lookupType('Model')
    return Model.encode(Model.fromObject({
      irVersion: 8,
      producer: this.producer,
      opsets: [{ domain: '', version: this.opset }],
      graph: {
        nodes: this.nodes,
        initializers: this.initializers,
        inputs: [{ name: 'input:0', type: type(this.input) }],
        outputs: [{ name: output, type: type(this.input.map((dim) => (typeof dim === 'number' ? dim : `${dim}_out`))) }]
      }
    })).finish()
  }
}
