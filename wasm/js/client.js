/**
 * client.js - promises -> messages to the worker
 *
 * One request is with the worker, the others wait here. An abort is answered at once, whatever the
 * worker is doing; the next request begins when the worker has let go of the aborted one. After a
 * trap the worker is thrown away, and the next request starts a fresh one.
 */
import { checkIntegrity } from './digest.js'
import { P2AError } from './errors.js'
import { SIDE_MAX_PX, readInput } from './input.js'
import { PRECISION_CHOICES } from './models.js'
import { checkPaint } from './options.js'
import { fromWire } from './protocol.js'
import { openThread } from './thread.js'
import { expected, number, oneOf, wholeNumber } from './validate.js'
import { VideoSession } from './video.js'

/** @typedef {import('./protocol.js').Kind} Kind */
/** @typedef {import('./protocol.js').Progress} Progress */
/** @typedef {import('./input.js').Input} Input */

/**
 * @typedef {object} ConverterOptions
 * @property {string|URL} [assets] the folder of the wasm files, where they do not lie in the package
 * @property {string|URL} [models] the folder of manifest.json and the weights
 * @property {'auto'|number} [threads] 1 to 16; as many as cores where the page is cross-origin isolated, else 1
 * @property {'auto'|'simd'|'relaxed'} [variant] relaxed SIMD where the engine has it, unless told
 * @property {'auto'|'f32'|'int8'} [precision] of every call that says nothing else; auto (the faster one) unless told
 * @property {number} [memoryLimit] bytes that pictures and networks may take at one time, 1048576 to 4294967295; no limit of its own unless told
 * @property {number} [maxPixels] of a picture; 100 million unless told
 * @property {import('./digest.js').Integrity} [integrity] sha256 of files that you host: "manifest.json" (which vouches for every model), "weights/NAME.safetensors", "p2a-VARIANT.wasm" -> "sha256-BASE64" or hex
 * @property {(progress: Progress) => void} [onProgress] of every call that has none of its own
 * @property {AbortSignal} [signal] ends the making of the converter
 */

/**
 * @typedef {object} OwnConvertOptions
 * @property {string} [style] a name of models(), the default style unless told
 * @property {Record<string, number>} [blend] instead of style: names and their shares, which add up to 1
 * @property {'auto'|'f32'|'int8'} [precision] that the style is painted in; the result's backend says which it was
 * @property {'original'|number} [width] of the result in pixels; its height is in proportion
 * @property {'bytes'|'blob'|'imagedata'} [output] bytes unless told
 * @property {'png'|'jpeg'} [format] png unless told
 * @property {number} [quality] 1..100, for JPEG; 90 unless told
 * @property {boolean} [transfer] give the input's bytes (or ImageBitmap) away instead of copying them
 * @property {AbortSignal} [signal] an abort is answered at once, and the converter goes on
 * @property {(progress: Progress) => void} [onProgress] {stage: 'load'|'decode'|'paint'|'encode', part: 0..1}
 */

/**
 * What `output` makes of a picture: a file's bytes, a Blob, or pixels (in Node an object with the
 * same data, width and height).
 * @template {{output?: 'bytes'|'blob'|'imagedata'}} O
 * @typedef {O extends {output: 'blob'} ? Blob : O extends {output: 'imagedata'} ? ImageData : Uint8Array<ArrayBuffer>} Image
 */

/**
 * @template {{output?: 'bytes'|'blob'|'imagedata'}} [O={}]
 * @typedef {object} ConvertResult
 * @property {Image<O>} image Uint8Array, Blob or ImageData, as output says
 * @property {number} width
 * @property {number} height
 * @property {string} style
 * @property {import('./engine.js').Face[]} faces that were found: {box, score, landmarks}, in pixels of the result
 * @property {import('./conversion.js').Timings} timings in ms: decode, scene, faces, blend, encode, total
 * @property {number} peakBytes most memory of the C core
 * @property {import('./options.js').UsedStatistics} statistics what an imported network was normalised by; none where it needs none
 * @property {{variant: 'simd'|'relaxed', threads: number, precision: 'f32'|'int8'}} backend what ran
 * @property {string[]} warnings what a person should know of this result: one thread only, models not verified, decoded by the browser, faces left out; mostly empty
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

const MEMORY_MAX = 2 ** 32 - 1
const MBYTE = 2 ** 20

/* wasm memory never shrinks. A worker that has grown beyond this, and is idle, is ended; the next
 * call starts a fresh one, which takes a few tenths of a second. */
