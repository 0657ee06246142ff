/* import.js - an ONNX file -> a model file: read, traced, simplified, written; one way, each step on its own */
import { writeModelFile } from './model-file.js'
import { readOnnx } from './onnx.js'
import { simplify } from './simplify.js'
import { commonMultiple } from './sizes.js'
import { traceGraph } from './trace.js'
import { refuseFile } from './refuse.js'

/**
 * @typedef {object} ImportOptions
 * @property {string} name of the model
 * @property {string} source what it was imported from, for `teachers`
 * @property {string} [license] the terms in words
 * @property {boolean} [commercialUse] false unless told
 * @property {[number, number]} [range] what black and white are to the network; -1,1 unless told
 *
 * @typedef {object} Imported
 * @property {Uint8Array<ArrayBuffer>} file
 * @property {number} onnxNodes
 * @property {number} nodes
 * @property {string[]} operators with how often they are used
 * @property {number} multipleOf
 */

/** Printable ASCII for metadata. @param {string} text */
const plain = (text) => text.replace(/[^\x20-\x7e]/g, '?').slice(0, 200)

/**
 * @param {Uint8Array} bytes an ONNX file
 * @param {ImportOptions} options
 * @returns {Promise<Imported>}
 * @throws {import('../js/errors.js').P2AError} MODEL: names the node and its operator; UNSUPPORTED
 */
export async function importOnnx(bytes, options) {
  const graph = await readOnnx(bytes)
  const { network, output } = traceGraph(graph)
  const nodes = simplify(network.nodes, output)
  const multipleOf = commonMultiple([...network.maps.values()].flatMap((map) => [map.height, map.width]))
  if (!(multipleOf <= 256)) throw refuseFile(`expected a network for pictures whose sides are multiples of at most 256, got ${multipleOf}`)
  if (!nodes.length) throw refuseFile('expected a network that does something, got one that copies its input')
  const file = writeModelFile(nodes, output, {
    name: plain(options.name),
    kind: 'generator',
    range: (options.range ?? [-1, 1]).join(','),
    multiple_of: String(multipleOf),
    receptive_field_px: '0',
    license: plain(options.license ?? 'not known: ask the publisher of the imported file'),
    commercial_use: options.commercialUse ? 'yes' : 'no',
    teachers: plain(`imported from ${options.source}${graph.producer ? `, written by ${graph.producer}` : ''}`),
    training_commit: 'none',
    metrics: 'none'
  })
  const counts = new Map()
  for (const node of nodes) counts.set(node.op, (counts.get(node.op) ?? 0) + 1)
  return { file, onnxNodes: graph.nodes.length, nodes: nodes.length, operators: [...counts].sort().map(([op, count]) => `${op} ${count}`), multipleOf }
}
