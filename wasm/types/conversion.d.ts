export type Engine = import('./engine.js').Engine;
export type Photo = {
    file: Uint8Array;
} | {
    pixels: Uint8Array | Uint8ClampedArray;
    width: number;
    height: number;
};
export type Stage = 'decode' | 'paint' | 'faces' | 'encode';
export type Timings = {
    decode: number;
    scene: number;
    faces: number;
    blend: number;
    encode: number;
    total: number;
};
export type OwnConversionOptions = {
    /**
     * of the result; 0 (the photo's own) unless told
     */
    widthPx?: number;
    /**
     * of the image; rgba: plain rows
     */
    format?: 'png' | 'jpeg' | 'rgba';
    /**
     * 1..100, for JPEG
     */
    quality?: number;
    /**
     * paint faces too
     */
    faceModels?: import('./engine.js').FaceModels;
    /**
     * awaited between two steps
     */
    pause: () => Promise<unknown>;
    shouldStop?: () => boolean;
    /**
     * part: 0..1 of that stage
     */
    onProgress?: (stage: Stage, part: number) => void;
};
export type ConversionOptions = OwnConversionOptions & import('./options.js').PaintOptions;
export type Conversion = {
    /**
     * the file, or the RGBA rows
     */
    image: Uint8Array<ArrayBuffer> | Uint8ClampedArray<ArrayBuffer>;
    width: number;
    height: number;
    /**
     * that were found; empty without faceModels
     */
    faces: import('./engine.js').Face[];
    /**
     * what was not done, and why; mostly empty
     */
    warnings: string[];
    timings: Timings;
    /**
     * most memory of the C core
     */
    peakBytes: number;
    /**
     * what an imported network was normalised by; none where it needs none
     */
    statistics: import('./options.js').UsedStatistics;
    backend: {
        variant: 'simd' | 'relaxed';
        threads: number;
    };
};
export type FoundFaces = {
    width: number;
    height: number;
    faces: import('./engine.js').Face[];
    warnings: string[];
    timings: {
        decode: number;
        faces: number;
        total: number;
    };
};
/**
 * @param {Engine} engine
 * @param {number} model
 * @param {Photo} photo
 * @param {ConversionOptions} options
 * @returns {Promise<Conversion>}
 * @throws {import('./errors.js').P2AError}
 */
export declare function convertPhoto(engine: Engine, model: number, photo: Photo, options: ConversionOptions): Promise<Conversion>;
/**
 * Find and parse the faces of a photo, painting nothing.
 * @param {Engine} engine
 * @param {Photo} photo
 * @param {Omit<ConversionOptions, 'faceModels'> & {faceModels: import('./engine.js').FaceModels, classes?: boolean}} options
 * @returns {Promise<FoundFaces>}
 */
export declare function findFaces(engine: Engine, photo: Photo, options: Omit<ConversionOptions, 'faceModels'> & {
    faceModels: import('./engine.js').FaceModels;
    classes?: boolean;
}): Promise<FoundFaces>;
/**
 * The same picture as another kind of file, not painted.
 * @param {Engine} engine
 * @param {Photo} photo
 * @param {Pick<ConversionOptions, 'format'|'quality'>} options
 */
export declare function encodePhoto(engine: Engine, photo: Photo, options: Pick<ConversionOptions, 'format' | 'quality'>): {
    image: Uint8Array<ArrayBuffer> | Uint8ClampedArray<ArrayBuffer>;
    width: number;
    height: number;
};
