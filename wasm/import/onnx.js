/* onnx.js - the bytes of an ONNX file -> its graph as plain objects, every tensor checked */
import { P2AError } from '../js/errors.js'
import { numberFromHalf } from './half.js'
import { ONNX_SCHEMA } from './onnx-schema.js'
import { refuseFile, refuseNode, shown } from './refuse.js'

/**
 * @typedef {object} Constant a tensor whose values the file gives
 * @property {'constant'} kind
 * @property {number[]} dims
 * @property {ArrayLike<number>} data
 *
 * @typedef {object} OnnxNode
 * @property {string} op
 * @property {string} name
 * @property {string[]} inputs
 * @property {string[]} outputs
 * @property {Map<string, any>} attributes number, string, number[] or Constant
 *
 * @typedef {object} OnnxGraph
 * @property {number} opset
 * @property {string} producer
 * @property {OnnxNode[]} nodes
 * @property {Map<string, Constant>} constants
 * @property {{name: string, dims: (number|undefined)[]}[]} inputs dims: undefined where they are free
 * @property {string[]} outputs
 */

const FILE_BYTES_MAX = 512 << 20
const NODES_MAX = 16384
const ELEMENTS_MAX = 1 << 27
const OPSETS = [7, 23]
const TYPES = ['undefined', 'float', 'uint8', 'int8', 'uint16', 'int16', 'int32', 'int64', 'string', 'bool', 'float16', 'double', 'uint32', 'uint64', 'complex64', 'complex128', 'bfloat16']
const READERS = /** @type {Record<string, {bytes: number, read: (view: DataView, at: number) => number}>} */ ({
  float: { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  float16: { bytes: 2, read: (view, at) => numberFromHalf(view.getUint16(at, true)) },
  double: { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
  int32: { bytes: 4, read: (view, at) => view.getInt32(at, true) },
  int64: { bytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)) },
  bool: { bytes: 1, read: (view, at) => view.getUint8(at) }
})

/** protobufjs is wanted by this command only: loaded when it runs. */
async function loadProtobuf() {
  try {
    return (await import('protobufjs/light.js')).default
  } catch (cause) {
    throw new P2AError('UNSUPPORTED', 'expected the package protobufjs, which reads ONNX files: npm install protobufjs', { cause })
  }
}

/** @param {any} tensor @returns {Constant} */
function readTensor(tensor) {
  const label = `tensor ${shown(tensor.name)}`
  if (tensor.location === 1 || tensor.external.length) throw refuseFile(`${label}: expected values inside the file, got a reference to another file`)
  const dims = tensor.dims.map(Number)
  const count = dims.reduce((/** @type {number} */ product, /** @type {number} */ dim) => product * dim, 1)
  if (dims.length > 8 || dims.some((/** @type {number} */ dim) => !(dim >= 0)) || !(count <= ELEMENTS_MAX)) {
    throw refuseFile(`${label}: expected at most ${ELEMENTS_MAX} values, got the shape [${dims.slice(0, 8)}]`)
  }
  const type = TYPES[tensor.type] ?? `type ${tensor.type}`
  const reader = READERS[type]
  if (!reader) throw refuseFile(`${label}: expected float, float16, double, int32, int64 or bool, got ${type}`)
  const data = /^(float|double)/.test(type) ? new Float32Array(count) : new Float64Array(count)
  if (tensor.raw.length) {
    if (tensor.raw.length !== count * reader.bytes) throw refuseFile(`${label}: expected ${count * reader.bytes} bytes for its shape, got ${tensor.raw.length}`)
    const view = new DataView(tensor.raw.buffer, tensor.raw.byteOffset, tensor.raw.byteLength)
    for (let i = 0; i < count; i++) data[i] = reader.read(view, i * reader.bytes)
  } else {
    const values = type === 'float' ? tensor.floats : type === 'double' ? tensor.doubles : type === 'int64' ? tensor.int64s : tensor.int32s
    if (values.length !== count) throw refuseFile(`${label}: expected ${count} values for its shape, got ${values.length}`)
    for (let i = 0; i < count; i++) data[i] = type === 'float16' ? numberFromHalf(values[i]) : Number(values[i])
  }
  for (let i = 0; i < count; i++) if (!Number.isFinite(data[i])) throw refuseFile(`${label}: expected finite numbers, got ${data[i]}`)
  return { kind: 'constant', dims, data }
}

