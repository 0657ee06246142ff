export type EngineOptions = import('./module.js').EngineOptions;
export type FaceModels = {
    detector: number;
    parser: number;
    portrait?: number;
};
export type OwnConvertOptions = {
    /**
     * of the result; 0 (the photo's own) unless told
     */
    widthPx?: number;
    /**
     * rows painted at a time; 0 (chosen) unless told
     */
    bandRowsPx?: number;
    /**
     * paint faces too, with these models; without them `faces` means nothing
     */
    faceModels?: FaceModels;
    /**
     * called between steps with 0..1
     */
    onProgress?: (part: number) => void;
    /**
     * asked between steps; true ends with STOPPED
     */
    shouldStop?: () => boolean;
};
export type Picture = {
    /**
     * p2a_image
     */
    handle: number;
    width: number;
    height: number;
    /**
     * 3 or 4
     */
    channels: number;
};
export type ConvertOptions = OwnConvertOptions & import('./options.js').PaintOptions;
export type Face = import('./face.js').Face;
export type Converted = {
    picture: Picture;
    result: Record<string, number>;
    faces: Face[];
};
export declare class Engine {
    #private;
    /**
     * @param {any} core
     * @param {import('./module.js').Choice} choice
     * @param {EngineOptions} options
     */
    constructor(core: any, choice: import('./module.js').Choice, options: EngineOptions);
    /**
     * @param {EngineOptions} [options]
     * @returns {Promise<Engine>}
     * @throws {P2AError} ARGUMENT, UNSUPPORTED, IO, MEMORY
     */
    static create(options?: EngineOptions): Promise<Engine>;
    /** What really runs, and why. */
    get info(): {
        variant: 'simd' | 'relaxed';
        threads: number;
        reason: string;
    };
    /** In which precision a style is painted faster here, see fasterPrecision(). */
    get fasterPrecision(): "f32" | "int8";
    /** Bytes that the C side holds now, the most since the last conversion began, and the whole heap. */
    get memory(): {
        bytes: number;
        peakBytes: number;
        heapBytes: number;
    };
    /** The whole wasm heap: it grows and never shrinks. */
    get heapBytes(): number;
    /** Start counting the peak from now. */
    resetPeak(): void;
    /** @returns {string} of the C core, "0.1.0" */
    get version(): string;
    /**
     * @param {Uint8Array|ArrayBuffer} file JPEG or PNG
     * @returns {{width: number, height: number}} upright
     * @throws {P2AError} IMAGE
     */
    probe(file: Uint8Array | ArrayBuffer): {
        width: number;
        height: number;
    };
    /**
     * @param {Uint8Array|ArrayBuffer} file JPEG or PNG
     * @returns {Picture} dispose with disposeImage()
     * @throws {P2AError} IMAGE, LIMIT, MEMORY
     */
    decode(file: Uint8Array | ArrayBuffer): Picture;
    /**
     * @param {Uint8Array|Uint8ClampedArray} pixels rows of RGB or RGBA bytes, straight alpha
     * @param {number} width
     * @param {number} height
     * @param {number} [channels] 4 unless told
     * @returns {Picture} dispose with disposeImage()
     * @throws {P2AError} ARGUMENT, LIMIT, MEMORY
     */
    createImage(pixels: Uint8Array | Uint8ClampedArray, width: number, height: number, channels?: number): Picture;
    /**
     * @param {Picture} picture
     * @returns {Uint8Array<ArrayBuffer>} a copy of its rows
     */
    pixels(picture: Picture): Uint8Array<ArrayBuffer>;
    /**
     * @param {Picture} picture
     * @returns {Uint8ClampedArray<ArrayBuffer>} RGBA, as ImageData wants it
     */
    rgba(picture: Picture): Uint8ClampedArray<ArrayBuffer>;
    /**
     * @param {Picture} picture
     * @param {{format?: 'png'|'jpeg', quality?: number}} [options] quality 1..100, for JPEG; 90 unless told
     * @returns {Uint8Array<ArrayBuffer>} the file
     * @throws {P2AError} ARGUMENT, LIMIT, MEMORY
     */
    encode(picture: Picture, options?: {
        format?: 'png' | 'jpeg';
        quality?: number;
    }): Uint8Array<ArrayBuffer>;
    /** @param {Picture} picture */
    disposeImage(picture: Picture): void;
    /**
     * @param {Uint8Array|ArrayBuffer} file .safetensors
     * @returns {number} the model; dispose with disposeModel()
     * @throws {P2AError} MODEL, MEMORY
     */
    loadModel(file: Uint8Array | ArrayBuffer): number;
    /**
     * @param {number} model
     * @param {string} key "name", "license", "commercial_use", ...
     * @returns {string|undefined}
     */
    modelMetadata(model: number, key: string): string | undefined;
    /**
     * A model between others of one graph, weight by weight.
     * @param {number[]} models
     * @param {number[]} shares 0..1 each, adding up to 1
     * @returns {number} the model; dispose with disposeModel()
     * @throws {P2AError} ARGUMENT, MODEL, MEMORY
     */
    blendModels(models: number[], shares: number[]): number;
    /**
     * Keep the model's network from one conversion to the next: quicker, for memory about twice the weights.
     * @param {number} model
     * @param {boolean} [keep] true unless told
     */
    keepNetwork(model: number, keep?: boolean): void;
    /** @param {number} model */
    disposeModel(model: number): void;
    /**
     * Convert in one call. Blocks; see convertSteps() for the same with pauses.
     * @param {number} model
     * @param {Picture} picture not changed
     * @param {ConvertOptions} [options]
     * @returns {Converted} dispose its picture with disposeImage()
     * @throws {P2AError} ARGUMENT, LIMIT, MEMORY, MODEL, STOPPED
     */
    convert(model: number, picture: Picture, options?: ConvertOptions): Converted;
    /**
     * Convert in steps of some tens of milliseconds: each next() works and yields the part that is
     * done, the last returns the result. return() or throw() in between gives everything back.
     * @param {number} model
     * @param {Picture} picture not changed
     * @param {ConvertOptions} [options]
     * @returns {Generator<number, Converted, void>}
     */
    convertSteps(model: number, picture: Picture, options?: ConvertOptions): Generator<number, Converted, void>;
    /**
     * Find and parse faces, painting nothing; steps as those of convertSteps().
     * @param {Picture} picture
     * @param {ConvertOptions & {faceModels: FaceModels, classes?: boolean}} options classes: give each face's map too
     * @returns {Generator<number, {faces: Face[], left: number}, void>} left: more than maxFaces
     */
    faceSteps(picture: Picture, options: ConvertOptions & {
        faceModels: FaceModels;
        classes?: boolean;
    }): Generator<number, {
        faces: Face[];
        left: number;
    }, void>;
    /**
     * What converting a picture of this size would take; with faceModels, where a face is found.
     * @param {number} model
     * @param {number} width
     * @param {number} height
     * @param {ConvertOptions} [options]
     * @returns {Record<string, number>} peakBytes, multiplyAdds, faceMultiplyAdds (what each face adds), widthPx, heightPx, statistics
     * @throws {P2AError} ARGUMENT, LIMIT
     */
    estimate(model: number, width: number, height: number, options?: ConvertOptions): Record<string, number>;
    /**
     * Frames of one size, painted one after another.
     * @param {number} model must outlive the video
     * @param {number} width
     * @param {number} height
     * @param {number} [steadiness] 0 (each frame by itself) to 1, which it is unless told
     * @returns {number} the video; dispose with disposeVideo()
     * @throws {P2AError} ARGUMENT, LIMIT, MODEL, MEMORY
     */
    createVideo(model: number, width: number, height: number, steadiness?: number): number;
    /**
     * @param {number} video
     * @param {Uint8Array|Uint8ClampedArray} rgba rows, of the video's size
     * @returns {Uint8ClampedArray<ArrayBuffer>} rows of the same form, a copy
     * @throws {P2AError} ARGUMENT, MEMORY
     */
    processFrame(video: number, rgba: Uint8Array | Uint8ClampedArray): Uint8ClampedArray<ArrayBuffer>;
    /** @param {number} video */
    disposeVideo(video: number): void;
    /**
     * @param {'f32'|'int8'} [precision] f32 unless told
     * @returns {number} multiply-adds a second of a bare convolution on this machine, now
     */
    measure(precision?: 'f32' | 'int8'): number;
    /** Give everything back, threads included. The engine cannot be used afterwards. */
    dispose(): void;
}
