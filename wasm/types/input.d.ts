export type Source = import('./protocol.js').Source;
export type Pixels = {
    data: Uint8ClampedArray | Uint8Array;
    width: number;
    height: number;
};
export type Input = Blob | ArrayBuffer | Uint8Array | Uint8ClampedArray | ImageData | Pixels | ImageBitmap | URL | string;
export type Frame = Input | VideoFrame | HTMLVideoElement;
/** @typedef {import('./protocol.js').Source} Source */
/** @typedef {{data: Uint8ClampedArray|Uint8Array, width: number, height: number}} Pixels rows of RGBA, as ImageData has them */
/** @typedef {Blob|ArrayBuffer|Uint8Array|Uint8ClampedArray|ImageData|Pixels|ImageBitmap|URL|string} Input a picture's file (a Blob, File or bytes), its URL (in Node its path too), RGBA pixels, or an ImageBitmap */
/** @typedef {Input|VideoFrame|HTMLVideoElement} Frame of a video; files and URLs are none */
export declare const SIDE_MAX_PX = 65535;
/**
 * @param {unknown} input
 * @param {boolean} move its bytes, instead of copying them
 * @returns {Promise<{source: Source, transfer: any[]}>}
 * @throws {import('./errors.js').P2AError} ARGUMENT
 */
export declare function readInput(input: unknown, move: boolean): Promise<{
    source: Source;
    transfer: any[];
}>;
/**
 * @param {unknown} frame
 * @param {boolean} move
 * @returns {Promise<{source: Source, transfer: any[]}>}
 * @throws {import('./errors.js').P2AError} ARGUMENT
 */
export declare function readFrame(frame: unknown, move: boolean): Promise<{
    source: Source;
    transfer: any[];
}>;
