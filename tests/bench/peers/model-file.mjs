/* model-file.mjs - the bytes of a model file (docs/model-file.md) -> its graph and weights, for what is not our core; runs in Node and in a page */
import { numberFromHalf } from '../../../wasm/import/half.js'

/** @param {Uint8Array} bytes F32 or F16, little-endian @param {string} dtype @returns {Float32Array} */
function decode(bytes, dtype) {
  const whole = new Uint8Array(bytes).buffer /* a copy: the place in the file need not be a multiple of 4 */
  return dtype === 'F16' ? Float32Array.from(new Uint16Array(whole), numberFromHalf) : new Float32Array(whole)
}

/**
 * @param {Uint8Array} file
 * @returns {{metadata: Record<string, string>, graph: any, weights: Map<string, {shape: number[], values: Float32Array}>}}
 */
export function readModelFile(file) {
  const headerBytes = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true))
  const { __metadata__: metadata, ...entries } = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + headerBytes)))
  const weights = Object.entries(entries).map(([name, { dtype, shape, data_offsets: [from, to] }]) => [name, { shape, values: decode(file.subarray(8 + headerBytes + from, 8 + headerBytes + to), dtype) }])
  return { metadata, graph: JSON.parse(metadata.graph), weights: new Map(weights) }
}

const DTYPES = new Map([[Float32Array, 'F32'], [Int8Array, 'I8']])

/**
 * @param {Record<string, string>} metadata all but the graph
 * @param {any} graph
 * @param {Map<string, {shape: number[], values: Float32Array|Int8Array}>} weights
 * @returns {Uint8Array}
 */
export function writeModelFile(metadata, graph, weights) {
  /* bytes last: every weight then starts at a multiple of its own size */
  const sorted = [...weights].sort(([, a], [, b]) => b.values.BYTES_PER_ELEMENT - a.values.BYTES_PER_ELEMENT)
  const header = { __metadata__: { ...metadata, graph: JSON.stringify(graph) } }
  let at = 0
  for (const [name, { shape, values }] of sorted) {
    header[name] = { dtype: DTYPES.get(values.constructor), shape, data_offsets: [at, at + values.byteLength] }
    at += values.byteLength
  }
  const text = new TextEncoder().encode(JSON.stringify(header))
  const headerBytes = Math.ceil(text.length / 8) * 8
  const file = new Uint8Array(8 + headerBytes + at).fill(0x20, 8, 8 + headerBytes)
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true)
  file.set(text, 8)
  for (const [name, { values }] of sorted) file.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), 8 + headerBytes + header[name].data_offsets[0])
  return file
}
