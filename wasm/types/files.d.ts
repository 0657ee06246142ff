/** A photo of 100 megapixels is below this in every format; more is a mistake. */
export declare const FILE_BYTES_MAX: number;
/**
 * @param {string} path
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 * @throws {P2AError} IO
 */
export declare function readInput(path: string): Promise<Uint8Array<ArrayBuffer>>;
/** @returns {Promise<Uint8Array<ArrayBuffer>>} all of stdin */
export declare function readStdin(): Promise<Uint8Array<ArrayBuffer>>;
/**
 * Write a file so that it is there whole or not at all: a temporary name beside it, flushed, renamed.
 * @param {string} path
 * @param {Uint8Array} bytes
 * @throws {P2AError} IO; nothing is left behind
 */
export declare function writeOutput(path: string, bytes: Uint8Array): Promise<void>;
/**
 * @param {Uint8Array} bytes
 * @returns {Promise<void>} when all of it is handed over
 * @throws {P2AError} IO
 */
export declare function writeStdout(bytes: Uint8Array): Promise<void>;
/** @type {import('./models.js').ReadModelFile} from the package's own models/ folder */
export declare function readPackagedModel(path: string): Promise<Uint8Array<ArrayBuffer>>;
