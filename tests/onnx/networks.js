/*
 * networks.js - the graphs of published generators, as their exporters write them, with made-up weights
 *
 * Layer by layer as in the papers and public definitions of AnimeGANv2, AnimeGANv3 and CartoonGAN; the notation is that of
 * tf2onnx (NHWC outside, statistics in single steps) and of PyTorch's exporter (NCHW, norms as InstanceNormalization).
 */
import { OnnxWriter } from './writer.js'

const mirror = (w, x, top, bottom = top) => w.node('Pad', [x], { mode: 'reflect', pads: [0, 0, top, top, 0, 0, bottom, bottom] })

/** tf2onnx: a mean, differences, their squares, a mean. */
function moments(w, x) {
  const mean = w.node('GlobalAveragePool', [x])
  const difference = w.node('Sub', [x, mean])
  const variance = w.node('GlobalAveragePool', [w.node('Mul', [difference, difference])])
  return { mean, difference, deviation: w.node('Sqrt', [w.node('Add', [variance, w.floats([1, 1, 1, 1], [w.half ? 2 ** -12 : 1e-7])])]) }
}

/** AnimeGANv3's LADE: x with the mean and deviation of a 1x1 convolution of it; tf2onnx divides in NHWC. */
function adaptive(w, x, channels) {
  const own = moments(w, x)
  const like = moments(w, w.node('Conv', [w.node('Pad', [x], { mode: 'reflect', pads: new Array(8).fill(0) }), w.weight([channels, channels, 1, 1])], { kernel_shape: [1, 1] }))
  const flat = (y) => w.node('Reshape', [y, w.wholes([4], [-1, 1, 1, channels])])
  const divided = w.node('Div', [w.node('Transpose', [own.difference], { perm: [0, 2, 3, 1] }), flat(own.deviation)])
  const scaled = w.node('Transpose', [w.node('Mul', [divided, flat(like.deviation)])], { perm: [0, 3, 1, 2] })
  return w.node('Add', [scaled, like.mean])
}

/** TensorFlow's layer norm over the whole picture: x * k + (beta - mean * k). */
function layerNorm(w, x, channels) {
  const over = { axes: [2, 3, 1], keepdims: 1 }
  const mean = w.node('ReduceMean', [x], over)
  const difference = w.node('Sub', [x, mean])
  const variance = w.node('ReduceMean', [w.node('Mul', [difference, difference])], over)
  const root = w.node('Sqrt', [w.node('Add', [variance, w.floats([1, 1, 1, 1], [w.half ? 2 ** -12 : 1e-7])])])
  const k = w.node('Mul', [w.node('Reciprocal', [root]), w.around([1, channels, 1, 1], 1, 0.2)])
  const shift = w.node('Sub', [w.around([1, channels, 1, 1], 0, 0.2), w.node('Mul', [mean, k])])
  return w.node('Add', [w.node('Mul', [x, k]), shift])
}

const leaky = (w, x) => w.node('LeakyRelu', [x], { alpha: 0.2 })

/** Rows and columns times 2, as TensorFlow's shape arithmetic writes it. */
function enlarge(w, x) {
  const shape = w.node('Gather', [w.node('Shape', [x]), w.wholes([4], [0, 2, 3, 1])], { axis: 0 })
  const sides = [1, 2].map((at) => w.node('Unsqueeze', [w.node('Mul', [w.wholes([], [2]), w.node('Squeeze', [w.node('Slice', [shape], { axes: [0], starts: [at], ends: [at + 1] })], { axes: [0] })])], { axes: [0] }))
  const wanted = w.node('Cast', [w.node('Concat', sides, { axis: 0 })], { to: 1 })
  const is = w.node('Cast', [w.node('Slice', [shape], { axes: [0], starts: [1], ends: [3] })], { to: 1 })
  const one = w.node('Cast', [w.floats([2], [1, 1])], { to: 1 })
  const wide = w.node('Upsample', [w.node('Cast', [x], { to: 1 }), w.node('Concat', [one, w.node('Div', [wanted, is])], { axis: 0 })], { mode: 'linear' })
  return w.node('Cast', [wide], { to: w.half ? 10 : 1 })
}

