/**
 * client.js - promises -> messages to the worker
 *
 * One request is with the worker, the others wait here. An abort is answered at once, whatever the
 * worker is doing; the next request begins when the worker has let go of the aborted one. After a
 * trap the worker is thrown away, and the next request starts a fresh one.
 */
import { P2AError } from './errors.js'
import { PRECISION_CHOICES } from './models.js'
import { checkPaint } from './options.js'
import { fromWire } from './protocol.js'
import { openThread } from './thread.js'
import { bytes, expected, oneOf, wholeNumber } from './validate.js'

/** @typedef {import('./protocol.js').Kind} Kind */
/** @typedef {import('./protocol.js').Progress} Progress */
/** @typedef {import('./protocol.js').Source} Source */
/** @typedef {Blob|ArrayBuffer|Uint8Array|Uint8ClampedArray|ImageData|{data: Uint8ClampedArray|Uint8Array, width: number, height: number}|URL|string} Input a JPEG or PNG file, its URL (in Node its path too), or RGBA pixels */

/**
 * @typedef {object} ConverterOptions
 * @property {string|URL} [assets] the folder of the wasm files
 * @property {string|URL} [models] the folder of manifest.json and the weights
 * @property {'auto'|number} [threads]
 * @property {'auto'|'simd'|'relaxed'} [variant]
 * @property {'auto'|'f32'|'int8'} [precision] of every call that says nothing else; auto (the faster one) unless told
 * @property {{maxPixels?: number, maxSidePx?: number, memoryMbytes?: number}} [limits]
 * @property {(progress: Progress) => void} [onProgress] of every call that has none of its own
 * @property {AbortSignal} [signal] ends the making of the converter
 */

/**
 * @typedef {object} OwnConvertOptions
 * @property {string} [style] the default style unless told
 * @property {'auto'|'f32'|'int8'} [precision] that the style is painted in; the result's backend says which it was
 * @property {'original'|number} [width] of the result in pixels
 * @property {'bytes'|'blob'|'imagedata'} [output] bytes unless told
 * @property {'png'|'jpeg'} [format] png unless told
 * @property {number} [quality] 1..100, for JPEG
 * @property {boolean} [transfer] give the input's bytes away instead of copying them
 * @property {AbortSignal} [signal]
 * @property {(progress: Progress) => void} [onProgress]
 */

/** @typedef {OwnConvertOptions & import('./options.js').PaintOptions} ConvertOptions */

/**
 * @typedef {object} Call
 * @property {number} id
 * @property {Kind|'dispose'} kind
 * @property {any} payload
 * @property {any[]} transfer
 * @property {(result: any) => void} resolve
 * @property {(error: unknown) => void} reject
 * @property {((progress: Progress) => void)|undefined} onProgress
 * @property {boolean} settled answered to the caller; the worker may still be busy with it
 */

const WIDTH_MAX = 65535
const WORKER = new URL('./worker.js', import.meta.url)

