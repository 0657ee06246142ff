export type Integrity = Record<string, string>;
/** @returns {boolean} whether sha256 can be had here */
export declare function canDigest(): boolean;
/** @param {Uint8Array<ArrayBuffer>} bytes @returns {Promise<string>} hex */
export declare function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string>;
/**
 * @param {unknown} integrity as the caller gave it
 * @returns {Integrity} file -> hex; empty where none was given
 * @throws {P2AError} ARGUMENT
 */
export declare function checkIntegrity(integrity: unknown): Integrity;
/**
 * @param {string} file
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {Integrity} integrity of checkIntegrity()
 * @throws {P2AError} MODEL (other bytes than promised), UNSUPPORTED (that cannot be told here)
 */
export declare function verify(file: string, bytes: Uint8Array<ArrayBuffer>, integrity: Integrity): Promise<void>;
