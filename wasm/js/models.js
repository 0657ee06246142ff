/**
 * models.js - the list of models, and one model's bytes, checked
 *
 * Where the bytes come from is the caller's: a function from a path inside models/ to its content
 * (files.js in Node, fetch in a browser).
 */
import { canDigest, sha256 } from './digest.js'
import { P2AError } from './errors.js'
import { expected } from './validate.js'

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
 * @property {string} use "scenes" for styles, "faces" for what face2paint uses, "live" for video
 * @property {'full'|'live'} [tier] of a generator: "live" is quick enough for video
 * @property {number} [mac_per_pixel] of a generator: multiply-adds for each pixel of the photo
 * @property {{file: string, sha256: string, bytes: number}} [int8] the same network in signed bytes
 * @property {boolean} [default] the style that is used unless another is named
 */

/** @typedef {(path: string, check?: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>) => Promise<Uint8Array<ArrayBuffer>>} ReadModelFile check: throws where bytes are not the file's, which must then not be kept */
/** @typedef {'f32'|'int8'} Precision in which a style is painted */

export const PRECISION_CHOICES = /** @type {const} */ (['auto', 'f32', 'int8'])

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
 * A style as a person writes it: a name, or several with their shares: "miyazaki=0.4,shinkai=0.6".
 * @param {ModelEntry[]} manifest
 * @param {string} [text] the default style unless given
 * @returns {{entry: ModelEntry, share: number}[]} shares that add up to 1
 * @throws {P2AError} ARGUMENT
 */
export function parseStyle(manifest, text) {
  if (text === undefined || !/[=,]/.test(text)) return [{ entry: findStyle(manifest, text), share: 1 }]
  const parts = text.split(',').map((part) => {
    const [, name, number] = /^([^=]+)=(\d*\.?\d+)$/.exec(part.trim()) ?? []
    const share = Number(number)
    if (name === undefined || !(share >= 0 && share <= 1)) {
      throw new P2AError('ARGUMENT', `expected NAME=SHARE (0 to 1), parted by commas, for style, got ${JSON.stringify(part)} (string)`)
    }
    return { entry: findStyle(manifest, name), share }
  })
  const sum = parts.reduce((total, part) => total + part.share, 0)
  if (Math.abs(sum - 1) > 1e-3) {
    throw new P2AError('ARGUMENT', `expected shares that add up to 1 for style, got ${Number(sum.toFixed(4))} (${JSON.stringify(text)})`)
  }
  return parts
}

/**
 * Which of a style's files to paint with. auto is the faster one where there are both, which is int8: 1.3 times and more,
 * with every kind of SIMD (npm run bench:int8). Blends are made of f32 weights, and so are faces with a character above 0
 * (a blend of the style and the portrait network).
 * @param {{entry: ModelEntry, share: number}[]} parts of parseStyle()
 * @param {typeof PRECISION_CHOICES[number]} [wanted]
 * @param {number} [character] of faces
 * @returns {Precision}
 * @throws {P2AError} ARGUMENT
 */
export function choosePrecision(parts, wanted = 'auto', character = 0) {
  if (!PRECISION_CHOICES.includes(wanted)) throw expected(`one of ${PRECISION_CHOICES.join(', ')}`, 'precision', wanted)
  if (wanted === 'f32') return 'f32'
  const why = parts.length > 1 || character > 0 ? 'blends (of styles, or for a character above 0)' : parts[0].entry.int8 ? '' : parts[0].entry.name
  if (why && wanted === 'int8') throw expected(`auto or f32, for want of an int8 file of ${why},`, 'precision', wanted)
  return why ? 'f32' : 'int8'
}

/**
 * The networks that find, parse and (for a character above 0) paint faces.
 * @param {ModelEntry[]} manifest
 * @returns {{detector: ModelEntry, parser: ModelEntry, portrait?: ModelEntry}|undefined} undefined where the package has none
 */
export function faceEntries(manifest) {
  const [detector, parser] = ['detector', 'parser'].map((kind) => manifest.find((entry) => entry.kind === kind))
  const portrait = manifest.find((entry) => entry.kind === 'generator' && entry.use === 'faces')
  return detector && parser ? { detector, parser, portrait } : undefined
}

