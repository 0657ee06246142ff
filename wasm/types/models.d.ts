export type ModelEntry = {
    /**
     * what --style and style take
     */
    name: string;
    /**
     * for people
     */
    title: string;
    /**
     * inside models/
     */
    file: string;
    /**
     * of the file, hex
     */
    sha256: string;
    /**
     * of the file
     */
    bytes: number;
    kind: 'generator' | 'detector' | 'parser';
    license: string;
    commercial_use: 'yes' | 'no';
    teachers: string;
    /**
     * "scenes" for styles, "faces" for what face2paint uses, "live" for video
     */
    use: string;
    /**
     * of a generator: "live" is quick enough for video
     */
    tier?: 'full' | 'live';
    /**
     * of a generator: multiply-adds for each pixel of the photo
     */
    mac_per_pixel?: number;
    /**
     * the same network in signed bytes
     */
    int8?: {
        file: string;
        sha256: string;
        bytes: number;
    };
    /**
     * the style that is used unless another is named
     */
    default?: boolean;
};
export type ReadModelFile = (path: string, check?: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>) => Promise<Uint8Array<ArrayBuffer>>;
export type Precision = 'f32' | 'int8';
/**
 * One line of models/manifest.json.
 * @typedef {object} ModelEntry
 * @property {string} name what --style and style take
 * @property {string} title for people
 * @property {string} file inside models/
 * @property {string} sha256 of the file, hex
 * @property {number} bytes of the file
 * @property {'generator'|'detector'|'parser'} kind
 * @property {string} license
 * @property {'yes'|'no'} commercial_use
 * @property {string} teachers
 * @property {string} use "scenes" for styles, "faces" for what face2paint uses, "live" for video
 * @property {'full'|'live'} [tier] of a generator: "live" is quick enough for video
 * @property {number} [mac_per_pixel] of a generator: multiply-adds for each pixel of the photo
 * @property {{file: string, sha256: string, bytes: number}} [int8] the same network in signed bytes
 * @property {boolean} [default] the style that is used unless another is named
 */
/** @typedef {(path: string, check?: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>) => Promise<Uint8Array<ArrayBuffer>>} ReadModelFile check: throws where bytes are not the file's, which must then not be kept */
/** @typedef {'f32'|'int8'} Precision in which a style is painted */
export declare const PRECISION_CHOICES: readonly ['auto', 'f32', 'int8'];
/**
 * @param {ReadModelFile} read
 * @returns {Promise<ModelEntry[]>}
 * @throws {P2AError} IO
 */
export declare function readManifest(read: ReadModelFile): Promise<ModelEntry[]>;
/**
 * @param {ModelEntry[]} manifest
 * @returns {ModelEntry[]} what a person can choose as a style
 */
export declare function styles(manifest: ModelEntry[]): ModelEntry[];
/**
 * @param {ModelEntry[]} manifest
 * @param {string} [name] the default style unless given
 * @returns {ModelEntry}
 * @throws {P2AError} ARGUMENT
 */
export declare function findStyle(manifest: ModelEntry[], name?: string): ModelEntry;
/**
 * A style as a person writes it: a name, or several with their shares: "miyazaki=0.4,shinkai=0.6".
 * @param {ModelEntry[]} manifest
 * @param {string} [text] the default style unless given
 * @returns {{entry: ModelEntry, share: number}[]} shares that add up to 1
 * @throws {P2AError} ARGUMENT
 */
export declare function parseStyle(manifest: ModelEntry[], text?: string): {
    entry: ModelEntry;
    share: number;
}[];
/**
 * Which of a style's files to paint with. auto is the faster one where there are both. Blends are made of f32 weights,
 * and so are faces with a character above 0 (a blend of the style and the portrait network).
 * @param {{entry: ModelEntry, share: number}[]} parts of parseStyle()
 * @param {typeof PRECISION_CHOICES[number]} [wanted]
 * @param {number} [character] of faces
 * @param {Precision} [faster] of fasterPrecision()
 * @returns {Precision}
 * @throws {P2AError} ARGUMENT
 */
export declare function choosePrecision(parts: {
    entry: ModelEntry;
    share: number;
}[], wanted?: typeof PRECISION_CHOICES[number], character?: number, faster?: Precision): Precision;
/**
 * The networks that find, parse and (for a character above 0) paint faces.
 * @param {ModelEntry[]} manifest
 * @returns {{detector: ModelEntry, parser: ModelEntry, portrait?: ModelEntry}|undefined} undefined where the package has none
 */
export declare function faceEntries(manifest: ModelEntry[]): {
    detector: ModelEntry;
    parser: ModelEntry;
    portrait?: ModelEntry;
} | undefined;
/**
 * @param {import('./engine.js').Engine} engine
 * @param {{detector: ModelEntry, parser: ModelEntry, portrait?: ModelEntry}} entries
 * @param {ReadModelFile} read
 * @param {{portrait?: boolean, loaded?: import('./engine.js').FaceModels}} [options] portrait: with that network; loaded: what is there already
 * @returns {Promise<import('./engine.js').FaceModels>} models; dispose with engine.disposeModel()
 * @throws {P2AError} IO, MODEL, MEMORY; what was loaded before is still there
 */
export declare function loadFaceModels(engine: import('./engine.js').Engine, entries: {
    detector: ModelEntry;
    parser: ModelEntry;
    portrait?: ModelEntry;
}, read: ReadModelFile, { portrait, loaded }?: {
    portrait?: boolean;
    loaded?: import('./engine.js').FaceModels;
}): Promise<import('./engine.js').FaceModels>;
/**
 * Load a style into an engine; several are blended and only the blend is kept.
 * @param {import('./engine.js').Engine} engine
 * @param {{entry: ModelEntry, share: number}[]} parts of parseStyle()
 * @param {ReadModelFile} read
 * @param {Precision} [precision] of choosePrecision(); f32 unless told
 * @returns {Promise<number>} the model; dispose with engine.disposeModel()
 * @throws {P2AError} IO, MODEL, MEMORY
 */
export declare function loadStyle(engine: import('./engine.js').Engine, parts: {
    entry: ModelEntry;
    share: number;
}[], read: ReadModelFile, precision?: Precision): Promise<number>;
/**
 * @param {ModelEntry} entry
 * @param {ReadModelFile} read
 * @returns {Promise<Uint8Array<ArrayBuffer>>} the file's bytes, of the length and sha256 that the manifest says
 * @throws {P2AError} IO, MODEL
 */
export declare function readModel(entry: ModelEntry, read: ReadModelFile): Promise<Uint8Array<ArrayBuffer>>;
/**
 * The live tier of a style, or of each style of a blend.
 * @param {ModelEntry[]} manifest
 * @param {{entry: ModelEntry, share: number}[]} parts of parseStyle()
 * @returns {{entry: ModelEntry, share: number}[]|undefined} undefined where one has none
 */
export declare function liveParts(manifest: ModelEntry[], parts: {
    entry: ModelEntry;
    share: number;
}[]): {
    entry: ModelEntry;
    share: number;
}[] | undefined;
