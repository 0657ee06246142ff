/**
 * @param {string} url http(s), file (Node), blob or data
 * @param {AbortSignal} [signal]
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 * @throws {P2AError} IO; STOPPED where the signal ended it
 */
export declare function read(url: string, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>>;
/** The models folder, with what was read before kept where the browser can keep it. */
export declare class ModelFolder {
    #private;
    /** @param {string} base the folder's URL @param {import('./digest.js').Integrity} integrity */
    constructor(base: string, integrity: import('./digest.js').Integrity);
    /**
     * A file whose content its check can tell: the kept one where that is right, else the network's.
     * @param {AbortSignal} signal
     * @returns {import('./models.js').ReadModelFile}
     */
    reader(signal: AbortSignal): import('./models.js').ReadModelFile;
}
