/* import-hostile.test.js - ONNX files that are damaged, hostile or of another kind: refused, with the node and its operator */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

import { importOnnx } from '../../wasm/import/import.js'
import { NETWORKS } from '../onnx/networks.js'
import { OnnxWriter } from '../onnx/writer.js'

/** A small network that ends in what `build` adds. */
function file(build, options) {
  const w = new OnnxWriter(options)
  return w.finish(build(w, (x, from = 3, to = 3) => w.node('Conv', [x, w.weight([to, from, 1, 1])], { kernel_shape: [1, 1] })))
}

/** Other bytes at the tensors' place in the file. */
function withTensor(change) {
  const w = new OnnxWriter()
  const weight = w.weight([3, 3, 1, 1])
  change(w.initializers[0])
  return w.finish(w.node('Conv', ['input:0', weight], { kernel_shape: [1, 1] }))
}

const CASES = [
  ['an empty file', () => new Uint8Array(0), /expected an ONNX file with a graph of nodes, got none/],
  ['a picture', () => new TextEncoder().encode('\x89PNG\r\n\x1a\n and so on'), /expected an ONNX file/],
  ['a file that was cut', () => NETWORKS['white-box']().slice(0, 9000), /expected an ONNX file, got bytes that are not one/],
  ['an operator that no generator has', () => file((w, conv) => w.node('Einsum', [conv('input:0')], { equation: 'bchw->bcwh' })), /^node "Einsum_1" \(Einsum\): expected an operator of image-to-image generators/],
  ['a name from Object.prototype as operator', () => file((w, conv) => w.node('constructor', [conv('input:0')])), /^node "constructor_1" \(constructor\): expected an operator/],
  ['a loop through itself', () => file((w, conv) => (w.nodes.push({ op: 'Add', name: 'knot', inputs: ['knot:0', 'input:0'], outputs: ['knot:0'], attributes: [] }), conv('knot:0'))), /^node "knot" \(Add\): expected input 0 to be made before it, got "knot:0"/],
  ['a weight that is not there', () => file((w) => w.node('Conv', ['input:0', 'nowhere'], { kernel_shape: [1, 1] })), /^node "Conv_0" \(Conv\): expected input 1 to be made before it, got "nowhere"/],
  ['a weight for other channels', () => file((w, conv) => conv('input:0', 5, 3)), /^node "Conv_0" \(Conv\): expected a weight for 3 channels in 1 groups, got \[3,5,1,1\]/],
  ['a tensor of 10^15 values', () => withTensor((t) => Object.assign(t, { dims: [1e5, 1e5, 1e5], raw: new Uint8Array(4) })), /tensor "weight_0": expected at most \d+ values, got the shape \[100000,100000,100000\]/],
  ['a tensor shorter than its shape', () => withTensor((t) => Object.assign(t, { raw: t.raw.subarray(4) })), /tensor "weight_0": expected 36 bytes for its shape, got 32/],
  ['a tensor in another file', () => withTensor((t) => Object.assign(t, { location: 1 })), /tensor "weight_0": expected values inside the file/],
  ['quantised weights', () => withTensor((t) => Object.assign(t, { type: 3, raw: new Uint8Array(9) })), /tensor "weight_0": expected float, .* got int8/],
  ['a weight that is not a number', () => withTensor((t) => Object.assign(t, { raw: new Uint8Array(new Float32Array(9).fill(NaN).buffer) })), /tensor "weight_0": expected finite numbers, got NaN/],
  ['a classifier', () => file((w, conv) => w.node('GlobalAveragePool', [conv('input:0')])), /^node "GlobalAveragePool_1" \(GlobalAveragePool\): expected a picture of 3 channels and the input's size/],
  ['another norm', () => file((w, conv) => { const x = conv('input:0'); return conv(w.node('Sub', [x, w.node('GlobalAveragePool', [x])])) }), /^node "Conv_3" \(Conv\): expected a norm of a known kind before it/],
  ['cubic resizing', () => file((w, conv) => w.node('Resize', [conv('input:0'), '', w.floats([4], [1, 1, 2, 2])], { mode: 'cubic' })), /^node "Resize_1" \(Resize\): expected nearest or linear for mode, got cubic/],
  ['a shape for one size only', () => file((w, conv) => w.node('Reshape', [conv('input:0'), w.wholes([4], [1, 3, 256, 256])])), /^node "Reshape_1" \(Reshape\): expected a shape that only joins or parts axes, got \[1,3,256,256\]/],
  ['weights that are computed', () => file((w, conv) => w.node('Conv', ['input:0', conv('input:0')], { kernel_shape: [1, 1] })), /^node "Conv_1" \(Conv\): expected a constant weight, got a feature map/],
  ['text for a list', () => file((w) => w.node('Conv', ['input:0', w.weight([3, 3, 1, 1])], { strides: 'two' })), /^node "Conv_0" \(Conv\): expected a list for strides/],
  ['an attribute of type text without a text', () => file((w, conv) => { const y = conv('input:0'); w.nodes[0].attributes.push({ name: 'auto_pad', type: 3 }); return conv(w.node('Einsum', [y])) }), /^node "Einsum_1" \(Einsum\): expected an operator/],
  ['an attribute of type tensor without a tensor', () => file((w, conv) => { const y = conv('input:0'); w.nodes[0].attributes.push({ name: 'value', type: 4 }); return y }), /^node "Conv_0" \(Conv\): expected a tensor for attribute "value", got none/],
  ['an operator of another domain', () => file((w, conv) => { const y = conv('input:0'); w.nodes[0].domain = 'com.microsoft'; return y }), /^node "Conv_0" \(Conv\): expected an operator of ONNX, got one of "com.microsoft"/],
  ['an opset of the future', () => file((w, conv) => conv('input:0'), { opset: 99 }), /expected opset 7 to 23, got 99/],
  ['grey pictures', () => file((w, conv) => conv('input:0', 1, 1), { input: [1, 1, 'H', 'W'] }), /expected an input \[1,3,H,W\] or \[1,H,W,3\], got "input:0" \[1,1,\?,\?\]/]
]

describe('import refuses what it does not understand', () => {
  for (const [what, make, message] of CASES) {
    it(what, async () => {
      await assert.rejects(importOnnx(make(), { name: 'x', source: 'x.onnx' }), (error) => {
        assert.equal(error.code, 'MODEL')
        assert.match(error.message, message)
        return true
      })
    })
  }

  it('200 damaged copies of a good file: refused or imported, never another error', async () => {
    const good = NETWORKS['animegan3-lade']().slice()
    const end = good.length
    let random = 7
    const next = (below) => (random = (random * 48271) % 2147483647) % below
    for (let round = 0; round < 200; round++) {
      const bad = good.slice(0, round % 4 ? end : next(end))
      for (let i = 0; i < 4; i++) bad[next(Math.min(bad.length, 40000))] = next(256)
      await importOnnx(bad, { name: 'x', source: 'x.onnx' }).catch((error) => assert.equal(error.code, 'MODEL', error.stack))
    }
  })

  it('the command writes no file then, says why and ends with 1', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'p2a-import-'))
    try {
      const [input, output] = ['in.onnx', 'out.safetensors'].map((name) => path.join(folder, name))
      const run = () => spawnSync(process.execPath, [fileURLToPath(new URL('../../wasm/bin/photo2anime.js', import.meta.url)), 'import', input, '-o', output], { encoding: 'utf8' })
      writeFileSync(input, CASES[3][1]())
      const refused = run()
      assert.equal(refused.status, 1)
      assert.match(refused.stderr, /photo2anime: node "Einsum_1" \(Einsum\): expected/)
      assert.equal(existsSync(output), false)
      writeFileSync(input, NETWORKS['white-box']())
      const done = run()
      assert.equal(done.status, 0, done.stderr)
      assert.match(done.stderr, /26 ONNX nodes as 20/)
      assert.equal(existsSync(output), true)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
