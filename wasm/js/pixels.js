/**
 * pixels.js - what only the browser can read (a bitmap, a file that is no JPEG or PNG) -> RGBA rows
 *
 * In a browser's worker; Node has no canvas.
 */
import { P2AError } from './errors.js'

const PNG = [0x89, 0x50, 0x4e, 0x47]
const JPEG = [0xff, 0xd8, 0xff]

/** @param {Uint8Array} file @returns {boolean} whether the C core decodes this kind of file itself */
export function isCoreFile(file) {
  return [PNG, JPEG].some((start) => start.every((byte, i) => file[i] === byte))
}

/** @returns {boolean} whether this worker has a canvas */
export function canDraw() {
  return typeof OffscreenCanvas === 'function' && typeof createImageBitmap === 'function'
}

/** Draws into one canvas after another of the same size, so that frames do not pile up. */
export class Drawer {
  /** @type {OffscreenCanvas|undefined} */
  #canvas

  /**
   * @param {ImageBitmap|VideoFrame} drawable closed when this returns
   * @param {{width: number, height: number}} [size] its own unless given
   * @returns {{pixels: Uint8ClampedArray<ArrayBuffer>, width: number, height: number}}
   * @throws {P2AError} UNSUPPORTED, IMAGE
   */
  draw(drawable, size) {
    try {
      if (!canDraw()) throw new P2AError('UNSUPPORTED', 'expected an engine with OffscreenCanvas for ImageBitmap, got one without it')
      const width = size?.width ?? ('displayWidth' in drawable ? drawable.displayWidth : drawable.width)
      const height = size?.height ?? ('displayHeight' in drawable ? drawable.displayHeight : drawable.height)
      if (!(width > 0 && height > 0)) throw new P2AError('IMAGE', `expected a picture of at least 1x1 pixels, got ${width}x${height}`)
      if (this.#canvas?.width !== width || this.#canvas.height !== height) this.#canvas = new OffscreenCanvas(width, height)
      const context = this.#canvas.getContext('2d', { willReadFrequently: true })
      if (!context) throw new P2AError('MEMORY', `no memory for a canvas of ${width}x${height} pixels`)
      context.clearRect(0, 0, width, height)
      context.drawImage(drawable, 0, 0, width, height)
      return { pixels: context.getImageData(0, 0, width, height).data, width, height }
    } finally {
      drawable.close()
    }
  }

  /** Let the canvas go. */
  forget() {
    this.#canvas = undefined
  }
}

/**
 * @param {Uint8Array<ArrayBuffer>} file of any kind that this browser knows
 * @returns {Promise<ImageBitmap|undefined>} upright; undefined where it is none, or there is no browser
 */
export async function decodeByBrowser(file) {
  if (!canDraw()) return undefined
  try {
    return await createImageBitmap(new Blob([file]))
  } catch {
    return undefined
  }
}