/** @param {any} attribute @param {OnnxNode} node */
function readAttribute(attribute, node) {
  switch (attribute.type) {
    case 1:
      return attribute.f
    case 2:
      return Number(attribute.i)
    case 3:
      return attribute.s.length ? new TextDecoder().decode(attribute.s) : '' /* what a file leaves out is an empty list */
    case 4:
      if (!attribute.t) throw refuseNode(node, `expected a tensor for attribute ${shown(attribute.name)}, got none`)
      return readTensor(attribute.t)
    case 6:
      return attribute.floats.map(Number)
    case 7:
      return attribute.ints.map(Number)
    case 8:
      return [] /* strings: nothing that is read here has them */
    default:
      throw refuseNode(node, `expected numbers, text or a tensor for attribute ${shown(attribute.name)}, got type ${attribute.type}`)
  }
}

/** @param {any} node @returns {OnnxNode} */
function readNode(node) {
  const made = { op: node.op, name: node.name || node.outputs[0] || '', inputs: node.inputs, outputs: node.outputs, attributes: new Map() }
  if (node.domain !== '' && node.domain !== 'ai.onnx') throw refuseNode(made, `expected an operator of ONNX, got one of ${shown(node.domain)}`)
  for (const attribute of node.attributes) made.attributes.set(attribute.name, readAttribute(attribute, made))
  return made
}

/** @param {any} value */
function readValueInfo(value) {
  const dims = (value.type?.tensor?.shape?.dims ?? []).map((/** @type {any} */ dim) => {
    const size = Number(dim.value)
    return size > 0 ? size : undefined
  })
  return { name: value.name, dims }
}

/**
 * @param {Uint8Array} file
 * @returns {Promise<OnnxGraph>}
 * @throws {P2AError} MODEL, UNSUPPORTED
 */
export async function readOnnx(file) {
  if (file.byteLength > FILE_BYTES_MAX) throw refuseFile(`expected an ONNX file of at most ${FILE_BYTES_MAX} bytes, got ${file.byteLength}`)
  const protobuf = await loadProtobuf()
  const Model = protobuf.Root.fromJSON(ONNX_SCHEMA).lookupType('Model')
  let model
  try {
    model = /** @type {any} */ (Model.decode(file))
  } catch (cause) {
    throw new P2AError('MODEL', `expected an ONNX file, got bytes that are not one (${/** @type {Error} */ (cause).message})`, { cause })
  }
  if (!model.graph || !model.graph.nodes.length) throw refuseFile('expected an ONNX file with a graph of nodes, got none')
  const opset = Number(model.opsets.find((/** @type {any} */ one) => one.domain === '' || one.domain === 'ai.onnx')?.version ?? 0)
  if (!(opset >= OPSETS[0] && opset <= OPSETS[1])) throw refuseFile(`expected opset ${OPSETS[0]} to ${OPSETS[1]}, got ${opset}`)
  if (model.graph.nodes.length > NODES_MAX) throw refuseFile(`expected at most ${NODES_MAX} nodes, got ${model.graph.nodes.length}`)
  if (model.graph.sparse.length) throw refuseFile('expected dense tensors, got a sparse one')
  const constants = new Map()
  for (const tensor of model.graph.initializers) constants.set(tensor.name, readTensor(tensor))
  return {
    opset,
    producer: model.producer,
    nodes: model.graph.nodes.map(readNode),
    constants,
    inputs: model.graph.inputs.map(readValueInfo).filter((/** @type {{name: string}} */ input) => !constants.has(input.name)),
    outputs: model.graph.outputs.map((/** @type {any} */ output) => output.name)
  }
}
