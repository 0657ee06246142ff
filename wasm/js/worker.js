/**
 * worker.js - messages -> the engine -> messages
 *
 * Runs in a worker of its own, so convert() may block it. Between two steps it lets messages in: that
 * is how 'stop' is heard. Models are fetched on first use and kept; a failed load is not remembered.
 */
import { convertPhoto, encodePhoto, findFaces } from './conversion.js'
import { canDigest } from './digest.js'
import { Engine } from './engine.js'
import { P2AError } from './errors.js'
import { ModelFolder, read } from './fetch.js'
import { choosePrecision, faceEntries, liveParts, loadFaceModels, loadStyle, parseStyle, readManifest } from './models.js'
import { checkPaint } from './options.js'
import { Drawer, decodeByBrowser, isCoreFile } from './pixels.js'
import { toWire } from './protocol.js'
import { ownPort } from './thread.js'

/** @typedef {import('./protocol.js').Payloads} Payloads */
/** @typedef {import('./protocol.js').Request} Request */
/** @typedef {{stopped: boolean, signal: AbortSignal, progress: (progress: import('./protocol.js').Progress) => void}} Control of the request that runs */

const MODELS_KEPT = 4

/**
 * A pause of one turn of the event loop. In a browser setTimeout would be clamped to 4 ms; in Node a
 * message to oneself would be heard before those that came earlier on other ports.
 * @returns {() => Promise<void>}
 */
function createPause() {
  if (typeof setImmediate === 'function') return () => new Promise((resume) => setImmediate(resume))
  const { port1, port2 } = new MessageChannel()
  return () =>
    new Promise((resume) => {
      port1.onmessage = () => resume()
      port2.postMessage(0)
    })
}

/** One request at a time -> its answer. */
class Host {
  /** @type {Engine|undefined} */
  #engine
  /** @type {ModelFolder|undefined} */
  #models
  /** @type {import('./models.js').ModelEntry[]|undefined} once read */
  #manifest
  /** of every result @type {string[]} */
  #warnings = []
  /** @type {Map<number, {model: number, width: number, height: number, drawer: Drawer}>} */
  #videos = new Map()
  #drawer = new Drawer()
  /** @type {Map<string, number>} what a style is made of -> the model; the one used last is last */
  #loaded = new Map()
  /** @type {import('./engine.js').FaceModels|undefined} */
  #faceModels
  #pause = createPause()
  /** @type {{f32?: number, int8?: number}} multiply-adds a second, once measured */
  #rates = {}
  /** @type {Payloads['open']['precision']} */
  #precision

  /**
   * @param {Request} request
   * @param {Control} control
   * @returns {Promise<any>}
   */
  run({ kind, payload }, control) {
    switch (kind) {
      case 'open':
        return this.#open(payload)
      case 'models':
        return this.#readManifest(control)
      case 'memory':
        return Promise.resolve(this.#opened().memory)
      case 'convert':
        return this.#convert(payload, control)
      case 'faces':
        return this.#faces(payload, control)
      case 'encode':
        return this.#encode(payload, control)
      case 'openVideo':
        return this.#openVideo(payload, control)
      case 'frame':
        return this.#frame(payload)
      case 'closeVideo':
        return this.#closeVideo(payload)
      case 'estimate':
        return this.#estimate(payload, control)
      default:
        throw new P2AError('ARGUMENT', `expected a request that the worker knows, got ${JSON.stringify(kind)}`)
    }
  }

  #opened() {
    if (!this.#engine) throw new P2AError('INTERNAL', "expected 'open' as the first request", { fatal: true })
    return this.#engine
  }

  /** @param {Payloads['open']} payload */
  async #open({ models, precision, ...options }) {
    this.#models = new ModelFolder(models, options.integrity ?? {})
    this.#precision = precision
    this.#engine = await Engine.create(options)
    const { info } = this.#engine
    if (!canDigest()) this.#warnings.push('models were not verified by sha256: that needs a secure context (https)')
    if (info.threads === 1 && (options.threads ?? 'auto') === 'auto' && /not cross-origin isolated/.test(info.reason)) {
      this.#warnings.push(info.reason)
    }
    return { ...info, version: this.#engine.version }
  }

  /** Bytes of the wasm heap, where there is one: it never shrinks. */
  get heapBytes() {
    return this.#engine?.heapBytes ?? 0
  }

  /** @param {Pick<Control, 'signal'>} control */
  async #readManifest(control) {
    this.#manifest ??= await readManifest(this.#reader(control))
    return this.#manifest
  }

