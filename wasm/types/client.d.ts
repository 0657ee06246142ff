import { VideoSession } from './video.js';
export type Kind = import('./protocol.js').Kind;
export type Progress = import('./protocol.js').Progress;
export type Input = import('./input.js').Input;
export type ConverterOptions = {
    /**
     * the folder of the wasm files, where they do not lie in the package
     */
    assets?: string | URL;
    /**
     * the folder of manifest.json and the weights
     */
    models?: string | URL;
    /**
     * 1 to 16; as many as cores where the page is cross-origin isolated, else 1
     */
    threads?: 'auto' | number;
    /**
     * relaxed SIMD where the engine has it, unless told
     */
    variant?: 'auto' | 'simd' | 'relaxed';
    /**
     * of every call that says nothing else; auto (the faster one) unless told
     */
    precision?: 'auto' | 'f32' | 'int8';
    /**
     * bytes that pictures and networks may take at one time, 1048576 to 4294967295; no limit of its own unless told
     */
    memoryLimit?: number;
    /**
     * of a picture; 100 million unless told
     */
    maxPixels?: number;
    /**
     * sha256 of files that you host: "manifest.json" (which vouches for every model), "weights/NAME.safetensors", "p2a-VARIANT.wasm" -> "sha256-BASE64" or hex
     */
    integrity?: import('./digest.js').Integrity;
    /**
     * of every call that has none of its own
     */
    onProgress?: (progress: Progress) => void;
    /**
     * ends the making of the converter
     */
    signal?: AbortSignal;
};
export type OwnConvertOptions = {
    /**
     * a name of models(), the default style unless told
     */
    style?: string;
    /**
     * instead of style: names and their shares, which add up to 1
     */
    blend?: Record<string, number>;
    /**
     * that the style is painted in; the result's backend says which it was
     */
    precision?: 'auto' | 'f32' | 'int8';
    /**
     * of the result in pixels; its height is in proportion
     */
    width?: 'original' | number;
    /**
     * bytes unless told
     */
    output?: 'bytes' | 'blob' | 'imagedata';
    /**
     * png unless told
     */
    format?: 'png' | 'jpeg';
    /**
     * 1..100, for JPEG; 90 unless told
     */
    quality?: number;
    /**
     * give the input's bytes (or ImageBitmap) away instead of copying them
     */
    transfer?: boolean;
    /**
     * an abort is answered at once, and the converter goes on
     */
    signal?: AbortSignal;
    /**
     * {stage: 'load'|'decode'|'paint'|'encode', part: 0..1}
     */
    onProgress?: (progress: Progress) => void;
};
export type Image<O extends {
    output?: 'bytes' | 'blob' | 'imagedata';
}> = O extends {
    output: 'blob';
} ? Blob : O extends {
    output: 'imagedata';
} ? ImageData : Uint8Array<ArrayBuffer>;
export type ConvertResult<O extends {
    output?: 'bytes' | 'blob' | 'imagedata';
} = {}> = {
    /**
     * Uint8Array, Blob or ImageData, as output says
     */
    image: Image<O>;
    width: number;
    height: number;
    style: string;
    /**
     * that were found: {box, score, landmarks}, in pixels of the result
     */
    faces: import('./engine.js').Face[];
    /**
     * in ms: decode, scene, faces, blend, encode, total
     */
    timings: import('./conversion.js').Timings;
    /**
     * most memory of the C core
     */
    peakBytes: number;
    /**
     * what an imported network was normalised by; none where it needs none
     */
    statistics: import('./options.js').UsedStatistics;
    /**
     * what ran
     */
    backend: {
        variant: 'simd' | 'relaxed';
        threads: number;
        precision: 'f32' | 'int8';
    };
    /**
     * what a person should know of this result: one thread only, models not verified, decoded by the browser, faces left out; mostly empty
     */
    warnings: string[];
};
export type ConvertOptions = OwnConvertOptions & import('./options.js').PaintOptions;
export type Call = {
    id: number;
    kind: Kind | 'dispose';
    payload: any;
    transfer: any[];
    resolve: (result: any) => void;
    reject: (error: unknown) => void;
    onProgress: ((progress: Progress) => void) | undefined;
    /**
     * answered to the caller; the worker may still be busy with it
     */
    settled: boolean;
};
export declare class Converter {
    #private;
    /** @param {ConverterOptions} options */
    constructor({ assets, models, threads, variant, precision, memoryLimit, maxPixels, integrity, onProgress }: ConverterOptions);
    /** What really runs, and why: {variant, threads, reason, version}. */
    get info(): {
        variant: 'simd' | 'relaxed';
        threads: number;
        reason: string;
        version: string;
    };
    /**
     * Start the worker; createConverter() does.
     * @param {AbortSignal} [signal]
     */
    open(signal?: AbortSignal): Promise<void>;
    /**
     * Paint a picture.
     * @template {ConvertOptions} [O={}]
     * @param {Input} input
     * @param {O} [options]
     * @returns {Promise<ConvertResult<O>>}
     * @throws {P2AError} ARGUMENT, IMAGE, LIMIT, MEMORY, MODEL, IO, TRAP, UNSUPPORTED, DISPOSED; or the signal's reason (AbortError)
     */
    convert<O extends ConvertOptions = {}>(input: Input, options?: O): Promise<ConvertResult<O>>;
    /**
     * Convert one after another; only the picture in work is held. All go through one network, whose
     * weights are packed and whose memory is laid out once, so that small pictures cost no more than
     * their own painting. A picture that fails is an item with `error`, and the next one follows; an
     * abort ends it all.
     * @template {ConvertOptions} [O={}]
     * @param {Iterable<Input>|AsyncIterable<Input>} inputs
     * @param {O} [options] for each of them
     * @returns {AsyncGenerator<{index: number, input: Input, result?: ConvertResult<O>, error?: unknown}, void>}
     */
    convertMany<O extends ConvertOptions = {}>(inputs: Iterable<Input> | AsyncIterable<Input>, options?: O): AsyncGenerator<{
        index: number;
        input: Input;
        result?: ConvertResult<O>;
        error?: unknown;
    }, void>;
    /**
     * Find the faces of a photo, painting nothing: boxes, landmarks, scores, and what the parser sees in each.
     * @param {Input} input
     * @param {{minPx?: number, maxFaces?: number, classes?: boolean, transfer?: boolean, signal?: AbortSignal, onProgress?: (progress: Progress) => void}} [options] classes: also each face's 512x512 map of classes
     * @returns {Promise<import('./protocol.js').Results['faces']>}
     * @throws {P2AError} as convert()
     */
    faces(input: Input, { minPx, maxFaces, classes, transfer, signal, onProgress }?: {
        minPx?: number;
        maxFaces?: number;
        classes?: boolean;
        transfer?: boolean;
        signal?: AbortSignal;
        onProgress?: (progress: Progress) => void;
    }): Promise<import('./protocol.js').Results['faces']>;
    /**
     * What converting a picture would take, without doing it: bytes of the C core beyond what it holds
     * (decoding and encoding excluded; where a face is found, unless faces is false), the seconds of painting
     * and of looking for faces on this machine as it is now, and what each face that is found adds to them.
     * @param {{width: number, height: number}} photo
     * @param {Pick<ConvertOptions, 'style'|'blend'|'precision'|'width'|'faces'|'signal'>} [options]
     * @returns {Promise<import('./protocol.js').Results['estimate']>}
     * @throws {P2AError} as convert()
     */
    estimate({ width, height }: {
        width: number;
        height: number;
    }, options?: Pick<ConvertOptions, 'style' | 'blend' | 'precision' | 'width' | 'faces' | 'signal'>): Promise<import('./protocol.js').Results['estimate']>;
    /**
     * Paint a video or a camera's picture, frame by frame, by the style's live tier.
     * @param {import('./video.js').VideoOptions} options
     * @returns {Promise<VideoSession>} release with close()
     * @throws {P2AError} as convert()
     */
    createVideoSession({ width, height, style, steadiness, signal }: import('./video.js').VideoOptions): Promise<VideoSession>;
    /**
     * Write a picture as another kind of file, not painted.
     * @template {Pick<ConvertOptions, 'output'|'format'|'quality'|'transfer'|'signal'>} [O={}]
     * @param {Input} input
     * @param {O} [options]
     * @returns {Promise<{image: Image<O>, width: number, height: number, warnings: string[]}>}
     * @throws {P2AError} as convert()
     */
    encode<O extends Pick<ConvertOptions, 'output' | 'format' | 'quality' | 'transfer' | 'signal'> = {}>(input: Input, options?: O): Promise<{
        image: Image<O>;
        width: number;
        height: number;
        warnings: string[];
    }>;
    /**
     * @param {{signal?: AbortSignal}} [options]
     * @returns {Promise<import('./models.js').ModelEntry[]>} models/manifest.json
     */
    models({ signal }?: {
        signal?: AbortSignal;
    }): Promise<import('./models.js').ModelEntry[]>;
    /** @returns {Promise<import('./protocol.js').Results['memory']>} of the C core, and the whole wasm heap */
    memory(): Promise<import('./protocol.js').Results['memory']>;
    /** End the worker at once; what is under way is rejected with DISPOSED. Fulfilled when it has ended. */
    dispose(): Promise<void>;
    /** For `await using`, where the engine has it. @returns {Promise<void>} */
    [Symbol.asyncDispose](): Promise<void>;
}
