/* model-file.js - a network -> the bytes of a model file (docs/model-file.md) */
import { exactHalf } from './half.js'

/**
 * @typedef {import('./network.js').NetworkNode} Node
 * @typedef {import('./network.js').Weight} Weight
 */

/** F16 where that loses nothing, as with networks that were published so. @param {Weight} weight */
function encodeWeight(weight) {
  const halves = new Uint16Array(weight.values.length)
  for (let i = 0; i < halves.length; i++) {
    const bits = exactHalf(weight.values[i])
    if (bits === undefined) return { dtype: 'F32', bytes: new Uint8Array(weight.values.buffer, weight.values.byteOffset, weight.values.byteLength) }
    halves[i] = bits
  }
  return { dtype: 'F16', bytes: new Uint8Array(halves.buffer) }
}

/**
 * @param {Node[]} nodes
 * @param {string} output
 * @param {Record<string, string>} metadata all but graph and format_version
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function writeModelFile(nodes, output, metadata) {
  /** @type {{name: string, weight: Weight}[]} */
  const weights = []
  const graph = {
    input: { name: 'image', channels: 3 },
    nodes: nodes.map((node) => {
      const named = Object.entries(node.weights).map(([role, weight]) => {
        weights.push({ name: `${node.output}.${role}`, weight })
        return [role, `${node.output}.${role}`]
      })
      return { op: node.op, inputs: node.inputs, output: node.output, ...Object.fromEntries(named), ...node.attributes }
    }),
    outputs: [output]
  }
  const encoded = weights.map(({ name, weight }) => ({ name, shape: weight.shape, ...encodeWeight(weight) }))
  /* F32 first: every weight then starts at a multiple of its own size */
  encoded.sort((a, b) => (a.dtype === b.dtype ? 0 : a.dtype === 'F32' ? -1 : 1))
  /** @type {Record<string, any>} */
  const header = { __metadata__: { format_version: '1', graph: JSON.stringify(graph), ...metadata } }
  let at = 0
  for (const { name, shape, dtype, bytes } of encoded) {
    header[name] = { dtype, shape, data_offsets: [at, at + bytes.length] }
    at += bytes.length
  }
  const text = new TextEncoder().encode(JSON.stringify(header))
  const padded = Math.ceil(text.length / 8) * 8
  const file = new Uint8Array(8 + padded + at)
  new DataView(file.buffer).setBigUint64(0, BigInt(padded), true)
  file.fill(0x20, 8, 8 + padded)
  file.set(text, 8)
  let to = 8 + padded
  for (const { bytes } of encoded) {
    file.set(bytes, to)
    to += bytes.length
  }
  return file
}
