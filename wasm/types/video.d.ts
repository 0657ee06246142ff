export type Frame = import('./input.js').Frame;
export type VideoOptions = {
    /**
     * of every painted frame, in pixels
     */
    width: number;
    height: number;
    /**
     * its live tier where there is one; the default style unless told
     */
    style?: string;
    /**
     * 0 (each frame by itself) to 1 (the least flicker), which it is unless told
     */
    steadiness?: number;
    /**
     * ends the making of the session
     */
    signal?: AbortSignal;
};
export type PaintedFrame = {
    /**
     * in Node an object with the same data, width and height
     */
    image: ImageData;
    width: number;
    height: number;
    /**
     * in the worker: reading, painting and steadying
     */
    ms: number;
};
export type Line = {
    request: (kind: import('./protocol.js').Kind, payload: any, transfer: any[], signal?: AbortSignal) => Promise<any>;
    /**
     * of the worker: another number after a trap
     */
    generation: () => number;
    closed: (session: VideoSession) => void;
};
/** @typedef {import('./input.js').Frame} Frame */
/**
 * @typedef {object} VideoOptions
 * @property {number} width of every painted frame, in pixels
 * @property {number} height
 * @property {string} [style] its live tier where there is one; the default style unless told
 * @property {number} [steadiness] 0 (each frame by itself) to 1 (the least flicker), which it is unless told
 * @property {AbortSignal} [signal] ends the making of the session
 */
/**
 * @typedef {object} PaintedFrame
 * @property {ImageData} image in Node an object with the same data, width and height
 * @property {number} width
 * @property {number} height
 * @property {number} ms in the worker: reading, painting and steadying
 */
/**
 * What the session needs of its converter.
 * @typedef {object} Line
 * @property {(kind: import('./protocol.js').Kind, payload: any, transfer: any[], signal?: AbortSignal) => Promise<any>} request
 * @property {() => number} generation of the worker: another number after a trap
 * @property {(session: VideoSession) => void} closed
 */
/** Made by converter.createVideoSession(). */
export declare class VideoSession {
    #private;
    /** @param {Line} line @param {{width: number, height: number, style?: string, steadiness: number}} settings */
    constructor(line: Line, settings: {
        width: number;
        height: number;
        style?: string;
        steadiness: number;
    });
    /**
     * What runs: the style, whether it is the live tier, and what a person should know.
     * @returns {{style: string, live: boolean, warnings: string[], width: number, height: number}}
     */
    get info(): {
        style: string;
        live: boolean;
        warnings: string[];
        width: number;
        height: number;
    };
    /** Frames that were painted, and those that came while another was being painted. */
    get counts(): {
        painted: number;
        dropped: number;
    };
    /** In the worker that runs now; createVideoSession() does. @param {AbortSignal} [signal] */
    open(signal?: AbortSignal): Promise<void>;
    /**
     * Paint a frame. One that comes while another is being painted is dropped, so that a camera's
     * frames never pile up: call this for each frame, and draw what is not undefined.
     * @param {Frame} frame VideoFrame, ImageBitmap, ImageData or a video element; scaled to the session's size, but pixels must have it
     * @param {{transfer?: boolean}} [options] transfer: give the frame away (a VideoFrame or ImageBitmap is then closed)
     * @returns {Promise<PaintedFrame|undefined>} undefined: dropped
     * @throws {P2AError} ARGUMENT, MEMORY, TRAP, DISPOSED; the session goes on with the next frame
     */
    process(frame: Frame, { transfer }?: {
        transfer?: boolean;
    }): Promise<PaintedFrame | undefined>;
    /** Give its memory back. Closing twice does nothing. */
    close(): Promise<void>;
}
