/**
 * fetch.js - a URL -> bytes, in a browser and in Node, and the models' files kept in Cache Storage
 */
import { verify } from './digest.js'
import { P2AError } from './errors.js'

/** Where a browser keeps the models' files, by their URL. */
const CACHE = 'photo2anime-models'

/**
 * @param {string} url http(s), file (Node), blob or data
 * @param {AbortSignal} [signal]
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 * @throws {P2AError} IO; STOPPED where the signal ended it
 */
export async function read(url, signal) {
  if (url.startsWith('file:')) {
    const { readInput } = await import(/* webpackIgnore: true */ /* @vite-ignore */ './files.js')
    const { fileURLToPath } = await import(/* webpackIgnore: true */ /* @vite-ignore */ 'node:url')
    return readInput(fileURLToPath(url))
  }
  let response
  try {
    response = await fetch(url, { signal })
    if (response.ok) return new Uint8Array(await response.arrayBuffer())
  } catch (cause) {
    if (signal?.aborted) throw new P2AError('STOPPED', 'the conversion was stopped')
    throw new P2AError('IO', `cannot read ${url}: ${/** @type {Error} */ (cause).message}`, { cause })
  }
  throw new P2AError('IO', `cannot read ${url}: expected status 200, got ${response.status}`)
}

/** A full disk or a private window must not keep anybody from converting. @template T @param {(cache: Cache) => Promise<T>} use */
async function withCache(use) {
  try {
    return await use(await caches.open(CACHE))
  } catch {
    return undefined
  }
}

/** The models folder, with what was read before kept where the browser can keep it. */
export class ModelFolder {
  #base
  #integrity
  #keeps

  /** @param {string} base the folder's URL @param {import('./digest.js').Integrity} integrity */
  constructor(base, integrity) {
    this.#base = base
    this.#integrity = integrity
    this.#keeps = base.startsWith('http') && typeof caches === 'object'
  }

  /**
   * A file whose content its check can tell: the kept one where that is right, else the network's.
   * @param {AbortSignal} signal
   * @returns {import('./models.js').ReadModelFile}
   */
  reader(signal) {
    return async (path, check) => {
      const url = new URL(path, this.#base).href
      const checkAll = async (/** @type {Uint8Array<ArrayBuffer>} */ bytes) => {
        await check?.(bytes)
        await verify(path, bytes, this.#integrity)
      }
      const kept = check && (await this.#kept(url, checkAll))
      return kept ?? this.#fetched(url, checkAll, signal, check === undefined)
    }
  }

  /** @param {string} url @param {(bytes: Uint8Array<ArrayBuffer>) => Promise<void>} check */
  async #kept(url, check) {
    if (!this.#keeps) return undefined
    return withCache(async (cache) => {
      const response = await cache.match(url)
      if (!response) return undefined
      const bytes = new Uint8Array(await response.arrayBuffer())
      await check(bytes)
      return bytes
    })
  }

  /**
   * @param {string} url
   * @param {(bytes: Uint8Array<ArrayBuffer>) => Promise<void>} check
   * @param {AbortSignal} signal
   * @param {boolean} fallBack to the kept one where the network does not answer
   */
  async #fetched(url, check, signal, fallBack) {
    let bytes
    try {
      bytes = await read(url, signal)
    } catch (error) {
      const kept = fallBack && !signal.aborted ? await this.#kept(url, check) : undefined
      if (kept) return kept
      throw error
    }
    await check(bytes)
    if (this.#keeps) await withCache((cache) => cache.put(url, new Response(bytes)))
    return bytes
  }
}
