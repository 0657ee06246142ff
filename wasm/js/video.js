/**
 * video.js - frames -> painted frames, one at a time, and none is queued
 */
import { P2AError } from './errors.js'
import { readFrame } from './input.js'

/** @typedef {import('./input.js').Frame} Frame */

/**
 * @typedef {object} VideoOptions
 * @property {number} width of every painted frame, in pixels
 * @property {number} height
 * @property {string} [style] its live tier where there is one; the default style unless told
 * @property {number} [steadiness] 0 (each frame by itself) to 1 (the least flicker), which it is unless told
 * @property {AbortSignal} [signal] ends the making of the session
 */

/**
 * @typedef {object} PaintedFrame
 * @property {ImageData} image in Node an object with the same data, width and height
 * @property {number} width
 * @property {number} height
 * @property {number} ms in the worker: reading, painting and steadying
 */

/**
 * What the session needs of its converter.
 * @typedef {object} Line
 * @property {(kind: import('./protocol.js').Kind, payload: any, transfer: any[], signal?: AbortSignal) => Promise<any>} request
 * @property {() => number} generation of the worker: another number after a trap
 * @property {(session: VideoSession) => void} closed
 */

/** Made by converter.createVideoSession(). */
export class VideoSession {
  #line
  #settings
  #video = 0
  #generation = -1
  #busy = false
  #closed = false
  /** @type {import('./protocol.js').Results['openVideo']|undefined} */
  #info
  #painted = 0
  #dropped = 0

  /** @param {Line} line @param {{width: number, height: number, style?: string, steadiness: number}} settings */
  constructor(line, settings) {
    this.#line = line
    this.#settings = settings
  }

  /**
   * What runs: the style, whether it is the live tier, and what a person should know.
   * @returns {{style: string, live: boolean, warnings: string[], width: number, height: number}}
   */
  get info() {
    if (!this.#info) throw new P2AError('INTERNAL', 'expected a session of createVideoSession()')
    const { style, live, warnings } = this.#info
    return { style, live, warnings, width: this.#settings.width, height: this.#settings.height }
  }

  /** Frames that were painted, and those that came while another was being painted. */
  get counts() {
    return { painted: this.#painted, dropped: this.#dropped }
  }

  /** In the worker that runs now; createVideoSession() does. @param {AbortSignal} [signal] */
  async open(signal) {
    const opened = await this.#line.request('openVideo', this.#settings, [], signal)
    this.#info = opened
    this.#video = opened.video
    this.#generation = this.#line.generation()
  }

  /**
   * Paint a frame. One that comes while another is being painted is dropped, so that a camera's
   * frames never pile up: call this for each frame, and draw what is not undefined.
   * @param {Frame} frame VideoFrame, ImageBitmap, ImageData or a video element; scaled to the session's size, but pixels must have it
   * @param {{transfer?: boolean}} [options] transfer: give the frame away (a VideoFrame or ImageBitmap is then closed)
   * @returns {Promise<PaintedFrame|undefined>} undefined: dropped
   * @throws {P2AError} ARGUMENT, MEMORY, TRAP, DISPOSED; the session goes on with the next frame
   */
  async process(frame, { transfer = false } = {}) {
    if (this.#closed) throw new P2AError('DISPOSED', 'expected a video session that is not closed')
    if (this.#busy) {
      this.#dropped++
      if (transfer) /** @type {any} */ (frame)?.close?.()
      return undefined
    }
    this.#busy = true
    try {
      const read = await readFrame(frame, transfer)
      if (this.#generation !== this.#line.generation()) await this.open()
      const { image, ms } = await this.#line.request('frame', { video: this.#video, source: read.source }, read.transfer)
      this.#painted++
      const { width, height } = this.#settings
      return { image: typeof ImageData === 'function' ? new ImageData(image, width, height) : /** @type {any} */ ({ data: image, width, height }), width, height, ms }
    } finally {
      this.#busy = false
    }
  }

  /** Give its memory back. Closing twice does nothing. */
  async close() {
    if (this.#closed) return
    this.#closed = true
    this.#line.closed(this)
    if (this.#generation !== this.#line.generation()) return
    await this.#line.request('closeVideo', { video: this.#video }, []).catch(() => {})
  }
}
