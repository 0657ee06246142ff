/**
 * digest.js - bytes -> their sha256, and whether they are what was promised
 *
 * A page without https (but localhost) has no subtle crypto: what the caller promised by name is then
 * an error, what only the manifest promised is a warning of the worker's.
 */
import { P2AError } from './errors.js'
import { expected } from './validate.js'

/** @typedef {Record<string, string>} Integrity a file inside the models or the assets folder -> "sha256-BASE64" or 64 hex digits */

const FILES = /^(manifest\.json|.+\.safetensors|p2a-[a-z-]+\.wasm)$/
const HEX = /^[0-9a-f]{64}$/i
const BASE64 = /^sha256-([A-Za-z0-9+/]{43}=)$/

/** @returns {boolean} whether sha256 can be had here */
export function canDigest() {
  return globalThis.crypto?.subtle !== undefined
}

/** @param {Uint8Array<ArrayBuffer>} bytes @returns {Promise<string>} hex */
export async function sha256(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** @param {string} text @returns {string|undefined} hex */
function toHex(text) {
  if (HEX.test(text)) return text.toLowerCase()
  const [, base64] = BASE64.exec(text) ?? []
  return base64 && Array.from(atob(base64), (char) => char.charCodeAt(0).toString(16).padStart(2, '0')).join('')
}

/**
 * @param {unknown} integrity as the caller gave it
 * @returns {Integrity} file -> hex; empty where none was given
 * @throws {P2AError} ARGUMENT
 */
export function checkIntegrity(integrity) {
  if (integrity === undefined) return {}
  if (typeof integrity !== 'object' || integrity === null || Array.isArray(integrity)) {
    throw expected('an object from file names to "sha256-..."', 'integrity', integrity)
  }
  return Object.fromEntries(
    Object.entries(integrity).map(([file, text]) => {
      if (!FILES.test(file)) throw expected('manifest.json, weights/*.safetensors or p2a-*.wasm as a name', 'integrity', file)
      const hex = typeof text === 'string' ? toHex(text) : undefined
      if (!hex) throw expected('"sha256-BASE64" or 64 hex digits', `integrity["${file}"]`, text)
      return [file, hex]
    })
  )
}

/**
 * @param {string} file
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {Integrity} integrity of checkIntegrity()
 * @throws {P2AError} MODEL (other bytes than promised), UNSUPPORTED (that cannot be told here)
 */
export async function verify(file, bytes, integrity) {
  const wanted = integrity[file]
  if (!wanted) return
  if (!canDigest()) throw new P2AError('UNSUPPORTED', `expected a secure context (https) to verify ${file}, got one without crypto.subtle`)
  const got = await sha256(bytes)
  if (got !== wanted) throw new P2AError('MODEL', `expected sha256 ${wanted} of ${file}, as integrity says, got ${got}`)
}
