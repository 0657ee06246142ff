/**
 * worker.js - messages -> the engine -> messages
 *
 * Runs in a worker of its own, so convert() may block it. Between two steps it lets messages in: that
 * is how 'stop' is heard. Models are fetched on first use and kept; a failed load is not remembered.
 */
import { convertPhoto, encodePhoto, findFaces } from './conversion.js'
import { Engine } from './engine.js'
import { P2AError } from './errors.js'
import { choosePrecision, faceEntries, loadFaceModels, loadStyle, parseStyle, readManifest } from './models.js'
import { checkPaint } from './options.js'
import { toWire } from './protocol.js'
import { ownPort } from './thread.js'

/** @typedef {import('./protocol.js').Payloads} Payloads */
/** @typedef {import('./protocol.js').Request} Request */
/** @typedef {{stopped: boolean, signal: AbortSignal, progress: (progress: import('./protocol.js').Progress) => void}} Control of the request that runs */

const MODELS_KEPT = 4

/**
 * @param {string} url
 * @param {AbortSignal} signal
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 * @throws {P2AError} IO
 */
async function read(url, signal) {
  if (url.startsWith('file:')) {
    const { readInput } = await import('./files.js')
    const { fileURLToPath } = await import('node:url')
    return readInput(fileURLToPath(url))
  }
  let response
  try {
    response = await fetch(url, { signal })
    if (response.ok) return new Uint8Array(await response.arrayBuffer())
  } catch (cause) {
    if (signal.aborted) throw new P2AError('STOPPED', 'the conversion was stopped')
    throw new P2AError('IO', `cannot read ${url}: ${/** @type {Error} */ (cause).message}`, { cause })
  }
  throw new P2AError('IO', `cannot read ${url}: expected status 200, got ${response.status}`)
}

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
  #models = ''
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
        return this.#manifest(control)
      case 'memory':
        return Promise.resolve(this.#opened().memory)
      case 'convert':
        return this.#convert(payload, control)
      case 'faces':
        return this.#faces(payload, control)
      case 'encode':
        return this.#encode(payload, control)
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
    this.#models = models
    this.#precision = precision
    this.#engine = await Engine.create(options)
    return { ...this.#engine.info, version: this.#engine.version }
  }

  /** @param {Pick<Control, 'signal'>} control */
  #manifest({ signal }) {
    return readManifest(this.#reader({ signal }))
  }

  /** @param {Pick<Control, 'signal'>} control @returns {import('./models.js').ReadModelFile} */
  #reader({ signal }) {
    return (path) => read(new URL(path, this.#models).href, signal)
  }

  /** @param {Pick<Payloads['convert'], 'style'|'precision'> & {character?: number}} wanted @param {Control} control */
  async #style({ style, precision: choice = this.#precision, character }, control) {
    control.progress({ stage: 'load', part: 0 })
    const parts = parseStyle(await this.#manifest(control), style)
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
    return { name: parts.length === 1 ? parts[0].entry.name : /** @type {string} */ (style), model, precision }
  }

  /**
   * The networks for faces, where the package has them.
   * @param {boolean} portrait with the one for a character above 0
   * @param {Control} control
   */
  async #faceNetworks(portrait, control) {
    const entries = faceEntries(await this.#manifest(control))
    if (!entries) return undefined
    this.#faceModels = await loadFaceModels(this.#opened(), entries, this.#reader(control), { portrait, loaded: this.#faceModels })
    return this.#faceModels
  }

  /** A slider between two styles makes a model for each of its places. */
  #forgetOldModels() {
    for (const [key, model] of this.#loaded) {
      if (this.#loaded.size <= MODELS_KEPT) return
      this.#loaded.delete(key)
      this.#opened().disposeModel(model)
    }
  }

  /**
   * @param {import('./protocol.js').Source} source
   * @param {Control} control
   * @returns {Promise<import('./conversion.js').Photo>}
   */
  async #photo(source, control) {
    return 'url' in source ? { file: await read(source.url, control.signal) } : source
  }

  /** @param {Payloads['convert']} payload @param {Control} control */
  async #convert({ source, style, precision: choice, ...options }, control) {
    const { faces, fields } = checkPaint(options)
    const { name, model, precision } = await this.#style({ style, precision: choice, character: fields.character }, control)
    const faceModels = faces ? await this.#faceNetworks(fields.character > 0, control) : undefined
    const photo = await this.#photo(source, control)
    const made = await convertPhoto(this.#opened(), model, photo, {
      ...options,
      faceModels,
      pause: this.#pause,
      shouldStop: () => control.stopped,
      onProgress: (stage, part) => control.progress({ stage, part })
    })
    return { ...made, style: name, backend: { ...made.backend, precision } }
  }

  /** @param {Payloads['faces']} payload @param {Control} control */
  async #faces({ source, ...options }, control) {
    control.progress({ stage: 'load', part: 0 })
    const faceModels = await this.#faceNetworks(false, control)
    if (!faceModels) throw new P2AError('IO', 'expected a detector and a parser in models/manifest.json, got none')
    control.progress({ stage: 'load', part: 1 })
    return findFaces(this.#opened(), await this.#photo(source, control), {
      ...options,
      faceModels,
      pause: this.#pause,
      shouldStop: () => control.stopped,
      onProgress: (stage, part) => control.progress({ stage, part })
    })
  }

  /** @param {Payloads['estimate']} payload @param {Control} control */
  async #estimate({ width, height, style, precision: choice, widthPx }, control) {
    const { model, precision } = await this.#style({ style, precision: choice }, control)
    const engine = this.#opened()
    const { peakBytes, multiplyAdds, widthPx: made, heightPx } = engine.estimate(model, width, height, { widthPx })
    const rate = (this.#rates[precision] ??= engine.measure(precision))
    return { width: made, height: heightPx, peakBytes, multiplyAdds, seconds: multiplyAdds / rate }
  }

  /** @param {Payloads['encode']} payload @param {Control} control */
  async #encode({ source, ...options }, control) {
    return encodePhoto(this.#opened(), await this.#photo(source, control), options)
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
      port.post({ id, result }, result?.image ? [result.image.buffer] : [])
    } catch (error) {
      port.post({ id, error: toWire(error) })
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
