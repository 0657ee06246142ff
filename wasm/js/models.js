/**
 * models.js - the list of models, and one model's bytes, checked
 *
 * Where the bytes come from is the caller's: a function from a path inside models/ to its content
 * (files.js in Node, fetch in a browser).
 */
import { P2AError } from './errors.js'

/**
 * One line of models/manifest.json.
 * @typedef {object} ModelEntry
 * @property {string} name what --style and style take
 * @property {string} title for people
 * @property {string} file inside models/
 * @property {string} sha256 of the file, hex
 * @property {number} bytes of the file
 * @property {'generator'|'detector'|'parser'} kind
 * @property {string} license
 * @property {'yes'|'no'} commercial_use
 * @property {string} teachers
 * @property {string} use "scenes" for styles, "faces" for what face2paint uses
 * @property {boolean} [default] the style that is used unless another is named
 */

/** @typedef {(path: string) => Promise<Uint8Array<ArrayBuffer>>} ReadModelFile */

/**
 * @param {ReadModelFile} read
 * @returns {Promise<ModelEntry[]>}
 * @throws {P2AError} IO
 */
export async function readManifest(read) {
  const text = new TextDecoder().decode(await read('manifest.json'))
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new P2AError('IO', `expected JSON in models/manifest.json: ${/** @type {Error} */ (cause).message}`, { cause })
  }
}

/**
 * @param {ModelEntry[]} manifest
 * @returns {ModelEntry[]} what a person can choose as a style
 */
export function styles(manifest) {
  return manifest.filter((entry) => entry.kind === 'generator' && entry.use === 'scenes')
}

/**
 * @param {ModelEntry[]} manifest
 * @param {string} [name] the default style unless given
 * @returns {ModelEntry}
 * @throws {P2AError} ARGUMENT
 */
export function findStyle(manifest, name) {
  const choices = styles(manifest)
  const found = name === undefined ? (choices.find((entry) => entry.default) ?? choices[0]) : choices.find((entry) => entry.name === name)
  if (!found) {
    throw new P2AError('ARGUMENT', `expected one of ${choices.map((entry) => entry.name).join(', ')} for style, got ${JSON.stringify(name)} (string)`)
  }
  return found
}

/**
 * @param {ModelEntry} entry
 * @param {ReadModelFile} read
 * @returns {Promise<Uint8Array<ArrayBuffer>>} the file's bytes, of the length and sha256 that the manifest says
 * @throws {P2AError} IO, MODEL
 */
export async function readModel(entry, read) {
  const bytes = await read(entry.file)
  if (bytes.byteLength !== entry.bytes) {
    throw new P2AError('MODEL', `expected ${entry.bytes} bytes in models/${entry.file}, got ${bytes.byteLength}`)
  }
  /* a page without https (but localhost) has no subtle crypto: the file's own checks remain */
  if (globalThis.crypto?.subtle) {
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
    const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
    if (hex !== entry.sha256) {
      throw new P2AError('MODEL', `expected sha256 ${entry.sha256} of models/${entry.file}, got ${hex}`)
    }
  }
  return bytes
}