/**
 * @param {import('./engine.js').Engine} engine
 * @param {{detector: ModelEntry, parser: ModelEntry, portrait?: ModelEntry}} entries
 * @param {ReadModelFile} read
 * @param {{portrait?: boolean, loaded?: import('./engine.js').FaceModels}} [options] portrait: with that network; loaded: what is there already
 * @returns {Promise<import('./engine.js').FaceModels>} models; dispose with engine.disposeModel()
 * @throws {P2AError} IO, MODEL, MEMORY; what was loaded before is still there
 */
export async function loadFaceModels(engine, entries, read, { portrait = false, loaded } = {}) {
  const wanted = /** @type {('detector'|'parser'|'portrait')[]} */ (['detector', 'parser', ...(portrait ? ['portrait'] : [])])
  const made = /** @type {Record<string, number>} */ ({ ...loaded })
  const files = []
  for (const name of wanted.filter((name) => !made[name])) {
    const entry = entries[name]
    if (!entry) throw new P2AError('MODEL', 'expected a portrait network in models/manifest.json for a character above 0, got none')
    files.push({ name, file: await readModel(entry, read) })
  }
  try {
    for (const { name, file } of files) made[name] = engine.loadModel(file)
  } catch (error) {
    for (const { name } of files) if (made[name]) engine.disposeModel(made[name])
    throw error
  }
  return /** @type {import('./engine.js').FaceModels} */ (/** @type {unknown} */ (made))
}

/**
 * Load a style into an engine; several are blended and only the blend is kept.
 * @param {import('./engine.js').Engine} engine
 * @param {{entry: ModelEntry, share: number}[]} parts of parseStyle()
 * @param {ReadModelFile} read
 * @param {Precision} [precision] of choosePrecision(); f32 unless told
 * @returns {Promise<number>} the model; dispose with engine.disposeModel()
 * @throws {P2AError} IO, MODEL, MEMORY
 */
export async function loadStyle(engine, parts, read, precision = 'f32') {
  const files = []
  for (const { entry } of parts) files.push(await readModel(precision === 'int8' ? { ...entry, ...entry.int8 } : entry, read))
  const models = /** @type {number[]} */ ([])
  try {
    for (const file of files) models.push(engine.loadModel(file))
    return parts.length === 1 ? /** @type {number} */ (models.pop()) : engine.blendModels(models, parts.map((part) => part.share))
  } finally {
    models.forEach((model) => engine.disposeModel(model))
  }
}

/**
 * @param {ModelEntry} entry
 * @param {ReadModelFile} read
 * @returns {Promise<Uint8Array<ArrayBuffer>>} the file's bytes, of the length and sha256 that the manifest says
 * @throws {P2AError} IO, MODEL
 */
export async function readModel(entry, read) {
  /** @type {Uint8Array<ArrayBuffer>|undefined} */
  let good
  const check = async (/** @type {Uint8Array<ArrayBuffer>} */ bytes) => {
    if (bytes.byteLength !== entry.bytes) {
      throw new P2AError('MODEL', `expected ${entry.bytes} bytes in models/${entry.file}, got ${bytes.byteLength}`)
    }
    if (canDigest()) {
      const hex = await sha256(bytes)
      if (hex !== entry.sha256) throw new P2AError('MODEL', `expected sha256 ${entry.sha256} of models/${entry.file}, got ${hex}`)
    }
    good = bytes
  }
  const bytes = await read(entry.file, check)
  if (bytes !== good) await check(bytes)
  return bytes
}

/**
 * The live tier of a style, or of each style of a blend.
 * @param {ModelEntry[]} manifest
 * @param {{entry: ModelEntry, share: number}[]} parts of parseStyle()
 * @returns {{entry: ModelEntry, share: number}[]|undefined} undefined where one has none
 */
export function liveParts(manifest, parts) {
  const live = parts.map(({ entry, share }) => ({ entry: manifest.find(({ name, tier }) => tier === 'live' && name === `${entry.name}-live`), share }))
  return live.every(({ entry }) => entry) ? /** @type {{entry: ModelEntry, share: number}[]} */ (live) : undefined
}