  /** @param {Pick<Control, 'signal'>} control @returns {import('./models.js').ReadModelFile} */
  #reader({ signal }) {
    if (!this.#models) throw new P2AError('INTERNAL', "expected 'open' as the first request", { fatal: true })
    return this.#models.reader(signal)
  }

  /** @param {Pick<Payloads['convert'], 'style'|'precision'> & {character?: number, live?: boolean}} wanted live: its live tier, where it has one @param {Control} control */
  async #style({ style, precision: choice = this.#precision, character, live: wantsLive = false }, control) {
    control.progress({ stage: 'load', part: 0 })
    const manifest = await this.#readManifest(control)
    const named = parseStyle(manifest, style)
    const live = wantsLive ? liveParts(manifest, named) : undefined
    const parts = live ?? named
    const precision = choosePrecision(parts, choice, character)
    const key = `${precision} ${parts.map(({ entry, share }) => `${entry.sha256}=${share}`).join(',')}`
    let model = this.#loaded.get(key)
    if (model === undefined) {
      model = await loadStyle(this.#opened(), parts, this.#reader(control), precision)
    }
    this.#loaded.delete(key)
    this.#loaded.set(key, model)
    this.#forgetOldModels()
    control.progress({ stage: 'load', part: 1 })
    return { name: named.length === 1 ? named[0].entry.name : /** @type {string} */ (style), model, precision, live: live !== undefined }
  }

