/**
 * input.js - what a caller hands in -> what a message to the worker carries
 */
import { bytes, expected, wholeNumber } from './validate.js'

/** @typedef {import('./protocol.js').Source} Source */
/** @typedef {{data: Uint8ClampedArray|Uint8Array, width: number, height: number}} Pixels rows of RGBA, as ImageData has them */
/** @typedef {Blob|ArrayBuffer|Uint8Array|Uint8ClampedArray|ImageData|Pixels|ImageBitmap|URL|string} Input a picture's file (a Blob, File or bytes), its URL (in Node its path too), RGBA pixels, or an ImageBitmap */
/** @typedef {Input|VideoFrame|HTMLVideoElement} Frame of a video; files and URLs are none */

export const SIDE_MAX_PX = 65535
const URL_START = /^(https?|file|data|blob):/

/** @param {string} text @returns {Promise<string>} in a browser relative to the page, in Node a path unless it begins as a URL */
async function toUrl(text) {
  if (globalThis.document) return new URL(text, document.baseURI).href
  if (URL_START.test(text)) return text
  const { pathToFileURL } = await import(/* webpackIgnore: true */ /* @vite-ignore */ 'node:url')
  return pathToFileURL(text).href
}

/** @param {unknown} input @returns {input is ImageBitmap|VideoFrame} what only a canvas can read */
function isDrawable(input) {
  return (typeof ImageBitmap === 'function' && input instanceof ImageBitmap) || (typeof VideoFrame === 'function' && input instanceof VideoFrame)
}

/** @param {unknown} input @returns {input is Pixels} */
function isPixels(input) {
  return typeof input === 'object' && input !== null && 'data' in input
}

/** @param {Pixels} input @param {boolean} move @returns {{source: Source, transfer: any[]}} */
function readPixels(input, move) {
  const width = wholeNumber('input.width', input.width, 1, SIDE_MAX_PX)
  const height = wholeNumber('input.height', input.height, 1, SIDE_MAX_PX)
  const pixels = bytes('input.data', input.data)
  return { source: { pixels, width, height }, transfer: move ? [pixels.buffer] : [] }
}

/**
 * @param {unknown} input
 * @param {boolean} move its bytes, instead of copying them
 * @returns {Promise<{source: Source, transfer: any[]}>}
 * @throws {import('./errors.js').P2AError} ARGUMENT
 */
export async function readInput(input, move) {
  if (typeof Blob === 'function' && input instanceof Blob) {
    const buffer = await input.arrayBuffer()
    return { source: { file: new Uint8Array(buffer) }, transfer: [buffer] }
  }
  if (input instanceof URL) return { source: { url: input.href }, transfer: [] }
  if (typeof input === 'string') return { source: { url: await toUrl(input) }, transfer: [] }
  if (isDrawable(input)) return { source: { drawable: input }, transfer: move ? [input] : [] }
  if (isPixels(input)) return readPixels(input, move)
  if (input instanceof ArrayBuffer || ArrayBuffer.isView(input)) {
    const file = bytes('input', input)
    return { source: { file }, transfer: move ? [file.buffer] : [] }
  }
  throw expected('a Blob, ArrayBuffer, Uint8Array, ImageData, ImageBitmap, URL or path', 'input', input)
}

/**
 * @param {unknown} frame
 * @param {boolean} move
 * @returns {Promise<{source: Source, transfer: any[]}>}
 * @throws {import('./errors.js').P2AError} ARGUMENT
 */
export async function readFrame(frame, move) {
  if (typeof HTMLVideoElement === 'function' && frame instanceof HTMLVideoElement) {
    const bitmap = await createImageBitmap(frame)
    return { source: { drawable: bitmap }, transfer: [bitmap] }
  }
  if (isDrawable(frame)) return { source: { drawable: frame }, transfer: move ? [frame] : [] }
  if (isPixels(frame)) return readPixels(frame, move)
  throw expected('a VideoFrame, ImageBitmap, ImageData or a video element', 'frame', frame)
}