/** @param {string|URL|undefined} folder @param {URL} fallback @param {string} name */
function folderUrl(folder, fallback, name) {
  if (folder !== undefined && typeof folder !== 'string' && !(folder instanceof URL)) throw expected('a URL', name, folder)
  let url
  try {
    url = new URL(folder ?? fallback, globalThis.document?.baseURI)
  } catch {
    throw expected('an absolute URL', name, folder)
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return url.href
}

/**
 * @param {unknown} input
 * @param {boolean} move
 * @returns {Promise<{source: Source, transfer: any[]}>}
 */
async function readInput(input, move) {
  if (typeof Blob === 'function' && input instanceof Blob) {
    const buffer = await input.arrayBuffer()
    return { source: { file: new Uint8Array(buffer) }, transfer: [buffer] }
  }
  if (input instanceof URL) return { source: { url: input.href }, transfer: [] }
  if (typeof input === 'string') {
    if (globalThis.document) return { source: { url: new URL(input, document.baseURI).href }, transfer: [] }
    const { pathToFileURL } = await import('node:url')
    return { source: { url: pathToFileURL(input).href }, transfer: [] }
  }
  const image = /** @type {ImageData} */ (input)
  if (typeof image === 'object' && image !== null && 'data' in image) {
    const width = wholeNumber('input.width', image.width, 1, WIDTH_MAX)
    const height = wholeNumber('input.height', image.height, 1, WIDTH_MAX)
    const pixels = bytes('input.data', image.data)
    return { source: { pixels, width, height }, transfer: move ? [pixels.buffer] : [] }
  }
  if (input instanceof ArrayBuffer || ArrayBuffer.isView(input)) {
    const file = bytes('input', input)
    return { source: { file }, transfer: move ? [file.buffer] : [] }
  }
  throw expected('a Blob, ArrayBuffer, Uint8Array, ImageData, URL or path', 'input', input)
}

/** The options that go to the worker as they are, checked. @param {ConvertOptions} options */
function paintOptions(options) {
  checkPaint(options)
  const { edgePreserve, colorShift, faces, hairColor, lipColor, eyeColor, clothColor } = options
  return { edgePreserve, colorShift, faces, hairColor, lipColor, eyeColor, clothColor }
}

/** @param {Pick<ConvertOptions, 'style'|'precision'|'width'>} options */
function styleAndWidth({ style, precision, width = 'original' }) {
  if (style !== undefined && typeof style !== 'string') throw expected("a style's name", 'style', style)
  if (precision !== undefined) oneOf('precision', precision, PRECISION_CHOICES)
  return { style, precision, widthPx: width === 'original' ? 0 : wholeNumber('width', width, 1, WIDTH_MAX) }
}

/**
 * @param {{image: any, width: number, height: number}} made
 * @param {'bytes'|'blob'|'imagedata'} output
 * @param {'png'|'jpeg'} format
 */
function wrapImage({ image, width, height }, output, format) {
  if (output === 'blob') return new Blob([image], { type: `image/${format}` })
  if (output === 'bytes') return image
  return typeof ImageData === 'function' ? new ImageData(image, width, height) : { data: image, width, height }
}

export class Converter {
  /** @type {import('./protocol.js').Payloads['open']} */
  #settings
  /** @type {((progress: Progress) => void)|undefined} */
  #onProgress
  /** @type {import('./thread.js').Thread|undefined} */
  #thread
  /** @type {import('./protocol.js').Results['open']|undefined} */
  #info
  /** @type {Call[]} */
  #queue = []
  /** @type {Call|undefined} with the worker */
  #current
  #lastId = 0
  #disposed = false

  /** @param {ConverterOptions} options */
  constructor({ assets, models, threads, variant, precision = 'auto', limits, onProgress }) {
    this.#settings = {
      assets: folderUrl(assets, new URL('../dist/', import.meta.url), 'assets'),
      models: folderUrl(models, new URL('../../models/', import.meta.url), 'models'),
      threads,
      variant,
      precision: oneOf('precision', precision, PRECISION_CHOICES),
      ...limits
    }
    this.#onProgress = onProgress
  }

  /** What really runs, and why: {variant, threads, reason, version}. */
  get info() {
    if (!this.#info) throw new P2AError('INTERNAL', 'expected a converter of createConverter()')
    return { ...this.#info }
  }

  /**
   * Start the worker; createConverter() does.
   * @param {AbortSignal} [signal]
   */
  async open(signal) {
    await this.#request('memory', {}, [], { signal })
  }

  /**
   * @param {Input} input
   * @param {ConvertOptions} [options]
   * @returns {Promise<Omit<import('./protocol.js').Results['convert'], 'image'> & {image: any}>}
   * @throws {P2AError} ARGUMENT, IMAGE, LIMIT, MEMORY, MODEL, IO, TRAP, DISPOSED; or the signal's reason (AbortError)
   */
  async convert(input, options = {}) {
    const { transfer = false, signal, onProgress } = options
    signal?.throwIfAborted()
    return this.#picture('convert', { ...styleAndWidth(options), ...paintOptions(options) }, input, options, { transfer, signal, onProgress })
  }

  /**
   * Convert one after another; only the picture in work is held. A picture that fails is an item
   * with `error`, and the next one follows; an abort ends it all.
   * @param {Iterable<Input>|AsyncIterable<Input>} inputs
   * @param {ConvertOptions} [options] for each of them
   * @returns {AsyncGenerator<{index: number, input: Input, result?: Awaited<ReturnType<Converter['convert']>>, error?: unknown}, void>}
   */
  async *convertMany(inputs, options = {}) {
    let index = 0
    for await (const input of inputs) {
      let item
      try {
        item = { index, input, result: await this.convert(input, options) }
      } catch (error) {
        if (options.signal?.aborted || this.#disposed) throw error
        item = { index, input, error }
      }
      yield item
      index++
    }
  }

  /**
   * Find the faces of a photo, painting nothing: boxes, landmarks, scores, and what the parser sees in each.
   * @param {Input} input
   * @param {{minPx?: number, maxFaces?: number, classes?: boolean, transfer?: boolean, signal?: AbortSignal, onProgress?: (progress: Progress) => void}} [options] classes: also each face's 512x512 map of classes
   * @returns {Promise<import('./protocol.js').Results['faces']>}
   * @throws {P2AError} as convert()
   */
  async faces(input, { minPx, maxFaces, classes = false, transfer = false, signal, onProgress } = {}) {
    signal?.throwIfAborted()
    const faces = { minPx, maxFaces }
    checkPaint({ faces })
    if (typeof classes !== 'boolean') throw expected('true or false', 'classes', classes)
    const read = await readInput(input, transfer)
    return this.#request('faces', { source: read.source, faces, classes }, read.transfer, { signal, onProgress })
  }

  /**
   * What converting a picture would take, without doing it: bytes of the C core beyond what it holds
   * (decoding and encoding excluded), and the seconds of painting on this machine as it is now.
   * @param {{width: number, height: number}} photo
   * @param {Pick<ConvertOptions, 'style'|'precision'|'width'|'signal'>} [options]
   * @returns {Promise<import('./protocol.js').Results['estimate']>}
   * @throws {P2AError} as convert()
   */
  async estimate({ width, height }, options = {}) {
    wholeNumber('width', width, 1, WIDTH_MAX)
    wholeNumber('height', height, 1, WIDTH_MAX)
    return this.#request('estimate', { width, height, ...styleAndWidth(options) }, [], { signal: options.signal })
  }

  /**
   * Write a picture as another kind of file, not painted.
   * @param {Input} input
   * @param {Pick<ConvertOptions, 'output'|'format'|'quality'|'transfer'|'signal'>} [options]
   * @returns {Promise<{image: any, width: number, height: number}>}
   * @throws {P2AError} as convert()
   */
  async encode(input, options = {}) {
    const { transfer = false, signal } = options
    signal?.throwIfAborted()
    return this.#picture('encode', {}, input, options, { transfer, signal })
  }

  /**
   * @param {{signal?: AbortSignal}} [options]
   * @returns {Promise<import('./models.js').ModelEntry[]>} models/manifest.json
   */
  models({ signal } = {}) {
    return this.#request('models', {}, [], { signal })
  }

  /** @returns {Promise<import('./protocol.js').Results['memory']>} of the C core, and the whole wasm heap */
  memory() {
    return this.#request('memory', {}, [], {})
  }

  /** End the worker at once. What is under way is rejected with DISPOSED. */
  dispose() {
    this.#disposed = true
    const error = new P2AError('DISPOSED', 'the converter was disposed of', { fatal: true })
    this.#thread?.end()
    this.#thread = undefined
    for (const call of [this.#current, ...this.#queue]) call?.reject(error)
    this.#current = undefined
    this.#queue = []
  }

  /** For `await using`. */
  async [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]() {
    this.dispose()
  }

  /**
   * @param {'convert'|'encode'} kind
   * @param {object} payload
   * @param {unknown} input
   * @param {ConvertOptions} options
   * @param {{transfer: boolean, signal?: AbortSignal, onProgress?: (progress: Progress) => void}} how
   */
  async #picture(kind, payload, input, options, how) {
    const output = oneOf('output', options.output ?? 'bytes', /** @type {const} */ (['bytes', 'blob', 'imagedata']))
    const format = oneOf('format', options.format ?? 'png', /** @type {const} */ (['png', 'jpeg']))
    const quality = wholeNumber('quality', options.quality ?? 90, 1, 100)
    const { source, transfer } = await readInput(input, how.transfer)
    const made = await this.#request(kind, { ...payload, source, quality, format: output === 'imagedata' ? 'rgba' : format }, transfer, how)
    return { ...made, image: wrapImage(made, output, format) }
  }

  /**
   * @param {Kind} kind
   * @param {any} payload
   * @param {any[]} transfer
   * @param {{signal?: AbortSignal, onProgress?: (progress: Progress) => void}} how
   * @returns {Promise<any>}
   */
  async #request(kind, payload, transfer, { signal, onProgress = this.#onProgress }) {
    signal?.throwIfAborted()
    if (this.#disposed) throw new P2AError('DISPOSED', 'expected a converter that is not disposed of', { fatal: true })
    let abort = () => {}
    try {
      return await new Promise((resolve, reject) => {
        const call = { id: ++this.#lastId, kind, payload, transfer, resolve, reject, onProgress, settled: false }
        abort = () => this.#abort(call, signal?.reason)
        signal?.addEventListener('abort', abort, { once: true })
        this.#queue.push(call)
        this.#next()
      })
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  /** @param {Call} call @param {unknown} reason */
  #abort(call, reason) {
    call.settled = true
    call.reject(reason)
    if (call === this.#current) this.#thread?.post({ id: ++this.#lastId, kind: 'stop', payload: { id: call.id } }, [])
    else this.#queue = this.#queue.filter((other) => other !== call)
  }

  /** Give the worker the next call, if it is free; open it first, if there is none. */
  async #next() {
    if (this.#current || this.#queue.length === 0) return
    const call = /** @type {Call} */ (this.#queue.shift())
    this.#current = call
    try {
      if (!this.#thread) await this.#openThread()
    } catch (error) {
      this.#done(call, () => call.reject(error))
      return
    }
    if (this.#current !== call) return /* disposed of meanwhile */
    if (call.settled) this.#done(call, () => {})
    else {
      try {
        this.#thread?.post({ id: call.id, kind: call.kind, payload: call.payload }, call.transfer)
      } catch (cause) {
        const error = new P2AError('ARGUMENT', `expected an input that can be sent to a worker: ${/** @type {Error} */ (cause).message}`, { cause })
        this.#done(call, () => call.reject(error))
      }
    }
  }

  /** @param {Call} call @param {() => void} settle */
  #done(call, settle) {
    if (this.#current !== call) return
    this.#current = undefined
    if (!call.settled) settle()
    this.#next()
  }

  /** A fresh worker that has answered 'open'; on failure there is none. */
  async #openThread() {
    const id = ++this.#lastId
    /** @type {import('./thread.js').Thread|undefined} */
    let thread
    try {
      this.#info = await new Promise((resolve, reject) => {
        const heard = (/** @type {import('./protocol.js').Reply} */ reply) => {
          if (reply.id !== id) this.#heard(reply)
          else if (reply.error) reject(fromWire(reply.error))
          else resolve(reply.result)
        }
        const broke = (/** @type {P2AError} */ error) => {
          reject(error)
          if (thread && thread === this.#thread) this.#fail(error)
        }
        openThread(WORKER, heard, broke).then((opened) => {
          thread = opened
          if (this.#disposed) thread.end()
          else thread.post({ id, kind: 'open', payload: this.#settings }, [])
        }, reject)
      })
      if (this.#disposed) thread?.end()
      else this.#thread = thread
    } catch (error) {
      thread?.end()
      throw error
    }
  }

  /** @param {import('./protocol.js').Reply} reply */
  #heard({ id, result, error, progress }) {
    const call = this.#current
    if (call?.id !== id) return
    if (progress) {
      if (!call.settled) call.onProgress?.(progress)
    } else if (error?.fatal) this.#fail(fromWire(error))
    else this.#done(call, () => (error ? call.reject(fromWire(error)) : call.resolve(result)))
  }

  /** The worker is of no more use. @param {P2AError} error */
  #fail(error) {
    this.#thread?.end()
    this.#thread = undefined
    const call = this.#current
    if (call) this.#done(call, () => call.reject(error))
  }
}
