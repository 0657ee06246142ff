/* refuse.js - the one way in which the import says no: which node, which operator, what was expected */
import { P2AError } from '../js/errors.js'

/** @typedef {{op: string, name: string}} Source the ONNX node that something comes from */

/** A name of an unknown file, short and printable. @param {unknown} text */
export function shown(text) {
  const clean = String(text).replace(/[^\x20-\x7e]/g, '?')
  return JSON.stringify(clean.length > 80 ? `${clean.slice(0, 77)}...` : clean)
}

/**
 * @param {Source} source
 * @param {string} message "expected ..., got ..."
 * @returns {P2AError}
 */
export function refuseNode(source, message) {
  return new P2AError('MODEL', `node ${shown(source.name)} (${shown(source.op).slice(1, -1)}): ${message}`)
}

/** @param {string} message @returns {P2AError} */
export function refuseFile(message) {
  return new P2AError('MODEL', message)
}
