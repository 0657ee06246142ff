export declare class Heap {
    #private;
    /** @param {any} core the instantiated module */
    constructor(core: any);
    /**
     * Run `use` with scratch memory, freed whatever happens.
     * @template T
     * @param {number} bytes
     * @param {(pointer: number) => T} use
     * @returns {T}
     */
    withScratch<T>(bytes: number, use: (pointer: number) => T): T;
    /**
     * As withScratch, with the bytes copied in.
     * @template T
     * @param {Uint8Array} bytes
     * @param {(pointer: number, length: number) => T} use
     * @returns {T}
     */
    withBytes<T>(bytes: Uint8Array, use: (pointer: number, length: number) => T): T;
    /**
     * @param {number} pointer
     * @param {number} length
     * @returns {Uint8Array<ArrayBuffer>} a copy, never of shared memory
     */
    bytes(pointer: number, length: number): Uint8Array<ArrayBuffer>;
    /**
     * @param {number} pointer of NUL-terminated UTF-8, or 0
     * @returns {string}
     */
    text(pointer: number): string;
    /**
     * @param {number} pointer
     * @returns {number} the unsigned 32-bit number there: a pointer, a size
     */
    u32(pointer: number): number;
    /**
     * @param {number} pointer
     * @param {number} value
     */
    setU32(pointer: number, value: number): void;
    /**
     * @param {number} pointer
     * @param {number} value
     */
    setF32(pointer: number, value: number): void;
    /**
     * @param {number} pointer
     * @returns {number}
     */
    f64(pointer: number): number;
    /**
     * @param {number} pointer
     * @param {number} count
     * @returns {number[]} 4-byte floats
     */
    f32s(pointer: number, count: number): number[];
    /**
     * @param {number} pointer
     * @param {readonly string[]} fields names, in order
     * @returns {Record<string, number>} a struct of 8-byte floats
     */
    struct(pointer: number, fields: readonly string[]): Record<string, number>;
    /** @returns {number} bytes of the wasm memory now; it grows and never shrinks */
    get byteLength(): number;
}