/** External attention: a softmax over all pixels, then over the sum of the channels. */
function attention(w, x, channels) {
  const one = (y, perm) => w.node('Transpose', [w.node('Unsqueeze', [y], { axes: [1] })], { perm })
  const convolved = (y) => w.node('Squeeze', [w.node('Conv', [y, w.weight([channels, channels, 1, 1])], { kernel_shape: [1, 1] })], { axes: [2] })
  const first = w.node('Transpose', [w.node('Conv', [x, w.weight([channels, channels, 1, 1])], { kernel_shape: [1, 1] })], { perm: [0, 2, 3, 1] })
  const lines = w.node('Reshape', [first, w.wholes([3], [1, -1, channels])])
  const softmax = w.node('Transpose', [w.node('Softmax', [convolved(one(lines, [0, 3, 1, 2]))], { axis: 2 })], { perm: [0, 2, 1] })
  const sum = w.node('ReduceSum', [softmax], { axes: [2], keepdims: 1 })
  const normed = w.node('Div', [softmax, w.node('Add', [w.floats([], [w.half ? 2 ** -12 : 1e-7]), sum])])
  const back = w.node('Transpose', [convolved(one(normed, [0, 3, 1, 2]))], { perm: [0, 2, 1] })
  const shape = w.node('Gather', [w.node('Shape', [x]), w.wholes([4], [0, 2, 3, 1])], { axis: 0 })
  const side = (at) => w.node('Slice', [shape], { axes: [0], starts: [at], ends: [at + 1] })
  const whole = w.node('Concat', [w.wholes([1], [1]), side(1), side(2), w.wholes([1], [channels])], { axis: 0 })
  const picture = w.node('Transpose', [w.node('Reshape', [back, whole])], { perm: [0, 3, 1, 2] })
  const last = w.node('Conv', [picture, w.weight([channels, channels, 1, 1]), w.around([channels], 0, 0.1)], { kernel_shape: [1, 1] })
  return leaky(w, w.node('Add', [last, x]))
}

/**
 * AnimeGANv3, tf2onnx, opset 9, NHWC.
 * @param {{width?: number, half?: boolean, portrait?: boolean}} [options] width: channels of the first layer (32 as published); portrait: layer norms, as its face network has
 * @returns {Uint8Array}
 */
export function animeGanV3({ width = 32, half = false, portrait = false } = {}) {
  const w = new OnnxWriter({ opset: 9, half, input: [1, 'H', 'W', 3], producer: 'tf2onnx' })
  const [a, b, c] = [width, width * 2, width * 4]
  const norm = portrait ? layerNorm : adaptive
  const layer = (x, from, to, side, stride = 1) => {
    const strided = stride === 2 ? mirror(w, x, 1, 0) : mirror(w, x, side >> 1)
    return leaky(w, norm(w, w.node('Conv', [strided, w.weight([to, from, side, side])], { strides: [stride, stride], kernel_shape: [side, side], group: 1, dilations: [1, 1] }), to))
  }
  const padded = w.node('Transpose', [w.node('Pad', ['input:0'], { mode: 'reflect', pads: [0, 3, 3, 0, 0, 3, 3, 0] })], { perm: [0, 3, 1, 2] })
  const full = leaky(w, norm(w, w.node('Conv', [padded, w.weight([a, 3, 7, 7])], { kernel_shape: [7, 7] }), a))
  const half1 = layer(layer(full, a, a, 3, 2), a, b, 3)
  const quarter = layer(layer(half1, b, b, 3, 2), b, c, 3)
  const eighth = layer(layer(quarter, c, c, 3, 2), c, c, 3)
  const up = (x, from, to, skip) => layer(w.node('Add', [layer(enlarge(w, x), from, to, 3), skip]), to, to, 3)
  const y = up(up(up(attention(w, eighth, c), c, c, quarter), c, b, half1), b, a, full)
  const out = w.node('Conv', [mirror(w, y, 3), w.weight([3, a, 7, 7])], { kernel_shape: [7, 7] })
  return w.finish(w.node('Transpose', [w.node('Tanh', [out])], { perm: [0, 2, 3, 1] }))
}

