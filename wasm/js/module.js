/**
 * module.js - pick the wasm variant that this machine runs best, and instantiate it
 *
 * The only file that knows Emscripten's glue. A variant that was asked for and is not there is an
 * error, never a silent fallback; what really runs, and why, is in `info`.
 */
import { verify } from './digest.js'
import { P2AError } from './errors.js'
import { read } from './fetch.js'
import { oneOf, wholeNumber } from './validate.js'

/** @typedef {'simd'|'relaxed'} Variant */
/** @typedef {{variant: Variant, threads: number, reason: string}} Choice */

/* One function each: i8x16.popcnt, and i8x16.relaxed_swizzle. WebAssembly.validate says whether
 * the engine knows them; asking costs nothing, and Safari refuses a whole module that has the latter. */
const SIMD = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15,
  253, 98, 11
])
const RELAXED = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15,
  65, 2, 253, 15, 253, 128, 2, 11
])

const IS_NODE = typeof process === 'object' && typeof process.versions?.node === 'string'
const THREADS_MAX = 16

/* not written as bundlers know it: they would look for a folder */
const here = import.meta.url

/** Node 20 runs relaxed SIMD only when told to; the flag must be set before the first module. */
async function allowRelaxedInNode() {
  if (!IS_NODE || WebAssembly.validate(RELAXED)) return
  const v8 = await import(/* webpackIgnore: true */ /* @vite-ignore */ 'node:v8')
  v8.setFlagsFromString('--experimental-wasm-relaxed-simd')
}

/** @returns {Promise<number>} */
async function cores() {
  if (!IS_NODE) return globalThis.navigator?.hardwareConcurrency ?? 1
  const os = await import(/* webpackIgnore: true */ /* @vite-ignore */ 'node:os')
  return os.availableParallelism()
}

/** @returns {boolean} whether shared memory, and so threads, can be had here */
function canShareMemory() {
  return typeof SharedArrayBuffer === 'function' && (IS_NODE || globalThis.crossOriginIsolated === true)
}

/**
 * @param {{variant?: 'auto'|Variant, threads?: 'auto'|number}} [wanted]
 * @returns {Promise<Choice>}
 * @throws {P2AError} ARGUMENT, UNSUPPORTED
 */
export async function chooseVariant(wanted = {}) {
  const variant = oneOf('variant', wanted.variant ?? 'auto', /** @type {const} */ (['auto', 'simd', 'relaxed']))
  const threads = wanted.threads ?? 'auto'
  if (threads !== 'auto') wholeNumber('threads', threads, 1, THREADS_MAX)
  if (!WebAssembly.validate(SIMD)) {
    throw new P2AError('UNSUPPORTED', 'expected an engine with WebAssembly SIMD, got one without it')
  }
  if (variant !== 'simd') await allowRelaxedInNode()
  const relaxed = WebAssembly.validate(RELAXED)
  if (variant === 'relaxed' && !relaxed) {
    throw new P2AError('UNSUPPORTED', 'expected an engine with relaxed SIMD for variant "relaxed", got one without it')
  }
  const shared = canShareMemory()
  if (typeof threads === 'number' && threads > 1 && !shared) {
    throw new P2AError('UNSUPPORTED', `expected a cross-origin isolated page (COOP and COEP headers) for threads ${threads}, got one that is not`)
  }
  const reasons = []
  /** @type {Variant} */
  const chosen = variant === 'auto' ? (relaxed ? 'relaxed' : 'simd') : variant
  if (variant !== 'auto') reasons.push(`${chosen} SIMD was asked for`)
  else reasons.push(relaxed ? 'this engine has relaxed SIMD' : 'this engine has no relaxed SIMD')
  let count = threads
  if (count === 'auto') {
    count = shared ? Math.min(await cores(), THREADS_MAX) : 1
    reasons.push(shared ? `${count} threads for as many cores` : 'one thread, because the page is not cross-origin isolated')
  } else {
    reasons.push(`${count} thread${count === 1 ? '' : 's'} as asked for`)
  }
  return { variant: chosen, threads: count, reason: reasons.join('; ') }
}

/**
 * @typedef {object} EngineOptions
 * @property {'auto'|'simd'|'relaxed'} [variant]
 * @property {'auto'|number} [threads] 1 to 16
 * @property {string|URL} [assets] the folder of the wasm files
 * @property {import('./digest.js').Integrity} [integrity] of checkIntegrity(): of the .wasm files
 * @property {number} [maxPixels] of a picture; 100 million unless told
 * @property {number} [maxSidePx] of a picture; 65535 unless told
 * @property {number} [memoryMbytes] of everything at one time, in 2^20 bytes; 0 (no limit) unless told
 */

/**
 * The part of Emscripten's module that heap.js and engine.js use.
 * @typedef {object} Core
 * @property {(bytes: number) => number} _malloc
 * @property {(pointer: number) => void} _free
 * @property {Uint8Array} HEAPU8 taken anew after every call that can allocate
 * @property {Record<string, any>} [PThread]
 */

/**
 * @param {Choice} choice
 * @param {{assets?: string|URL, integrity?: import('./digest.js').Integrity}} [options] assets: where the p2a-*.mjs and .wasm files lie; integrity: of checkIntegrity()
 * @returns {Promise<any>} the instantiated module
 * @throws {P2AError} IO, MODEL (a .wasm file that integrity does not know)
 */
export async function instantiate(choice, options = {}) {
  const name = `p2a-${choice.variant}${choice.threads > 1 ? '-threads' : ''}`
  const base = new URL(options.assets ?? new URL('../dist/', here))
  if (!base.pathname.endsWith('/')) base.pathname += '/'
  const url = new URL(`${name}.mjs`, base)
  const file = `${name}.wasm`
  const promised = options.integrity?.[file]
  const binary = promised ? await read(new URL(file, base).href) : undefined
  if (binary && options.integrity) await verify(file, binary, options.integrity)
  try {
    const { default: create } = await import(/* @vite-ignore */ /* webpackIgnore: true */ url.href)
    return await create({ ...(binary && { wasmBinary: binary }), threads: choice.threads, printErr: () => {}, print: () => {} })
  } catch (cause) {
    throw new P2AError('IO', `expected the ${name} module at ${url.href}, and it did not load: ${/** @type {Error} */ (cause).message}`, { cause })
  }
}

/**
 * End the threads of a module: Node would wait for them for ever.
 * @param {any} core
 */
export function endThreads(core) {
  core.PThread?.terminateAllThreads?.()
}
