/**
 * protocol.js - the messages between client.js and worker.js, and nothing else
 *
 * A request {id, kind, payload} is answered once: {id, result} or {id, error}; before that any number
 * of {id, progress}. One request runs at a time (the client holds the others back), except for
 * 'stop', which has no answer of its own: it makes the request that it names end with STOPPED.
 */
import { P2AError } from './errors.js';
export type Stage = 'load' | import('./conversion.js').Stage;
export type Progress = {
    stage: Stage;
    part: number;
};
export type Choice = typeof import('./models.js').PRECISION_CHOICES[number];
export type Source = {
    url: string;
} | {
    drawable: ImageBitmap | VideoFrame;
} | import('./conversion.js').Photo;
export type Payloads = {
    /**
     * models: the folder's URL
     */
    open: import('./engine.js').EngineOptions & {
        models: string;
        precision?: Choice;
    };
    convert: import('./options.js').PaintOptions & {
        source: Source;
        style?: string;
        precision?: Choice;
        widthPx?: number;
        format: 'png' | 'jpeg' | 'rgba';
        quality?: number;
    };
    faces: {
        source: Source;
        faces: boolean | import('./options.js').FaceOptions;
        classes: boolean;
    };
    encode: {
        source: Source;
        format: 'png' | 'jpeg' | 'rgba';
        quality?: number;
    };
    estimate: {
        width: number;
        height: number;
        style?: string;
        precision?: Choice;
        widthPx?: number;
        faces?: boolean | import('./options.js').FaceOptions;
    };
    openVideo: {
        width: number;
        height: number;
        style?: string;
        steadiness: number;
    };
    frame: {
        video: number;
        source: Source;
    };
    closeVideo: {
        video: number;
    };
    models: {};
    memory: {};
    /**
     * the request that shall end
     */
    stop: {
        id: number;
    };
};
export type Results = {
    open: {
        variant: 'simd' | 'relaxed';
        threads: number;
        reason: string;
        version: string;
    };
    convert: import('./conversion.js').Conversion & {
        style: string;
        backend: {
            precision: import('./models.js').Precision;
        };
    };
    faces: import('./conversion.js').FoundFaces;
    encode: {
        image: Uint8Array<ArrayBuffer> | Uint8ClampedArray<ArrayBuffer>;
        width: number;
        height: number;
        warnings: string[];
    };
    /**
     * of the result
     */
    estimate: {
        width: number;
        height: number;
        peakBytes: number;
        multiplyAdds: number;
        seconds: number;
        faceSeconds: number;
    };
    openVideo: {
        video: number;
        style: string;
        live: boolean;
        warnings: string[];
    };
    frame: {
        image: Uint8ClampedArray<ArrayBuffer>;
        ms: number;
    };
    closeVideo: {};
    models: import('./models.js').ModelEntry[];
    memory: {
        bytes: number;
        peakBytes: number;
        heapBytes: number;
    };
};
export type Kind = keyof Results;
export type WireError = {
    code: import('./errors.js').P2AErrorCode;
    message: string;
    fatal: boolean;
};
export type Request = {
    id: number;
    kind: keyof Payloads;
    payload: any;
};
export type Reply = {
    id: number;
    result?: any;
    error?: WireError;
    progress?: Progress;
    heapBytes?: number;
};
/** @typedef {'load'|import('./conversion.js').Stage} Stage */
/** @typedef {{stage: Stage, part: number}} Progress part: 0..1 of that stage */
/** @typedef {typeof import('./models.js').PRECISION_CHOICES[number]} Choice of the precision */
/**
 * A photo that the worker fetches or reads itself, or one that came along.
 * @typedef {{url: string} | {drawable: ImageBitmap|VideoFrame} | import('./conversion.js').Photo} Source
 */
/**
 * @typedef {object} Payloads
 * @property {import('./engine.js').EngineOptions & {models: string, precision?: Choice}} open models: the folder's URL
 * @property {import('./options.js').PaintOptions & {source: Source, style?: string, precision?: Choice, widthPx?: number, format: 'png'|'jpeg'|'rgba', quality?: number}} convert
 * @property {{source: Source, faces: boolean|import('./options.js').FaceOptions, classes: boolean}} faces
 * @property {{source: Source, format: 'png'|'jpeg'|'rgba', quality?: number}} encode
 * @property {{width: number, height: number, style?: string, precision?: Choice, widthPx?: number, faces?: boolean|import('./options.js').FaceOptions}} estimate
 * @property {{width: number, height: number, style?: string, steadiness: number}} openVideo
 * @property {{video: number, source: Source}} frame
 * @property {{video: number}} closeVideo
 * @property {{}} models
 * @property {{}} memory
 * @property {{id: number}} stop the request that shall end
 */
/**
 * @typedef {object} Results
 * @property {{variant: 'simd'|'relaxed', threads: number, reason: string, version: string}} open
 * @property {import('./conversion.js').Conversion & {style: string, backend: {precision: import('./models.js').Precision}}} convert
 * @property {import('./conversion.js').FoundFaces} faces
 * @property {{image: Uint8Array<ArrayBuffer>|Uint8ClampedArray<ArrayBuffer>, width: number, height: number, warnings: string[]}} encode
 * @property {{width: number, height: number, peakBytes: number, multiplyAdds: number, seconds: number, faceSeconds: number}} estimate of the result
 * @property {{video: number, style: string, live: boolean, warnings: string[]}} openVideo
 * @property {{image: Uint8ClampedArray<ArrayBuffer>, ms: number}} frame
 * @property {{}} closeVideo
 * @property {import('./models.js').ModelEntry[]} models
 * @property {{bytes: number, peakBytes: number, heapBytes: number}} memory
 */
/** @typedef {keyof Results} Kind of request that is answered */
/** @typedef {{code: import('./errors.js').P2AErrorCode, message: string, fatal: boolean}} WireError */
/** @typedef {{id: number, kind: keyof Payloads, payload: any}} Request */
/** @typedef {{id: number, result?: any, error?: WireError, progress?: Progress, heapBytes?: number}} Reply */
/**
 * @param {unknown} error
 * @returns {WireError} what a message can carry
 */
export declare function toWire(error: unknown): WireError;
/**
 * @param {WireError} error
 * @returns {P2AError}
 */
export declare function fromWire({ code, message, fatal }: WireError): P2AError;
