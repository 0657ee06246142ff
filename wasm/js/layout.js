/**
 * layout.js - the structs of src/photo2anime.h as JavaScript sees them in wasm memory
 *
 * Every field of p2a_limits and p2a_options is 4 bytes, every field of p2a_result and p2a_estimate
 * is 8 (f64), in the order of the header. tests/js/layout.test.js compares these lists with it.
 */

/** p2a_limits, all u32. */
export const LIMITS = ['threads', 'maxPixels', 'maxSidePx', 'memoryMbytes']

/** p2a_options: u32 first, then f32. */
export const OPTIONS = ['widthPx', 'bandRowsPx', 'statistics', 'maxFaces', 'hairColor', 'lipColor', 'eyeColor', 'clothColor']
export const OPTION_FLOATS = [
  'edgePreserve',
  'colorShift',
  'faceMinPx',
  'character',
  'faceSkin',
  'faceEyes',
  'faceLips',
  'faceStrength'
]

/** p2a_result, all f64. */
export const RESULT = [
  'sceneMs',
  'facesMs',
  'findMs',
  'parseMs',
  'correctMs',
  'blendMs',
  'faceCount',
  'facesLeft',
  'multiplyAdds',
  'peakBytes',
  'bandRowsPx',
  'statistics'
]

/** p2a_estimate, all f64. */
export const ESTIMATE = ['peakBytes', 'multiplyAdds', 'faceMultiplyAdds', 'widthPx', 'heightPx', 'statistics']

/** p2a_face_info, all f32: [name, how many]. */
export const FACE_INFO = /** @type {const} */ ([
  ['box', 4],
  ['score', 1],
  ['landmarks', 10],
  ['used', 1],
  ['photoFromCrop', 6],
  ['class', 19]
])

/** Pixels of a side of p2a_job_face_classes' crop. */
export const FACE_CROP_PX = 512

/** The classes of a face's pixels by their numbers (CelebAMask-HQ); left and right are the person's own. */
export const CLASSES = [
  'background',
  'skin',
  'nose',
  'glasses',
  'left_eye',
  'right_eye',
  'left_brow',
  'right_brow',
  'left_ear',
  'right_ear',
  'mouth',
  'upper_lip',
  'lower_lip',
  'hair',
  'hat',
  'earring',
  'necklace',
  'neck',
  'cloth'
]

/** RGB by class, of CelebAMask-HQ's published masks. */
export const CLASS_PALETTE = [
  [0, 0, 0], [204, 0, 0], [76, 153, 0], [204, 204, 0], [51, 51, 255],
  [204, 0, 204], [0, 255, 255], [255, 204, 204], [102, 51, 0], [255, 0, 0],
  [102, 204, 0], [255, 255, 0], [0, 0, 153], [0, 0, 204], [255, 51, 153],
  [0, 204, 204], [0, 51, 0], [255, 153, 51], [0, 204, 0]
]

/** p2a_statistics by number: what may be asked for, and what a result says. */
export const STATISTICS = /** @type {const} */ (['auto', 'exact', 'frozen', 'none'])

/** p2a_format */
export const FORMAT = { png: 0, jpeg: 1 }

/** p2a_status, by number; errors.js turns the names into codes. */
export const STATUS = [
  'OK',
  'ARGUMENT',
  'MEMORY',
  'LIMIT',
  'IMAGE',
  'MODEL',
  'STOPPED',
  'INTERNAL'
]