const HEAP_KEPT_BYTES = 192 * MBYTE
const RECYCLE_IDLE_MS = 1000

/* Bundlers know this very form, and bundle the worker. Folders they do not know: they get `here`. */
const startWorker = () => new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'photo2anime' })
const here = import.meta.url

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

/** The options that go to the worker as they are, checked. @param {ConvertOptions} options */
function paintOptions(options) {
  checkPaint(options)
  const { edgePreserve, colorShift, statistics, faces, hairColor, lipColor, eyeColor, clothColor } = options
  return { edgePreserve, colorShift, statistics, faces, hairColor, lipColor, eyeColor, clothColor }
}

/** @param {Pick<ConvertOptions, 'style'|'blend'>} options @returns {string|undefined} as parseStyle() reads it */
function styleText({ style, blend }) {
  if (blend === undefined) {
    if (style !== undefined && typeof style !== 'string') throw expected("a style's name", 'style', style)
    return style
  }
  if (style !== undefined) throw expected('either style or blend', 'blend', blend)
  if (typeof blend !== 'object' || blend === null || Object.keys(blend).length === 0) throw expected('an object from names to shares', 'blend', blend)
  return Object.entries(blend)
    .map(([name, share]) => `${name}=${number(`blend.${name}`, share, 0, 1).toFixed(6)}`)
    .join(',')
}

