/**
 * errors.js - one error class for everything that photo2anime reports
 *
 * Codes: the statuses of the C core (ARGUMENT, MEMORY, LIMIT, IMAGE, MODEL, STOPPED, INTERNAL), and
 * TRAP (the wasm instance broke: make a new engine), UNSUPPORTED (this machine or browser lacks what
 * was asked for), IO (a file or a download), DISPOSED (used after dispose).
 */
export type P2AErrorCode = 'ARGUMENT' | 'MEMORY' | 'LIMIT' | 'IMAGE' | 'MODEL' | 'STOPPED' | 'INTERNAL' | 'TRAP' | 'UNSUPPORTED' | 'IO' | 'DISPOSED';
/** @typedef {'ARGUMENT'|'MEMORY'|'LIMIT'|'IMAGE'|'MODEL'|'STOPPED'|'INTERNAL'|'TRAP'|'UNSUPPORTED'|'IO'|'DISPOSED'} P2AErrorCode */
export declare class P2AError extends Error {
    /** @type {P2AErrorCode} */
    code: P2AErrorCode;
    fatal: boolean;
    /**
     * @param {P2AErrorCode} code stable, for programs
     * @param {string} message names the value and the rule, for people
     * @param {{fatal?: boolean, cause?: unknown}} [options] fatal: the engine cannot be used any more
     */
    constructor(code: P2AErrorCode, message: string, options?: {
        fatal?: boolean;
        cause?: unknown;
    });
}
