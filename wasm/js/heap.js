/**
 * heap.js - copies between JavaScript and wasm memory
 *
 * No view of the heap is kept: any call can make the memory grow, and an old view is then empty.
 */
import { P2AError } from './errors.js'

export class Heap {
  /** @type {any} */
  #core

  /** @param {any} core the instantiated module */
  constructor(core) {
    this.#core = core
  }

  /**
   * Run `use` with scratch memory, freed whatever happens.
   * @template T
   * @param {number} bytes
   * @param {(pointer: number) => T} use
   * @returns {T}
   */
  withScratch(bytes, use) {
    const pointer = this.#core._malloc(Math.max(bytes, 8)) >>> 0
    if (pointer === 0) {
      throw new P2AError('MEMORY', `no memory for ${bytes} bytes of scratch in the wasm heap`)
    }
    try {
      return use(pointer)
    } finally {
      this.#core._free(pointer)
    }
  }

  /**
   * As withScratch, with the bytes copied in.
   * @template T
   * @param {Uint8Array} bytes
   * @param {(pointer: number, length: number) => T} use
   * @returns {T}
   */
  withBytes(bytes, use) {
    return this.withScratch(bytes.byteLength, (pointer) => {
      this.#core.HEAPU8.set(bytes, pointer)
      return use(pointer, bytes.byteLength)
    })
  }

  /**
   * @param {number} pointer
   * @param {number} length
   * @returns {Uint8Array<ArrayBuffer>} a copy, never of shared memory
   */
  bytes(pointer, length) {
    const copy = new Uint8Array(length)
    copy.set(this.#core.HEAPU8.subarray(pointer, pointer + length))
    return copy
  }

  /**
   * @param {number} pointer of NUL-terminated UTF-8, or 0
   * @returns {string}
   */
  text(pointer) {
    if (pointer === 0) return ''
    const heap = this.#core.HEAPU8
    let end = pointer
    while (heap[end] !== 0) end++
    return new TextDecoder().decode(this.bytes(pointer, end - pointer))
  }

  /**
   * @param {number} pointer
   * @returns {number} the unsigned 32-bit number there: a pointer, a size
   */
  u32(pointer) {
    return this.#view().getUint32(pointer, true)
  }

  /**
   * @param {number} pointer
   * @param {number} value
   */
  setU32(pointer, value) {
    this.#view().setUint32(pointer, value, true)
  }

  /**
   * @param {number} pointer
   * @param {number} value
   */
  setF32(pointer, value) {
    this.#view().setFloat32(pointer, value, true)
  }

  /**
   * @param {number} pointer
   * @returns {number}
   */
  f64(pointer) {
    return this.#view().getFloat64(pointer, true)
  }

  /**
   * @param {number} pointer
   * @param {number} count
   * @returns {number[]} 4-byte floats
   */
  f32s(pointer, count) {
    const view = this.#view()
    return Array.from({ length: count }, (_, i) => view.getFloat32(pointer + 4 * i, true))
  }

  /**
   * @param {number} pointer
   * @param {readonly string[]} fields names, in order
   * @returns {Record<string, number>} a struct of 8-byte floats
   */
  struct(pointer, fields) {
    return Object.fromEntries(fields.map((name, i) => [name, this.f64(pointer + 8 * i)]))
  }

  /** @returns {number} bytes of the wasm memory now; it grows and never shrinks */
  get byteLength() {
    return this.#core.HEAPU8.buffer.byteLength
  }

  #view() {
    return new DataView(this.#core.HEAPU8.buffer)
  }
}