  /**
   * The networks for faces, where the package has them.
   * @param {boolean} portrait with the one for a character above 0
   * @param {Control} control
   */
  async #faceNetworks(portrait, control) {
    const entries = faceEntries(await this.#readManifest(control))
    if (!entries) return undefined
    this.#faceModels = await loadFaceModels(this.#opened(), entries, this.#reader(control), { portrait, loaded: this.#faceModels })
    for (const model of Object.values(this.#faceModels)) if (model) this.#opened().keepNetwork(model)
    return this.#faceModels
  }

  /** A slider between two styles makes a model for each of its places. */
  #forgetOldModels() {
    const engine = this.#opened()
    const last = [...this.#loaded.values()].at(-1)
    const playing = new Set([...this.#videos.values()].map(({ model }) => model))
    for (const [key, model] of this.#loaded) {
      if (this.#loaded.size > MODELS_KEPT && !playing.has(model)) {
        this.#loaded.delete(key)
        engine.disposeModel(model)
      } else engine.keepNetwork(model, model === last)
    }
  }

  /**
   * @param {import('./protocol.js').Source} source
   * @param {Control} control
   * @returns {Promise<{photo: import('./conversion.js').Photo, warnings: string[]}>}
   */
  async #photo(source, control) {
    if ('drawable' in source) {
      const photo = this.#drawer.draw(source.drawable)
      this.#drawer.forget()
      return { photo, warnings: [...this.#warnings] }
    }
    const photo = 'url' in source ? { file: await read(source.url, control.signal) } : source
    if (!('file' in photo) || isCoreFile(photo.file)) return { photo, warnings: [...this.#warnings] }
    const bitmap = await decodeByBrowser(/** @type {Uint8Array<ArrayBuffer>} */ (photo.file))
    if (!bitmap) return { photo, warnings: [...this.#warnings] } /* the core says what is wrong with it */
    const drawn = this.#drawer.draw(bitmap)
    this.#drawer.forget()
    return { photo: drawn, warnings: [...this.#warnings, 'the picture is no JPEG or PNG: the browser decoded it'] }
  }

  /** @param {Payloads['convert']} payload @param {Control} control */
  async #convert({ source, style, precision: choice, ...options }, control) {
    const { faces, fields } = checkPaint(options)
    const { name, model, precision } = await this.#style({ style, precision: choice, character: fields.character }, control)
    const faceModels = faces ? await this.#faceNetworks(fields.character > 0, control) : undefined
    const { photo, warnings } = await this.#photo(source, control)
    const made = await convertPhoto(this.#opened(), model, photo, {
      ...options,
      faceModels,
      pause: this.#pause,
      shouldStop: () => control.stopped,
      onProgress: (stage, part) => control.progress({ stage, part })
    })
    if (faces && !faceModels) warnings.push('the models folder has no networks for faces: they were painted with the scene')
    return { ...made, style: name, backend: { ...made.backend, precision }, warnings: [...warnings, ...made.warnings] }
  }

  /** @param {Payloads['openVideo']} payload @param {Control} control */
  async #openVideo({ width, height, style, steadiness }, control) {
    const { name, model, live } = await this.#style({ style, live: true }, control)
    const video = this.#opened().createVideo(model, width, height, steadiness)
    this.#videos.set(video, { model, width, height, drawer: new Drawer() })
    const none = `the style ${name} has no live tier: its own network paints the frames`
    return { video, style: name, live, warnings: live ? this.#warnings : [...this.#warnings, none] }
  }

  /** @param {Payloads['frame']} payload */
  async #frame({ video, source }) {
    const start = performance.now()
    const open = this.#videos.get(video)
    if (!open) throw new P2AError('ARGUMENT', `expected a video that is open, got ${video}`)
    const { width, height, drawer } = open
    let pixels
    if ('drawable' in source) pixels = drawer.draw(source.drawable, { width, height }).pixels
    else if ('pixels' in source) {
      if (source.width !== width || source.height !== height) {
        throw new P2AError('ARGUMENT', `expected ${width}x${height} pixels for frame, got ${source.width}x${source.height}`)
      }
      pixels = source.pixels
    } else throw new P2AError('ARGUMENT', 'expected pixels or a bitmap for frame, got a file')
    const image = this.#opened().processFrame(video, pixels)
    return { image, ms: performance.now() - start }
  }

  /** @param {Payloads['closeVideo']} payload */
  async #closeVideo({ video }) {
    this.#opened().disposeVideo(video)
    this.#videos.delete(video)
    return {}
  }

  /** @param {Payloads['faces']} payload @param {Control} control */
  async #faces({ source, ...options }, control) {
    control.progress({ stage: 'load', part: 0 })
    const faceModels = await this.#faceNetworks(false, control)
    if (!faceModels) throw new P2AError('IO', 'expected a detector and a parser in models/manifest.json, got none')
    control.progress({ stage: 'load', part: 1 })
    const { photo } = await this.#photo(source, control)
    return findFaces(this.#opened(), photo, {
      ...options,
      faceModels,
      pause: this.#pause,
      shouldStop: () => control.stopped,
      onProgress: (stage, part) => control.progress({ stage, part })
    })
  }

  /** @param {Payloads['estimate']} payload @param {Control} control */
  async #estimate({ width, height, style, precision: choice, widthPx, ...options }, control) {
    const { faces, fields } = checkPaint(options)
    const { model, precision } = await this.#style({ style, precision: choice, character: fields.character }, control)
    const faceModels = faces ? await this.#faceNetworks(false, control) : undefined
    const engine = this.#opened()
    const { peakBytes, multiplyAdds, faceMultiplyAdds, widthPx: made, heightPx } = engine.estimate(model, width, height, { widthPx, faces: options.faces, faceModels })
    const rate = (this.#rates[precision] ??= engine.measure(precision))
    return { width: made, height: heightPx, peakBytes, multiplyAdds, seconds: multiplyAdds / rate, faceSeconds: faceMultiplyAdds / rate }
  }

  /** @param {Payloads['encode']} payload @param {Control} control */
  async #encode({ source, ...options }, control) {
    const { photo, warnings } = await this.#photo(source, control)
    return { ...encodePhoto(this.#opened(), photo, options), warnings }
  }
}

/** @param {import('./thread.js').Port} port */
function serve(port) {
  const host = new Host()
  /** @type {Map<number, AbortController>} */
  const running = new Map()

  /** @param {Request} request */
  const answer = async (request) => {
    const { id } = request
    const controller = new AbortController()
    running.set(id, controller)
    const control = {
      signal: controller.signal,
      get stopped() {
        return controller.signal.aborted
      },
      progress: (/** @type {import('./protocol.js').Progress} */ progress) => port.post({ id, progress })
    }
    try {
      const result = await host.run(request, control)
      port.post({ id, result, heapBytes: host.heapBytes }, result?.image ? [result.image.buffer] : [])
    } catch (error) {
      port.post({ id, error: toWire(error), heapBytes: host.heapBytes })
    } finally {
      running.delete(id)
    }
  }

  port.listen((message) => {
    if (message.kind === 'stop') running.get(message.payload.id)?.abort()
    else answer(message)
  })
}

ownPort(serve)
