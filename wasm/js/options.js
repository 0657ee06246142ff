/**
 * options.js - what a person may choose for a conversion -> checked numbers for the C core
 *
 * The ranges of p2a_options (src/photo2anime.h) as the client, the command line and the engine name
 * them; whatever is undefined stays at the C side's default.
 */
import { OPTIONS, OPTION_FLOATS, STATISTICS } from './layout.js'
import { expected, number, oneOf, wholeNumber } from './validate.js'

/**
 * @typedef {object} FaceOptions
 * @property {boolean} [enabled] false leaves faces to the scene; true unless told
 * @property {number} [minPx] 8..65535: shorter side of a face's box below which it is left to the scene; 16
 * @property {number} [maxFaces] 1..1024: the largest ones are painted; 64
 * @property {number} [character] 0 (likeness: the style's own painting) to 1 (the portrait network's); 0
 * @property {number} [skin] 0..1, skin evened and its tone kept; 0.5
 * @property {number} [eyes] 0..1, eyes brightened and sharpened; 0.5
 * @property {number} [lips] 0..1, lips and brows tinted as in the photo; 0.5
 * @property {number} [strength] 0..1, of all corrections together, light and glasses included; 1
 */

/** @typedef {'exact'|'frozen'|'none'} UsedStatistics */

/**
 * @typedef {object} PaintOptions
 * @property {number} [edgePreserve] 0.5 (fine edges softened) to 1.5 (the photo's added); 1 (as painted) unless told
 * @property {number} [colorShift] 0 (the photo's colours) to 1 (the style's), which it is unless told
 * @property {'auto'|'exact'|'frozen'} [statistics] of imported networks that normalise over the whole picture: from the picture (exact),
 *   from a smaller copy of it, corrected by the picture (frozen), or exact where that fits into the memory limit (auto, which it is unless told)
 * @property {boolean|FaceOptions} [faces] find faces and paint them at their own scale; true unless told
 * @property {string} [hairColor] '#rrggbb': hair of the painted faces, shading kept
 * @property {string} [lipColor] '#rrggbb'
 * @property {string} [eyeColor] '#rrggbb', the irises
 * @property {string} [clothColor] '#rrggbb', what of the clothes lies near the face
 */

/** p2a_options' fields that are numbers with a range: [least, most, whole]. */
export const RANGES = /** @type {Record<string, [number, number, boolean]>} */ ({
  edgePreserve: [0.5, 1.5, false],
  colorShift: [0, 1, false],
  maxFaces: [1, 1024, true],
  faceMinPx: [8, 65535, false],
  character: [0, 1, false],
  faceSkin: [0, 1, false],
  faceEyes: [0, 1, false],
  faceLips: [0, 1, false],
  faceStrength: [0, 1, false]
})

/** A key of `faces` -> the field of p2a_options. */
export const FACE_FIELDS = /** @type {Record<string, string>} */ ({
  minPx: 'faceMinPx',
  maxFaces: 'maxFaces',
  character: 'character',
  skin: 'faceSkin',
  eyes: 'faceEyes',
  lips: 'faceLips',
  strength: 'faceStrength'
})

export const COLORS = ['hairColor', 'lipColor', 'eyeColor', 'clothColor']

/**
 * @param {string} name
 * @param {unknown} value
 * @returns {number} 0xRRGGBB
 * @throws {import('./errors.js').P2AError} ARGUMENT
 */
export function color(name, value) {
  if (typeof value !== 'string' || !/^#[0-9a-f]{6}$/i.test(value)) throw expected('a colour like #1f6feb', name, value)
  return parseInt(value.slice(1), 16)
}

/**
 * @param {string} name as the caller knows it
 * @param {string} field of RANGES
 * @param {unknown} value
 * @returns {number}
 */
function inRange(name, field, value) {
  const [least, most, whole] = RANGES[field]
  return (whole ? wholeNumber : number)(name, value, least, most)
}

/**
 * @param {unknown} faces the option of that name
 * @returns {{enabled: boolean, fields: Record<string, number>}} fields of p2a_options
 * @throws {import('./errors.js').P2AError} ARGUMENT
 */
export function checkFaces(faces) {
  if (faces === undefined || typeof faces === 'boolean') return { enabled: faces ?? true, fields: {} }
  if (typeof faces !== 'object' || faces === null || Array.isArray(faces)) throw expected('true, false or an object', 'faces', faces)
  const { enabled = true, ...given } = /** @type {Record<string, unknown>} */ (faces)
  if (typeof enabled !== 'boolean') throw expected('true or false', 'faces.enabled', enabled)
  const fields = /** @type {Record<string, number>} */ ({})
  for (const [key, value] of Object.entries(given)) {
    const field = FACE_FIELDS[key]
    if (!field) throw expected(`one of enabled, ${Object.keys(FACE_FIELDS).join(', ')}`, 'a key of faces', key)
    if (value !== undefined) fields[field] = inRange(`faces.${key}`, field, value)
  }
  return { enabled, fields }
}

/**
 * @param {PaintOptions} options
 * @returns {{faces: boolean, fields: Record<string, number>}} whether faces are painted, and fields of p2a_options
 * @throws {import('./errors.js').P2AError} ARGUMENT
 */
export function checkPaint(options) {
  const { enabled, fields } = checkFaces(options.faces)
  for (const name of /** @type {const} */ (['edgePreserve', 'colorShift'])) {
    if (options[name] !== undefined) fields[name] = inRange(name, name, options[name])
  }
  if (options.statistics !== undefined) {
    fields.statistics = STATISTICS.indexOf(oneOf('statistics', options.statistics, /** @type {const} */ (['auto', 'exact', 'frozen'])))
  }
  for (const name of /** @type {const} */ (['hairColor', 'lipColor', 'eyeColor', 'clothColor'])) {
    if (options[name] === undefined) continue
    if (!enabled) throw expected(`faces that are painted with ${name}`, 'faces', options.faces)
    fields[name] = color(name, options[name])
  }
  return { faces: enabled, fields }
}

/** How large a p2a_options is. */
export const OPTIONS_BYTES = 4 * (OPTIONS.length + OPTION_FLOATS.length)

/**
 * Write what was chosen into a p2a_options that has its defaults.
 * @param {import('./heap.js').Heap} heap
 * @param {number} at the struct's address
 * @param {PaintOptions & {widthPx?: number, bandRowsPx?: number}} options
 * @throws {import('./errors.js').P2AError} ARGUMENT
 */
export function writeOptions(heap, at, options) {
  const { widthPx, bandRowsPx } = options
  const fields = /** @type {Record<string, number|undefined>} */ ({ ...checkPaint(options).fields, widthPx, bandRowsPx })
  OPTIONS.forEach((name, i) => {
    const value = fields[name]
    if (value !== undefined) heap.setU32(at + 4 * i, wholeNumber(name, value, 0, 0xffffffff))
  })
  OPTION_FLOATS.forEach((name, i) => {
    const value = fields[name]
    if (value !== undefined) heap.setF32(at + 4 * (OPTIONS.length + i), value)
  })
}

/**
 * What a result should be told with.
 * @param {number} left faces that were left to the scene
 * @param {number|undefined} most maxFaces
 * @returns {string[]}
 */
export function warningsOf(left, most = 64) {
  if (left === 0) return []
  return [`expected at most ${most} faces, found ${left} more: the largest were painted, the others left to the scene`]
}