/** @param {Pick<ConvertOptions, 'style'|'blend'|'precision'|'width'>} options */
function styleAndWidth(options) {
  const { precision, width = 'original' } = options
  if (precision !== undefined) oneOf('precision', precision, PRECISION_CHOICES)
  return { style: styleText(options), precision, widthPx: width === 'original' ? 0 : wholeNumber('width', width, 1, SIDE_MAX_PX) }
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
  /** of the worker: how many there were */
  #generation = 0
  /** @type {Set<VideoSession>} */
  #sessions = new Set()
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #recycling

  /** @param {ConverterOptions} options */
  constructor({ assets, models, threads, variant, precision = 'auto', memoryLimit, maxPixels, integrity, onProgress }) {
    if (memoryLimit !== undefined) wholeNumber('memoryLimit', memoryLimit, MBYTE, MEMORY_MAX)
    this.#settings = {
      assets: folderUrl(assets, new URL('../dist/', here), 'assets'),
      models: folderUrl(models, new URL('../../models/', here), 'models'),
      threads,
      variant,
      precision: oneOf('precision', precision, PRECISION_CHOICES),
      maxPixels,
      memoryMbytes: memoryLimit && Math.floor(memoryLimit / MBYTE),
      integrity: checkIntegrity(integrity)
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
   * Paint a picture.
   * @template {ConvertOptions} [O={}]
   * @param {Input} input
   * @param {O} [options]
   * @returns {Promise<ConvertResult<O>>}
   * @throws {P2AError} ARGUMENT, IMAGE, LIMIT, MEMORY, MODEL, IO, TRAP, UNSUPPORTED, DISPOSED; or the signal's reason (AbortError)
   */
  async convert(input, options = /** @type {O} */ ({})) {
    const { transfer = false, signal, onProgress } = options
    signal?.throwIfAborted()
    return this.#picture('convert', { ...styleAndWidth(options), ...paintOptions(options) }, input, options, { transfer, signal, onProgress })
  }

  /**
   * Convert one after another; only the picture in work is held. All go through one network, whose
   * weights are packed and whose memory is laid out once, so that small pictures cost no more than
   * their own painting. A picture that fails is an item with `error`, and the next one follows; an
   * abort ends it all.
   * @template {ConvertOptions} [O={}]
   * @param {Iterable<Input>|AsyncIterable<Input>} inputs
   * @param {O} [options] for each of them
   * @returns {AsyncGenerator<{index: number, input: Input, result?: ConvertResult<O>, error?: unknown}, void>}
   */
  async *convertMany(inputs, options = /** @type {O} */ ({})) {
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
   * (decoding and encoding excluded; where a face is found, unless faces is false), the seconds of painting
   * and of looking for faces on this machine as it is now, and what each face that is found adds to them.
   * @param {{width: number, height: number}} photo
   * @param {Pick<ConvertOptions, 'style'|'blend'|'precision'|'width'|'faces'|'signal'>} [options]
   * @returns {Promise<import('./protocol.js').Results['estimate']>}
   * @throws {P2AError} as convert()
   */
  async estimate({ width, height }, options = {}) {
    wholeNumber('width', width, 1, SIDE_MAX_PX)
    wholeNumber('height', height, 1, SIDE_MAX_PX)
    checkPaint({ faces: options.faces })
    return this.#request('estimate', { width, height, faces: options.faces, ...styleAndWidth(options) }, [], { signal: options.signal })
  }

  /**
   * Paint a video or a camera's picture, frame by frame, by the style's live tier.
   * @param {import('./video.js').VideoOptions} options
   * @returns {Promise<VideoSession>} release with close()
   * @throws {P2AError} as convert()
   */
  async createVideoSession({ width, height, style, steadiness = 1, signal }) {
    wholeNumber('width', width, 1, SIDE_MAX_PX)
    wholeNumber('height', height, 1, SIDE_MAX_PX)
    number('steadiness', steadiness, 0, 1)
    const session = new VideoSession(
      {
        request: (kind, payload, transfer, ends) => this.#request(kind, payload, transfer, { signal: ends }),
        generation: () => this.#generation,
        closed: (closed) => this.#sessions.delete(closed)
      },
      { width, height, style: styleText({ style }), steadiness }
    )
    this.#sessions.add(session)
    try {
      await session.open(signal)
      return session
    } catch (error) {
      this.#sessions.delete(session)
      throw error
    }
  }

  /**
   * Write a picture as another kind of file, not painted.
   * @template {Pick<ConvertOptions, 'output'|'format'|'quality'|'transfer'|'signal'>} [O={}]
   * @param {Input} input
   * @param {O} [options]
   * @returns {Promise<{image: Image<O>, width: number, height: number, warnings: string[]}>}
   * @throws {P2AError} as convert()
   */
  async encode(input, options = /** @type {O} */ ({})) {
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

  /** End the worker at once; what is under way is rejected with DISPOSED. Fulfilled when it has ended. */
  async dispose() {
    this.#disposed = true
    const error = new P2AError('DISPOSED', 'the converter was disposed of', { fatal: true })
    const ended = this.#endThread()
    for (const call of [this.#current, ...this.#queue]) call?.reject(error)
    this.#current = undefined
    this.#queue = []
    await ended
  }

  /** For `await using`, where the engine has it. @returns {Promise<void>} */
  [Symbol.asyncDispose]() {
    return this.dispose()
  }

  /**
   * @param {'convert'|'encode'} kind
   * @param {object} payload
   * @param {unknown} input
   * @param {ConvertOptions} options
   * @param {{transfer: boolean, signal?: AbortSignal, onProgress?: (progress: Progress) => void}} how
   * @returns {Promise<any>}
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
        clearTimeout(this.#recycling)
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

  /** @returns {Promise<void>|void} when it has ended */
  #endThread() {
    const thread = this.#thread
    this.#thread = undefined
    clearTimeout(this.#recycling)
    return thread?.end()
  }

  /** @param {number} heapBytes of the worker, after a call */
  #recycleLater(heapBytes) {
    clearTimeout(this.#recycling)
    if (heapBytes <= HEAP_KEPT_BYTES || this.#sessions.size > 0) return
    /** @type {any} */
    const timer = setTimeout(() => {
      if (!this.#current && this.#queue.length === 0 && this.#sessions.size === 0) this.#endThread()
    }, RECYCLE_IDLE_MS)
    timer.unref?.() /* Node would wait for it */
    this.#recycling = timer
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
        openThread(new URL('./worker.js', here), startWorker, heard, broke).then((opened) => {
          thread = opened
          if (this.#disposed) thread.end()
          else thread.post({ id, kind: 'open', payload: this.#settings }, [])
        }, reject)
      })
      if (this.#disposed) thread?.end()
      else {
        this.#thread = thread
        this.#generation++
      }
    } catch (error) {
      thread?.end()
      throw error
    }
  }

  /** @param {import('./protocol.js').Reply} reply */
  #heard({ id, result, error, progress, heapBytes }) {
    const call = this.#current
    if (call?.id !== id) return
    if (progress) {
      if (!call.settled) call.onProgress?.(progress)
    } else if (error?.fatal) this.#fail(fromWire(error))
    else {
      if (heapBytes) this.#recycleLater(heapBytes)
      this.#done(call, () => (error ? call.reject(fromWire(error)) : call.resolve(result)))
    }
  }

  /** The worker is of no more use. @param {P2AError} error */
  #fail(error) {
    this.#endThread()
    const call = this.#current
    if (call) this.#done(call, () => call.reject(error))
  }
}
