/**
 * engine.js - the C API, one synchronous method per call
 *
 * For Node, for the worker, and for whoever runs in a worker of their own: convert() blocks. It works
 * in steps of some tens of milliseconds, and between two steps it reports progress and asks whether
 * to stop. Pictures and models are numbered handles of the C side, wrapped in objects that must be
 * disposed; the engine disposes of what is left when it is disposed itself.
 */
import { P2AError } from './errors.js'
import { FACE_INFO_FLOATS, faceOf } from './face.js'
import { Heap } from './heap.js'
import { ESTIMATE, FACE_CROP_PX, FORMAT, LIMITS, RESULT, STATUS } from './layout.js'
import { chooseVariant, endThreads, instantiate } from './module.js'
import { OPTIONS_BYTES, writeOptions } from './options.js'
import { bytes, expected, number, oneOf, wholeNumber } from './validate.js'

/** @typedef {import('./module.js').EngineOptions} EngineOptions */

/**
 * The models that find, parse and paint faces; the portrait's is needed for a character above 0.
 * @typedef {{detector: number, parser: number, portrait?: number}} FaceModels
 */

/**
 * @typedef {object} OwnConvertOptions
 * @property {number} [widthPx] of the result; 0 (the photo's own) unless told
 * @property {number} [bandRowsPx] rows painted at a time; 0 (chosen) unless told
 * @property {FaceModels} [faceModels] paint faces too, with these models; without them `faces` means nothing
 * @property {(part: number) => void} [onProgress] called between steps with 0..1
 * @property {() => boolean} [shouldStop] asked between steps; true ends with STOPPED
 */

/**
 * @typedef {object} Picture
 * @property {number} handle p2a_image
 * @property {number} width
 * @property {number} height
 * @property {number} channels 3 or 4
 */

/** @typedef {OwnConvertOptions & import('./options.js').PaintOptions} ConvertOptions */

/** @typedef {import('./face.js').Face} Face */

/** @typedef {{picture: Picture, result: Record<string, number>, faces: Face[]}} Converted result: p2a_result */

const U32_MAX = 0xffffffff

/** As p2a_precision counts them. */
const PRECISIONS = /** @type {const} */ (['f32', 'int8'])

export class Engine {
  /** @type {any} */
  #core
  /** @type {Heap} */
  #heap
  #ctx = 0
  #dead = ''
  /** @type {Set<number>} */
  #images = new Set()
  /** @type {Set<number>} */
  #models = new Set()
  /** @type {Map<number, {width: number, height: number}>} */
  #videos = new Map()
  /** @type {{variant: 'simd'|'relaxed', threads: number, reason: string}} */
  #info

