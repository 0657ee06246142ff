export type Variant = 'simd' | 'relaxed';
export type Choice = {
    variant: Variant;
    threads: number;
    reason: string;
};
/**
 * @param {{variant?: 'auto'|Variant, threads?: 'auto'|number}} [wanted]
 * @returns {Promise<Choice>}
 * @throws {P2AError} ARGUMENT, UNSUPPORTED
 */
export declare function chooseVariant(wanted?: {
    variant?: 'auto' | Variant;
    threads?: 'auto' | number;
}): Promise<Choice>;
export type EngineOptions = {
    variant?: 'auto' | 'simd' | 'relaxed';
    /**
     * 1 to 16
     */
    threads?: 'auto' | number;
    /**
     * the folder of the wasm files
     */
    assets?: string | URL;
    /**
     * of checkIntegrity(): of the .wasm files
     */
    integrity?: import('./digest.js').Integrity;
    /**
     * of a picture; 100 million unless told
     */
    maxPixels?: number;
    /**
     * of a picture; 65535 unless told
     */
    maxSidePx?: number;
    /**
     * of everything at one time, in 2^20 bytes; 0 (no limit) unless told
     */
    memoryMbytes?: number;
};
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
 * In which precision a style is painted faster, of one that has both. On bytes, relaxed SIMD is half as fast again, or twice as
 * fast, where the engine has an instruction for their products, and no faster than f32 where it has none; plain SIMD is 1.4
 * times as fast. In a browser without that instruction bytes still win: their file, half as large, is there earlier, and
 * that is worth more than the difference (npm run bench:int8).
 * @param {Variant} variant
 * @returns {'f32'|'int8'} the same on a machine every time: nothing is timed
 */
export declare function fasterPrecision(variant: Variant): 'f32' | 'int8';
export type Core = {
    _malloc: (bytes: number) => number;
    _free: (pointer: number) => void;
    /**
     * taken anew after every call that can allocate
     */
    HEAPU8: Uint8Array;
    PThread?: Record<string, any>;
};
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
export declare function instantiate(choice: Choice, options?: {
    assets?: string | URL;
    integrity?: import('./digest.js').Integrity;
}): Promise<any>;
/**
 * End the threads of a module: Node would wait for them for ever.
 * @param {any} core
 */
export declare function endThreads(core: any): void;
