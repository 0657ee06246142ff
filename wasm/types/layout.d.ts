/**
 * layout.js - the structs of src/photo2anime.h as JavaScript sees them in wasm memory
 *
 * Every field of p2a_limits and p2a_options is 4 bytes, every field of p2a_result and p2a_estimate
 * is 8 (f64), in the order of the header. tests/js/layout.test.js compares these lists with it.
 */
/** p2a_limits, all u32. */
export declare const LIMITS: string[];
/** p2a_options: u32 first, then f32. */
export declare const OPTIONS: string[];
export declare const OPTION_FLOATS: string[];
/** p2a_result, all f64. */
export declare const RESULT: string[];
/** p2a_estimate, all f64. */
export declare const ESTIMATE: string[];
/** p2a_face_info, all f32: [name, how many]. */
export declare const FACE_INFO: readonly [readonly ['box', 4], readonly ['score', 1], readonly ['landmarks', 10], readonly ['used', 1], readonly ['photoFromCrop', 6], readonly ['class', 19]];
/** Pixels of a side of p2a_job_face_classes' crop. */
export declare const FACE_CROP_PX = 512;
/** The classes of a face's pixels by their numbers (CelebAMask-HQ); left and right are the person's own. */
export declare const CLASSES: string[];
/** RGB by class, of CelebAMask-HQ's published masks. */
export declare const CLASS_PALETTE: number[][];
/** p2a_statistics by number: what may be asked for, and what a result says. */
export declare const STATISTICS: readonly ['auto', 'exact', 'frozen', 'none'];
/** p2a_format */
export declare const FORMAT: {
    png: number;
    jpeg: number;
};
/** p2a_status, by number; errors.js turns the names into codes. */
export declare const STATUS: string[];