  /**
   * @param {any} core
   * @param {import('./module.js').Choice} choice
   * @param {EngineOptions} options
   */
  constructor(core, choice, options) {
    this.#core = core
    this.#heap = new Heap(core)
    this.#info = { ...choice }
    this.#heap.withScratch(4 * LIMITS.length + 4, (limits) => {
      const out = limits + 4 * LIMITS.length
      this.#call(() => core._p2a_limits_default(limits))
      const given = { ...options, threads: choice.threads }
      LIMITS.forEach((name, i) => {
        const value = given[/** @type {keyof typeof given} */ (name)]
        if (value !== undefined) {
          this.#heap.setU32(limits + 4 * i, wholeNumber(name, value, name === 'memoryMbytes' ? 0 : 1, U32_MAX))
        }
      })
      this.#heap.setU32(out, 0)
      const status = this.#call(() => core._p2a_context_create(limits, 0, out))
      if (status !== 0) {
        throw new P2AError(/** @type {any} */ (STATUS[status] ?? 'INTERNAL'), 'the engine could not be made: no memory, or a limit out of range')
      }
      this.#ctx = this.#heap.u32(out)
    })
    this.#info.threads = this.#call(() => core._p2a_context_threads(this.#ctx))
  }

  /**
   * @param {EngineOptions} [options]
   * @returns {Promise<Engine>}
   * @throws {P2AError} ARGUMENT, UNSUPPORTED, IO, MEMORY
   */
  static async create(options = {}) {
    const choice = await chooseVariant(options)
    const core = await instantiate(choice, options)
    try {
      return new Engine(core, choice, options)
    } catch (error) {
      endThreads(core)
      throw error
    }
  }

  /** What really runs, and why. */
  get info() {
    return { ...this.#info }
  }

  /** Bytes that the C side holds now, the most since the last conversion began, and the whole heap. */
  get memory() {
    return {
      bytes: this.#do((core, ctx) => core._p2a_context_bytes(ctx) >>> 0),
      peakBytes: this.#do((core, ctx) => core._p2a_context_peak_bytes(ctx) >>> 0),
      heapBytes: this.#heap.byteLength
    }
  }

  /** The whole wasm heap: it grows and never shrinks. */
  get heapBytes() {
    return this.#heap.byteLength
  }

  /** Start counting the peak from now. */
  resetPeak() {
    this.#do((core, ctx) => core._p2a_context_reset_peak(ctx))
  }

  /** @returns {string} of the C core, "0.1.0" */
  get version() {
    const v = this.#do((core) => core._p2a_version())
    return `${v >> 16}.${(v >> 8) & 255}.${v & 255}`
  }

  /**
   * @param {Uint8Array|ArrayBuffer} file JPEG or PNG
   * @returns {{width: number, height: number}} upright
   * @throws {P2AError} IMAGE
   */
  probe(file) {
    return this.#heap.withBytes(bytes('file', file), (pointer, length) =>
      this.#heap.withScratch(8, (out) => {
        this.#check((core, ctx) => core._p2a_image_probe(ctx, pointer, length, out))
        return { width: this.#heap.u32(out), height: this.#heap.u32(out + 4) }
      })
    )
  }

  /**
   * @param {Uint8Array|ArrayBuffer} file JPEG or PNG
   * @returns {Picture} dispose with disposeImage()
   * @throws {P2AError} IMAGE, LIMIT, MEMORY
   */
  decode(file) {
    return this.#heap.withBytes(bytes('file', file), (pointer, length) =>
      this.#image((core, ctx, out) => core._p2a_image_decode(ctx, pointer, length, out))
    )
  }

  /**
   * @param {Uint8Array|Uint8ClampedArray} pixels rows of RGB or RGBA bytes, straight alpha
   * @param {number} width
   * @param {number} height
   * @param {number} [channels] 4 unless told
   * @returns {Picture} dispose with disposeImage()
   * @throws {P2AError} ARGUMENT, LIMIT, MEMORY
   */
  createImage(pixels, width, height, channels = 4) {
    const view = bytes('pixels', pixels)
    wholeNumber('width', width, 1, U32_MAX)
    wholeNumber('height', height, 1, U32_MAX)
    wholeNumber('channels', channels, 3, 4)
    if (view.byteLength !== width * height * channels) {
      throw expected(`${width * height * channels} bytes (${width} x ${height} x ${channels})`, 'pixels.length', view.byteLength)
    }
    return this.#heap.withBytes(view, (pointer) =>
      this.#image((core, ctx, out) => core._p2a_image_create(ctx, pointer, width, height, channels, out))
    )
  }

  /**
   * @param {Picture} picture
   * @returns {Uint8Array<ArrayBuffer>} a copy of its rows
   */
  pixels(picture) {
    this.#own(picture)
    const pointer = this.#do((core) => core._p2a_image_pixels(picture.handle) >>> 0)
    return this.#heap.bytes(pointer, picture.width * picture.height * picture.channels)
  }

  /**
   * @param {Picture} picture
   * @returns {Uint8ClampedArray<ArrayBuffer>} RGBA, as ImageData wants it
   */
  rgba(picture) {
    const pixels = this.pixels(picture)
    if (picture.channels === 4) return new Uint8ClampedArray(pixels.buffer)
    const out = new Uint8ClampedArray(picture.width * picture.height * 4)
    for (let i = 0, o = 0; i < pixels.length; i += 3, o += 4) {
      out[o] = pixels[i]
      out[o + 1] = pixels[i + 1]
      out[o + 2] = pixels[i + 2]
      out[o + 3] = 255
    }
    return out
  }

  /**
   * @param {Picture} picture
   * @param {{format?: 'png'|'jpeg', quality?: number}} [options] quality 1..100, for JPEG; 90 unless told
   * @returns {Uint8Array<ArrayBuffer>} the file
   * @throws {P2AError} ARGUMENT, LIMIT, MEMORY
   */
  encode(picture, options = {}) {
    this.#own(picture)
    const format = oneOf('format', options.format ?? 'png', /** @type {const} */ (['png', 'jpeg']))
    const quality = wholeNumber('quality', options.quality ?? 90, 1, 100)
    return this.#heap.withScratch(8, (out) => {
      this.#heap.setU32(out, 0)
      this.#heap.setU32(out + 4, 0)
      this.#check((core, ctx) => core._p2a_image_encode(ctx, picture.handle, FORMAT[format], quality, out, out + 4))
      const length = this.#heap.u32(out)
      const pointer = this.#heap.u32(out + 4)
      try {
        return this.#heap.bytes(pointer, length)
      } finally {
        this.#do((core, ctx) => core._p2a_bytes_destroy(ctx, pointer))
      }
    })
  }

  /** @param {Picture} picture */
  disposeImage(picture) {
    if (this.#dead || !this.#images.delete(picture.handle)) return
    this.#do((core) => core._p2a_image_destroy(picture.handle))
  }

  /**
   * @param {Uint8Array|ArrayBuffer} file .safetensors
   * @returns {number} the model; dispose with disposeModel()
   * @throws {P2AError} MODEL, MEMORY
   */
  loadModel(file) {
    return this.#heap.withBytes(bytes('model', file), (pointer, length) =>
      this.#heap.withScratch(4, (out) => {
        this.#check((core, ctx) => core._p2a_model_load(ctx, pointer, length, out))
        const model = this.#heap.u32(out)
        this.#models.add(model)
        return model
      })
    )
  }

  /**
   * @param {number} model
   * @param {string} key "name", "license", "commercial_use", ...
   * @returns {string|undefined}
   */
  modelMetadata(model, key) {
    this.#ownModel(model)
    return this.#heap.withBytes(new TextEncoder().encode(`${key}\0`), (pointer) => {
      const text = this.#do((core) => core._p2a_model_metadata(model, pointer) >>> 0)
      return text === 0 ? undefined : this.#heap.text(text)
    })
  }

  /**
   * A model between others of one graph, weight by weight.
   * @param {number[]} models
   * @param {number[]} shares 0..1 each, adding up to 1
   * @returns {number} the model; dispose with disposeModel()
   * @throws {P2AError} ARGUMENT, MODEL, MEMORY
   */
  blendModels(models, shares) {
    models.forEach((model) => this.#ownModel(model))
    const count = wholeNumber('models.length', models.length, 1, 16)
    if (shares.length !== count) throw expected(`${count} numbers`, 'shares', shares.length)
    return this.#heap.withBytes(new Uint8Array(new Uint32Array(models).buffer), (handles) =>
      this.#heap.withBytes(new Uint8Array(new Float32Array(shares).buffer), (parts) =>
        this.#heap.withScratch(4, (out) => {
          this.#check((core, ctx) => core._p2a_model_blend(ctx, handles, parts, count, out))
          const model = this.#heap.u32(out)
          this.#models.add(model)
          return model
        })
      )
    )
  }

  /**
   * Keep the model's network from one conversion to the next: quicker, for memory about twice the weights.
   * @param {number} model
   * @param {boolean} [keep] true unless told
   */
  keepNetwork(model, keep = true) {
    this.#ownModel(model)
    this.#do((core) => core._p2a_model_keep_network(model, keep ? 1 : 0))
  }

  /** @param {number} model */
  disposeModel(model) {
    if (this.#dead || !this.#models.delete(model)) return
    this.#do((core) => core._p2a_model_destroy(model))
  }

  /**
   * Convert in one call. Blocks; see convertSteps() for the same with pauses.
   * @param {number} model
   * @param {Picture} picture not changed
   * @param {ConvertOptions} [options]
   * @returns {Converted} dispose its picture with disposeImage()
   * @throws {P2AError} ARGUMENT, LIMIT, MEMORY, MODEL, STOPPED
   */
  convert(model, picture, options = {}) {
    const steps = this.convertSteps(model, picture, options)
    for (;;) {
      const { done, value } = steps.next()
      if (done) return value
    }
  }

  /**
   * Convert in steps of some tens of milliseconds: each next() works and yields the part that is
   * done, the last returns the result. return() or throw() in between gives everything back.
   * @param {number} model
   * @param {Picture} picture not changed
   * @param {ConvertOptions} [options]
   * @returns {Generator<number, Converted, void>}
   */
  *convertSteps(model, picture, options = {}) {
    this.#ownModel(model)
    const { made, faces } = yield* this.#job(model, picture, options, false)
    return { .../** @type {{picture: Picture, result: Record<string, number>}} */ (made), faces }
  }

  /**
   * Find and parse faces, painting nothing; steps as those of convertSteps().
   * @param {Picture} picture
   * @param {ConvertOptions & {faceModels: FaceModels, classes?: boolean}} options classes: give each face's map too
   * @returns {Generator<number, {faces: Face[], left: number}, void>} left: more than maxFaces
   */
  *faceSteps(picture, options) {
    const { left, faces } = yield* this.#job(0, picture, options, options.classes === true)
    return { faces, left }
  }

  /**
   * @param {number} model 0: only find faces
   * @param {Picture} picture
   * @param {ConvertOptions} options
   * @param {boolean} classes
   */
  *#job(model, picture, options, classes) {
    this.#own(picture)
    const job = this.#heap.withScratch(OPTIONS_BYTES + 4, (settings) => {
      const out = settings + OPTIONS_BYTES
      this.#writeOptions(settings, options)
      this.#check((core, ctx) => core._p2a_job_create(ctx, model, picture.handle, settings, out))
      return this.#heap.u32(out)
    })
    try {
      if (options.faceModels) {
        const { detector, parser, portrait = 0 } = options.faceModels
        for (const own of [detector, parser]) this.#ownModel(own)
        if (portrait) this.#ownModel(portrait)
        this.#check((core) => core._p2a_job_use_faces(job, detector, parser, portrait))
      }
      for (let part = 0; part < 1; ) {
        if (options.shouldStop?.()) throw new P2AError('STOPPED', 'the conversion was stopped')
        part = this.#heap.withScratch(8, (out) => {
          this.#check((core) => core._p2a_job_step(job, out))
          return this.#heap.f64(out)
        })
        options.onProgress?.(part)
        yield part
      }
      return this.#heap.withScratch(8 * RESULT.length + 4, (result) => {
        const out = result + 8 * RESULT.length
        const faces = this.#faces(job, classes)
        this.#check((core) => core._p2a_job_take(job, result, out))
        const numbers = this.#heap.struct(result, RESULT)
        const handle = this.#heap.u32(out)
        const made = handle ? { picture: this.#keep(handle), result: numbers } : undefined
        return { made, faces, left: numbers.facesLeft }
      })
    } finally {
      if (!this.#dead) this.#do((core) => core._p2a_job_destroy(job))
    }
  }

  /**
   * What converting a picture of this size would take; with faceModels, where a face is found.
   * @param {number} model
   * @param {number} width
   * @param {number} height
   * @param {ConvertOptions} [options]
   * @returns {Record<string, number>} peakBytes, multiplyAdds, faceMultiplyAdds (what each face adds), widthPx, heightPx, statistics
   * @throws {P2AError} ARGUMENT, LIMIT
   */
  estimate(model, width, height, options = {}) {
    this.#ownModel(model)
    const { detector = 0, parser = 0 } = options.faceModels ?? {}
    for (const used of options.faceModels ? [detector, parser] : []) this.#ownModel(used)
    wholeNumber('width', width, 1, U32_MAX)
    wholeNumber('height', height, 1, U32_MAX)
    return this.#heap.withScratch(OPTIONS_BYTES, (settings) => {
      this.#writeOptions(settings, options)
      return this.#heap.withScratch(8 * ESTIMATE.length, (out) => {
        this.#check((core, ctx) => core._p2a_convert_estimate(ctx, model, detector, parser, width, height, settings, out))
        return this.#heap.struct(out, ESTIMATE)
      })
    })
  }

  /**
   * Frames of one size, painted one after another.
   * @param {number} model must outlive the video
   * @param {number} width
   * @param {number} height
   * @param {number} [steadiness] 0 (each frame by itself) to 1, which it is unless told
   * @returns {number} the video; dispose with disposeVideo()
   * @throws {P2AError} ARGUMENT, LIMIT, MODEL, MEMORY
   */
  createVideo(model, width, height, steadiness = 1) {
    this.#ownModel(model)
    wholeNumber('width', width, 1, U32_MAX)
    wholeNumber('height', height, 1, U32_MAX)
    number('steadiness', steadiness, 0, 1)
    return this.#heap.withScratch(4, (out) => {
      this.#check((core, ctx) => core._p2a_video_create(ctx, model, width, height, steadiness, out))
      const video = this.#heap.u32(out)
      this.#videos.set(video, { width, height })
      return video
    })
  }

  /**
   * @param {number} video
   * @param {Uint8Array|Uint8ClampedArray} rgba rows, of the video's size
   * @returns {Uint8ClampedArray<ArrayBuffer>} rows of the same form, a copy
   * @throws {P2AError} ARGUMENT, MEMORY
   */
  processFrame(video, rgba) {
    const size = this.#videos.get(video)
    if (!size) throw expected('a video of this engine, not yet disposed', 'video', video)
    const view = bytes('rgba', rgba)
    const length = size.width * size.height * 4
    if (view.byteLength !== length) throw expected(`${length} bytes (${size.width} x ${size.height} x 4)`, 'rgba.length', view.byteLength)
    return this.#heap.withBytes(view, (pointer) =>
      this.#heap.withScratch(4, (out) => {
        this.#check((core) => core._p2a_video_process(video, pointer, out))
        return new Uint8ClampedArray(this.#heap.bytes(this.#heap.u32(out), length).buffer)
      })
    )
  }

  /** @param {number} video */
  disposeVideo(video) {
    if (this.#dead || !this.#videos.delete(video)) return
    this.#do((core) => core._p2a_video_destroy(video))
  }

  /**
   * @param {'f32'|'int8'} [precision] f32 unless told
   * @returns {number} multiply-adds a second of a bare convolution on this machine, now
   */
  measure(precision = 'f32') {
    const index = PRECISIONS.indexOf(oneOf('precision', precision, PRECISIONS))
    return this.#heap.withScratch(8, (out) => {
      this.#check((core, ctx) => core._p2a_context_measure(ctx, index, out))
      return this.#heap.f64(out)
    })
  }

  /** Give everything back, threads included. The engine cannot be used afterwards. */
  dispose() {
    if (this.#dead) {
      endThreads(this.#core)
      return
    }
    for (const video of this.#videos.keys()) this.#core._p2a_video_destroy(video)
    for (const image of this.#images) this.#core._p2a_image_destroy(image)
    for (const model of this.#models) this.#core._p2a_model_destroy(model)
    this.#videos.clear()
    this.#images.clear()
    this.#models.clear()
    this.#core._p2a_context_destroy(this.#ctx)
    this.#dead = 'it was disposed of'
    endThreads(this.#core)
  }

  /**
   * @param {number} settings
   * @param {ConvertOptions} options
   */
  #writeOptions(settings, options) {
    this.#do((core) => core._p2a_options_default(settings))
    writeOptions(this.#heap, settings, options)
  }

  /** @param {number} job finished @param {boolean} classes @returns {Face[]} */
  #faces(job, classes) {
    const count = this.#do((core) => core._p2a_job_face_count(job))
    return this.#heap.withScratch(4 * FACE_INFO_FLOATS, (out) =>
      Array.from({ length: count }, (_, i) => {
        this.#check((core) => core._p2a_job_face(job, i, out))
        const face = faceOf(this.#heap.f32s(out, FACE_INFO_FLOATS))
        if (face.used && classes) {
          const map = this.#do((core) => core._p2a_job_face_classes(job, i) >>> 0)
          face.classes = this.#heap.bytes(map, FACE_CROP_PX * FACE_CROP_PX)
        }
        return face
      })
    )
  }

  /**
   * @param {(core: any, ctx: number, out: number) => number} make gives a status
   * @returns {Picture}
   */
  #image(make) {
    return this.#heap.withScratch(4, (out) => {
      this.#check((core, ctx) => make(core, ctx, out))
      return this.#keep(this.#heap.u32(out))
    })
  }

  /** @param {number} handle of an image that is ours now @returns {Picture} */
  #keep(handle) {
    this.#images.add(handle)
    return {
      handle,
      width: this.#do((core) => core._p2a_image_width(handle)),
      height: this.#do((core) => core._p2a_image_height(handle)),
      channels: this.#do((core) => core._p2a_image_channels(handle))
    }
  }

  /** @param {Picture} picture */
  #own(picture) {
    if (!this.#images.has(picture?.handle)) throw expected('a picture of this engine, not yet disposed', 'picture', picture)
  }

  /** @param {number} model */
  #ownModel(model) {
    if (!this.#models.has(model)) throw expected('a model of this engine, not yet disposed', 'model', model)
  }

  /**
   * Call into C; a trap makes the engine dead.
   * @template T
   * @param {() => T} run
   * @returns {T}
   */
  #call(run) {
    if (this.#dead) {
      const code = this.#dead.startsWith('it was') ? 'DISPOSED' : 'TRAP'
      throw new P2AError(code, `the engine cannot be used: ${this.#dead}`, { fatal: true })
    }
    try {
      return run()
    } catch (cause) {
      this.#dead = `its wasm instance broke (${/** @type {Error} */ (cause).message})`
      throw new P2AError('TRAP', `the wasm instance broke: ${/** @type {Error} */ (cause).message}`, { fatal: true, cause })
    }
  }

  /**
   * @template T
   * @param {(core: any, ctx: number) => T} run
   * @returns {T}
   */
  #do(run) {
    return this.#call(() => run(this.#core, this.#ctx))
  }

  /** @param {(core: any, ctx: number) => number} run gives a status; other than OK it is thrown */
  #check(run) {
    const status = this.#do(run)
    if (status === 0) return
    const message = this.#do((core, ctx) => core._p2a_context_message(ctx) >>> 0)
    throw new P2AError(/** @type {any} */ (STATUS[status] ?? 'INTERNAL'), this.#heap.text(message))
  }
}