/** PyTorch's GroupNorm(1): reshaped, InstanceNormalization, reshaped back, times gamma plus beta. */
function groupNorm(w, x, channels) {
  const flat = w.node('Reshape', [x, w.wholes([3], [0, 1, -1])])
  const normed = w.node('InstanceNormalization', [flat, w.floats([1], [1]), w.floats([1], [0])], { epsilon: 1e-5 })
  const shaped = w.node('Reshape', [normed, w.node('Shape', [x])])
  return w.node('Add', [w.node('Mul', [shaped, w.around([channels, 1, 1], 1, 0.2)]), w.around([channels, 1, 1], 0, 0.2)])
}

/**
 * AnimeGANv2 as animegan2-pytorch exports it, opset 13, NCHW: 401 k MAC a pixel at full width.
 * @param {{width?: number, alignCorners?: boolean}} [options]
 * @returns {Uint8Array}
 */
export function animeGanV2({ width = 32, alignCorners = true } = {}) {
  const w = new OnnxWriter({ opset: 13, producer: 'pytorch' })
  const reflect = (x, top, bottom) => w.node('Pad', [x, w.wholes([8], [0, 0, top, top, 0, 0, bottom, bottom])], { mode: 'reflect' })
  const plain = (x, from, to, side, { stride = 1, groups = 1 } = {}) => {
    const padded = stride === 2 ? reflect(x, 0, 1) : side > 1 ? reflect(x, side >> 1, side >> 1) : x
    return groupNorm(w, w.node('Conv', [padded, w.weight([to, from / groups, side, side])], { strides: [stride, stride], kernel_shape: [side, side], group: groups }), to)
  }
  const layer = (...args) => leaky(w, plain(...args))
  const inverted = (x, from, to) => {
    const wide = layer(layer(x, from, 2 * from, 1), 2 * from, 2 * from, 3, { groups: 2 * from })
    const made = plain(wide, 2 * from, to, 1)
    return from === to ? w.node('Add', [x, made]) : made
  }
  const wide = (x) => {
    const shape = w.node('Shape', [x])
    const side = (at) => w.node('Mul', [w.node('Slice', [shape, w.wholes([1], [at]), w.wholes([1], [at + 1])]), w.wholes([1], [2])])
    const wanted = w.node('Concat', [w.node('Slice', [shape, w.wholes([1], [0]), w.wholes([1], [2])]), side(2), side(3)], { axis: 0 })
    return w.node('Resize', [x, '', '', wanted], { mode: 'linear', coordinate_transformation_mode: alignCorners ? 'align_corners' : 'pytorch_half_pixel' })
  }
  const [a, b, c, d] = [width, 2 * width, 4 * width, 8 * width]
  let x = layer(layer(layer('input:0', 3, a, 7), a, b, 3, { stride: 2 }), b, b, 3)
  x = layer(layer(x, b, c, 3, { stride: 2 }), c, c, 3)
  x = inverted(layer(x, c, c, 3), c, d)
  for (let i = 0; i < 3; i++) x = inverted(x, d, d)
  x = layer(layer(wide(layer(x, d, c, 3)), c, c, 3), c, c, 3)
  x = layer(layer(layer(wide(x), c, b, 3), b, b, 3), b, a, 7)
  return w.finish(w.node('Tanh', [w.node('Conv', [x, w.weight([3, a, 1, 1])], { kernel_shape: [1, 1] })]))
}

