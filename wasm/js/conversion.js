/**
 * conversion.js - one photo -> one painted picture, in steps, timed
 *
 * What the command line and the worker share: decode, paint, encode, and giving everything back
 * whatever happens. Between two steps it awaits `pause`, so that signals and messages are heard.
 */
import { STATISTICS } from './layout.js'
import { checkFaces, warningsOf } from './options.js'

/** @typedef {import('./engine.js').Engine} Engine */
/** @typedef {{file: Uint8Array} | {pixels: Uint8Array|Uint8ClampedArray, width: number, height: number}} Photo a JPEG or PNG file, or rows of RGBA */
/** @typedef {'decode'|'paint'|'faces'|'encode'} Stage */
/** @typedef {{decode: number, scene: number, faces: number, blend: number, encode: number, total: number}} Timings in ms */

/**
 * @typedef {object} OwnConversionOptions
 * @property {number} [widthPx] of the result; 0 (the photo's own) unless told
 * @property {'png'|'jpeg'|'rgba'} [format] of the image; rgba: plain rows
 * @property {number} [quality] 1..100, for JPEG
 * @property {import('./engine.js').FaceModels} [faceModels] paint faces too
 * @property {() => Promise<unknown>} pause awaited between two steps
 * @property {() => boolean} [shouldStop]
 * @property {(stage: Stage, part: number) => void} [onProgress] part: 0..1 of that stage
 */

/** @typedef {OwnConversionOptions & import('./options.js').PaintOptions} ConversionOptions */

/**
 * @typedef {object} Conversion
 * @property {Uint8Array<ArrayBuffer>|Uint8ClampedArray<ArrayBuffer>} image the file, or the RGBA rows
 * @property {number} width
 * @property {number} height
 * @property {import('./engine.js').Face[]} faces that were found; empty without faceModels
 * @property {string[]} warnings what was not done, and why; mostly empty
 * @property {Timings} timings
 * @property {number} peakBytes most memory of the C core
 * @property {import('./options.js').UsedStatistics} statistics what an imported network was normalised by; none where it needs none
 * @property {{variant: 'simd'|'relaxed', threads: number}} backend
 */

/** @typedef {{width: number, height: number, faces: import('./engine.js').Face[], warnings: string[], timings: {decode: number, faces: number, total: number}}} FoundFaces */

/** @param {number} value @returns {number} to a tenth */
const ms = (value) => Math.round(value * 10) / 10

/**
 * @param {Engine} engine
 * @param {Photo} photo
 * @returns {import('./engine.js').Picture}
 */
function readPhoto(engine, photo) {
  return 'file' in photo ? engine.decode(photo.file) : engine.createImage(photo.pixels, photo.width, photo.height)
}

/**
 * @param {Engine} engine
 * @param {import('./engine.js').Picture} picture
 * @param {Pick<ConversionOptions, 'format'|'quality'>} options
 */
function writePicture(engine, picture, { format = 'png', quality }) {
  return format === 'rgba' ? engine.rgba(picture) : engine.encode(picture, { format, quality })
}

/**
 * @template T
 * @param {Generator<number, T, void>} steps
 * @param {() => Promise<unknown>} pause
 * @param {(part: number) => void} onPart
 * @returns {Promise<T>}
 */
async function runSteps(steps, pause, onPart) {
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
    onPart(/** @type {number} */ (value))
    await pause()
  }
}

/**
 * @param {Engine} engine
 * @param {number} model
 * @param {Photo} photo
 * @param {ConversionOptions} options
 * @returns {Promise<Conversion>}
 * @throws {import('./errors.js').P2AError}
 */
export async function convertPhoto(engine, model, photo, options) {
  const { onProgress, pause } = options
  const decodeStart = performance.now()
  onProgress?.('decode', 0)
  engine.resetPeak()
  const picture = readPhoto(engine, photo)
  let peakBytes = engine.memory.peakBytes
  const decodeEnd = performance.now()
  let made
  try {
    await pause()
    const { onProgress: _, ...painting } = options
    made = await runSteps(engine.convertSteps(model, picture, painting), pause, (part) => onProgress?.('paint', part))
  } finally {
    engine.disposeImage(picture)
  }
  const encodeStart = performance.now()
  try {
    onProgress?.('encode', 0)
    const image = writePicture(engine, made.picture, options)
    peakBytes = Math.max(peakBytes, engine.memory.peakBytes)
    const end = performance.now()
    return {
      image,
      width: made.picture.width,
      height: made.picture.height,
      faces: made.faces,
      warnings: warningsOf(made.result.facesLeft, checkFaces(options.faces).fields.maxFaces),
      timings: {
        decode: ms(decodeEnd - decodeStart),
        scene: ms(made.result.sceneMs),
        faces: ms(made.result.facesMs),
        blend: ms(made.result.blendMs),
        encode: ms(end - encodeStart),
        total: ms(end - decodeStart)
      },
      peakBytes,
      statistics: /** @type {import('./options.js').UsedStatistics} */ (STATISTICS[made.result.statistics]),
      backend: { variant: engine.info.variant, threads: engine.info.threads }
    }
  } finally {
    engine.disposeImage(made.picture)
  }
}

/**
 * Find and parse the faces of a photo, painting nothing.
 * @param {Engine} engine
 * @param {Photo} photo
 * @param {Omit<ConversionOptions, 'faceModels'> & {faceModels: import('./engine.js').FaceModels, classes?: boolean}} options
 * @returns {Promise<FoundFaces>}
 */
export async function findFaces(engine, photo, options) {
  const { onProgress, pause } = options
  const start = performance.now()
  onProgress?.('decode', 0)
  const picture = readPhoto(engine, photo)
  const decoded = performance.now()
  try {
    await pause()
    const { onProgress: _, ...finding } = options
    const { faces, left } = await runSteps(engine.faceSteps(picture, finding), pause, (part) => onProgress?.('faces', part))
    const end = performance.now()
    return {
      width: picture.width,
      height: picture.height,
      faces,
      warnings: warningsOf(left, checkFaces(options.faces).fields.maxFaces),
      timings: { decode: ms(decoded - start), faces: ms(end - decoded), total: ms(end - start) }
    }
  } finally {
    engine.disposeImage(picture)
  }
}

/**
 * The same picture as another kind of file, not painted.
 * @param {Engine} engine
 * @param {Photo} photo
 * @param {Pick<ConversionOptions, 'format'|'quality'>} options
 */
export function encodePhoto(engine, photo, options) {
  const picture = readPhoto(engine, photo)
  try {
    return { image: writePicture(engine, picture, options), width: picture.width, height: picture.height }
  } finally {
    engine.disposeImage(picture)
  }
}
