/*
 * tfjs-network.mjs - a model file's graph -> TensorFlow.js operators, node by node; runs in Node and in a page
 *
 * Only the operators of AnimeGANv3's graph; where tfjs-backend-wasm 4.22 has a much faster way than the obvious one, that. Tensors are [1,H,W,C] f32.
 */
import { readModelFile } from './model-file.mjs'

const FULL_BYTES = 4e9 /* wasm's 4 GiB, less what its largest tensors here leave unused */

/** Means over all pixels as a product with ones: tf.mean transposes the whole map first, which takes 17 times as long. */
function mean(tf, x) {
  const [, rows, columns, channels] = x.shape
  const shares = tf.fill([1, rows * columns], 1 / (rows * columns))
  return tf.reshape(tf.matMul(shares, tf.reshape(x, [rows * columns, channels])), [1, 1, 1, channels])
}

function moments(tf, x) {
  const middle = mean(tf, x)
  return { middle, variance: tf.tidy(() => mean(tf, tf.squaredDifference(x, middle))) }
}

function pad(tf, x, [top, left, bottom, right], kind) {
  const sides = [[0, 0], [top, bottom], [left, right], [0, 0]]
  if (top + left + bottom + right === 0) return x
  if (kind === 'reflect') return tf.mirrorPad(x, sides, 'reflect')
  if (kind === 'zero') return tf.pad(x, sides)
  throw new Error(`expected padding zero or reflect, got ${kind}`)
}

/** a with the mean and the deviation of b: one product and one sum a channel. */
function adaptiveNorm(tf, a, b, eps) {
  const [own, like] = [moments(tf, a), moments(tf, b)]
  const scale = tf.div(tf.sqrt(tf.add(like.variance, eps)), tf.sqrt(tf.add(own.variance, eps)))
  return tf.add(tf.mul(a, scale), tf.sub(like.middle, tf.mul(own.middle, scale)))
}

/** tf.softmax is over the last axis: that has to be the pixels. */
function spatialSoftmax(tf, x) {
  const [, rows, columns, channels] = x.shape
  return tf.reshape(tf.transpose(tf.softmax(tf.transpose(tf.reshape(x, [rows * columns, channels])))), x.shape)
}

const OPERATORS = {
  conv2d(tf, node, [x], { weight, bias }) {
    const padded = pad(tf, x, node.pads ?? [0, 0, 0, 0], node.padding ?? 'zero')
    const made = tf.conv2d(padded, weight, node.stride ?? [1, 1], 'valid')
    return bias ? tf.add(made, bias) : made
  },
  resize(tf, node, [x]) {
    return tf.image.resizeBilinear(x, [x.shape[1] * node.scale[0], x.shape[2] * node.scale[1]], false, !node.asymmetric)
  },
  add: (tf, node, [a, b]) => tf.add(a, b),
  leaky_relu: (tf, node, [x]) => tf.leakyRelu(x, node.alpha),
  tanh: (tf, node, [x]) => tf.tanh(x),
  adaptive_norm: (tf, node, [a, b]) => adaptiveNorm(tf, a, b, node.eps),
  spatial_softmax: (tf, node, [x]) => spatialSoftmax(tf, x),
  sum_norm: (tf, node, [x]) => tf.div(x, tf.add(tf.sum(x, 3, true), node.eps))
}

const isKnown = (node) => node.op in OPERATORS && !('activation' in node) && !('dilation' in node) && (node.groups ?? 1) === 1 && (node.op !== 'resize' || node.mode === 'bilinear')

/** Weights as tfjs wants them: a convolution's [O,KH,KW,I] is [KH,KW,I,O] there. */
function makeWeights(tf, node, weights) {
  const made = {}
  if (node.weight) {
    const { shape, values } = weights.get(node.weight)
    made.weight = tf.tidy(() => tf.transpose(tf.tensor(values, shape), [1, 2, 3, 0]))
  }
  if (node.bias) made.bias = tf.tensor(weights.get(node.bias).values)
  return made
}

/**
 * @param {any} tf TensorFlow.js with its backend set
 * @param {Uint8Array} file a model file in f32
 * @returns {(image: any, watch?: (name: string, tensor: any) => void) => any} the input's tensor (disposed of) -> the output's; watch sees each tensor
 */
export function makeTfjsNetwork(tf, file) {
  const { graph, weights } = readModelFile(file)
  const steps = graph.nodes.map((node) => {
    if (!isKnown(node)) throw new Error(`expected an operator of AnimeGANv3's graph, got ${JSON.stringify(node)}`)
    return { node, weights: makeWeights(tf, node, weights) }
  })
  const lastReader = new Map(graph.nodes.flatMap((node, i) => node.inputs.map((name) => [name, i])))
  return (image, watch) => {
    const tensors = new Map([[graph.input.name, image]])
    steps.forEach((step, i) => {
      const { node } = step
      const made = tf.tidy(() => OPERATORS[node.op](tf, node, node.inputs.map((name) => tensors.get(name)), step.weights))
      watch?.(node.output, made)
      tensors.set(node.output, made)
      for (const name of new Set(node.inputs)) if (lastReader.get(name) === i) tensors.get(name).dispose()
    })
    return tensors.get(graph.outputs[0])
  }
}

/** @param {any} tf @param {Uint8Array} file @param {Float32Array} values a picture's, side x side x 3 @param {number} side @returns {() => Promise<number>} ms from values to values */
export function makeTfjsRun(tf, file, values, side) {
  const network = makeTfjsNetwork(tf, file)
  return async () => {
    const before = performance.now()
    const made = network(tf.tensor(values, [1, side, side, 3]))
    await made.data()
    const ms = performance.now() - before
    made.dispose()
    /* where XNNPACK finds no memory its kernels go on with whatever lay there: no time of this network */
    if (tf.backend().wasm.HEAPU8.length > FULL_BYTES) throw new Error('no memory: its 4 GB are full')
    return ms
  }
}