/** CartoonGAN: instance norms, residual blocks, transposed convolutions; opset 11, NCHW. @returns {Uint8Array} */
export function cartoonGan({ width = 16, blocks = 2 } = {}) {
  const w = new OnnxWriter({ opset: 11, producer: 'pytorch' })
  const conv = (x, from, to, side, { stride = 1, pad = 0 } = {}) => w.node('Conv', [x, w.weight([to, from, side, side]), w.around([to], 0, 0.1)], { strides: [stride, stride], pads: [pad, pad, pad, pad], kernel_shape: [side, side] })
  const reflect = (x, side) => w.node('Pad', [x, w.wholes([8], [0, 0, side, side, 0, 0, side, side])], { mode: 'reflect' })
  const norm = (x, channels) => w.node('InstanceNormalization', [x, w.around([channels], 1, 0.2), w.around([channels], 0, 0.2)], { epsilon: 1e-5 })
  const relu = (x) => w.node('Relu', [x])
  const up = (x, from, to) => conv(w.node('ConvTranspose', [x, w.weight([from, to, 3, 3]), w.around([to], 0, 0.1)], { strides: [2, 2], pads: [1, 1, 1, 1], output_padding: [1, 1], kernel_shape: [3, 3] }), to, to, 3, { pad: 1 })
  const [a, b, c] = [width, 2 * width, 4 * width]
  let x = relu(norm(conv(reflect('input:0', 3), 3, a, 7), a))
  x = relu(norm(conv(conv(x, a, b, 3, { stride: 2, pad: 1 }), b, b, 3, { pad: 1 }), b))
  x = relu(norm(conv(conv(x, b, c, 3, { stride: 2, pad: 1 }), c, c, 3, { pad: 1 }), c))
  for (let i = 0; i < blocks; i++) {
    const inner = relu(norm(conv(reflect(x, 1), c, c, 3), c))
    x = w.node('Add', [x, norm(conv(reflect(inner, 1), c, c, 3), c)])
  }
  x = relu(norm(up(x, c, b), b))
  x = relu(norm(up(x, b, a), a))
  return w.finish(w.node('Tanh', [conv(reflect(x, 3), a, 3, 7)]))
}

/** White-box Cartoonization's kind: no norms but folded batch norms, zero padding, skips; opset 13, NCHW. @returns {Uint8Array} */
export function whiteBox({ width = 16 } = {}) {
  const w = new OnnxWriter({ opset: 13, producer: 'pytorch' })
  const [a, b] = [width, 2 * width]
  const layer = (x, from, to, side, stride = 1) => {
    const made = w.node('Conv', [x, w.weight([to, from, side, side])], { strides: [stride, stride], auto_pad: 'SAME_UPPER', kernel_shape: [side, side] })
    const normed = w.node('BatchNormalization', [made, w.around([to], 1, 0.2), w.around([to], 0, 0.2), w.around([to], 0, 0.2), w.around([to], 1, 0.2)], { epsilon: 1e-3 })
    return leaky(w, normed)
  }
  const first = layer('input:0', 3, a, 7)
  const down = layer(layer(first, a, a, 3, 2), a, b, 3)
  const low = w.node('Clip', [layer(w.node('Add', [down, layer(down, b, b, 3)]), b, a, 3), w.floats([], [-2]), w.floats([], [2])])
  const wide = w.node('Resize', [low, '', w.floats([4], [1, 1, 2, 2])], { mode: 'linear', coordinate_transformation_mode: 'half_pixel' })
  const near = w.node('Resize', [low, '', w.floats([4], [1, 1, 2, 2])], { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' })
  const joined = w.node('Concat', [w.node('Add', [wide, first]), near], { axis: 1 })
  return w.finish(w.node('Tanh', [w.node('Conv', [layer(joined, 2 * a, a, 3), w.weight([3, a, 7, 7])], { pads: [3, 3, 3, 3], kernel_shape: [7, 7] })]))
}

/** What the tests compare with onnxruntime. */
export const NETWORKS = {
  'animegan3-lade': () => animeGanV3({ width: 8 }),
  'animegan3-half': () => animeGanV3({ width: 8, half: true }),
  'animegan3-portrait': () => animeGanV3({ width: 8, portrait: true }),
  'animegan2': () => animeGanV2(),
  'animegan2-half-pixel': () => animeGanV2({ width: 8, alignCorners: false }),
  'cartoongan': () => cartoonGan(),
  'white-box': () => whiteBox()
}
