/*
 * quantise.mjs - an imported model file in f32 and photos -> the same network with its convolutions in int8
 *
 * Each convolution takes and makes bytes, with quantize before it and dequantize after it where its neighbour works in f32:
 * the norms over the whole picture, leaky ReLU, sums, resizing. One convolution after another passes its bytes on. Weights have a
 * scale for each output channel; a tensor's bytes have a step and a zero, from the values that the photos give it in f32,
 * which TensorFlow.js computes here, as it shows all tensors. No training, no search: what any such tool does.
 */
import { readModelFile, writeModelFile } from './model-file.mjs'
import { makeTfjsNetwork } from './tfjs-network.mjs'

const LARGEST = 127
const FEWEST = 5 /* channels in and out: the first and the last convolution stay in f32, as is usual; the core is quick there */

/** Where a tensor's values lie, and the mean of each channel. */
class Range {
  low = 0 /* zero is a byte of its own in every tensor */
  high = 0
  #sums = /** @type {Float64Array|undefined} */ (undefined)
  #count = 0

  /** @param {Float32Array} values [1,H,W,C] @param {number} channels */
  add(values, channels) {
    this.#sums ??= new Float64Array(channels)
    for (let i = 0; i < values.length; i++) {
      this.low = Math.min(this.low, values[i])
      this.high = Math.max(this.high, values[i])
      this.#sums[i % channels] += values[i]
    }
    this.#count += values.length / channels
  }

  means() {
    return this.#sums.map((sum) => sum / this.#count)
  }

  bytes() {
    const step = Math.fround(Math.max(this.high - this.low, 1e-3) / 255)
    return { step, zero: Math.max(-128, Math.min(127, Math.round(-128 - this.low / step))) }
  }
}

/** @param {any} tf @param {Uint8Array} file @param {any} graph @param {{values: Float32Array, side: number}[]} photos @returns {Map<string, Range>} of what convolutions read and make */
function findRanges(tf, file, graph, photos) {
  const ranges = new Map(graph.nodes.filter((node) => node.op === 'conv2d').flatMap((node) => [[node.inputs[0], new Range()], [node.output, new Range()]]))
  const network = makeTfjsNetwork(tf, file)
  for (const { values, side } of photos) {
    ranges.get(graph.input.name)?.add(values, graph.input.channels)
    network(tf.tensor(values, [1, side, side, graph.input.channels]), (name, tensor) => ranges.get(name)?.add(tensor.dataSync(), tensor.shape[3])).dispose()
  }
  return ranges
}

/** [O,KH,KW,I] f32 -> I8, F32 scales [O], and what rounding does to the mean of each output channel. */
function quantiseWeight({ shape, values }, means) {
  const [channels, , , from] = shape
  const each = values.length / channels
  const bytes = new Int8Array(values.length)
  const scales = new Float32Array(channels)
  const lost = new Float32Array(channels)
  for (let o = 0; o < channels; o++) {
    const own = values.subarray(o * each, (o + 1) * each)
    scales[o] = Math.max(own.reduce((most, one) => Math.max(most, Math.abs(one)), 0), 1e-6) / LARGEST
    own.forEach((one, i) => {
      bytes[o * each + i] = Math.round(one / scales[o])
      lost[o] += (one - bytes[o * each + i] * scales[o]) * means[i % from]
    })
  }
  return { bytes: { shape, values: bytes }, scales: { shape: [channels], values: scales }, lost }
}

/** A graph's nodes with bytes around its convolutions. */
class Int8Graph {
  nodes = []
  weights
  #graph
  #floats
  #ranges

  /** @param {any} graph @param {Map<string, any>} weights in f32 @param {Map<string, Range>} ranges */
  constructor(graph, weights, ranges) {
    this.#graph = graph
    this.#floats = weights
    this.#ranges = ranges
    const replaced = new Set(graph.nodes.filter((node) => this.#isInt8(node)).flatMap((node) => [node.weight, node.bias]))
    this.weights = new Map([...weights].filter(([name]) => !replaced.has(name)))
    for (const node of graph.nodes) {
      if (this.#isInt8(node)) this.#addConvolution(node)
      else this.nodes.push(node)
    }
  }

  #isInt8(node) {
    if (node?.op !== 'conv2d') return false
    const { shape } = this.#floats.get(node.weight)
    return Math.min(shape[0], shape[3]) >= FEWEST
  }

  /** Reflected pads are f32's alone: such a convolution reads f32, and a pad comes before it. */
  #isPadded(node) {
    return (node.pads ?? []).some((side) => side > 0)
  }

  #isReadAsFloats(name) {
    const takesBytes = (node) => this.#isInt8(node) && !this.#isPadded(node)
    return this.#graph.outputs.includes(name) || this.#graph.nodes.some((node) => node.inputs.includes(name) && !takesBytes(node))
  }

  #add(op, input, output, attributes = {}) {
    if (!this.nodes.some((node) => node.output === output)) this.nodes.push({ op, inputs: [input], output, ...attributes })
    return output
  }

  /** @returns {string} the tensor of bytes that a convolution reads */
  #bytesFor(node) {
    const [source] = node.inputs
    const isBytes = this.#graph.nodes.some((maker) => maker.output === source && this.#isInt8(maker))
    if (isBytes && !this.#isPadded(node)) return `${source}.bytes`
    const floats = this.#isPadded(node) ? this.#add('pad', source, `${node.output}.padded`, { pads: node.pads, padding: node.padding }) : source
    return this.#add('quantize', floats, `${floats}.bytes`, this.#ranges.get(source).bytes())
  }

  #addConvolution(node) {
    const { pads, padding, ...convolution } = node
    const { output } = node
    const bytes = this.#bytesFor(node)
    const made = quantiseWeight(this.#floats.get(node.weight), this.#ranges.get(node.inputs[0]).means())
    const bias = this.#floats.get(node.bias)?.values
    this.weights.set(node.weight, made.bytes).set(`${node.weight}.scale`, made.scales)
    this.weights.set(`${output}.bias`, { shape: made.scales.shape, values: made.lost.map((lost, o) => lost + (bias?.[o] ?? 0)) })
    this.nodes.push({ ...convolution, inputs: [bytes], output: `${output}.bytes`, bias: `${output}.bias`, ...this.#ranges.get(output).bytes() })
    if (this.#isReadAsFloats(output)) this.#add('dequantize', `${output}.bytes`, output)
  }
}

/**
 * @param {any} tf
 * @param {Uint8Array} file a model file in f32
 * @param {{values: Float32Array, side: number}[]} photos in the file's range
 * @returns {(more: Record<string, string>) => Uint8Array} the file in int8, with more metadata
 */
export function quantise(tf, file, photos) {
  const { metadata, graph, weights } = readModelFile(file)
  const made = new Int8Graph(graph, weights, findRanges(tf, file, graph, photos))
  return (more) => writeModelFile({ ...metadata, ...more, precision: 'int8' }, { ...graph, nodes: made.nodes }, made.weights)
}
