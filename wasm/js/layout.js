/**
 * layout.js - the structs of src/photo2anime.h as JavaScript sees them in wasm memory
 *
 * Every field of p2a_limits and p2a_options is 4 bytes, every field of p2a_result and p2a_estimate
 * is 8 (f64), in the order of the header. tests/js/layout.test.js compares these lists with it.
 */

/** p2a_limits, all u32. */
export const LIMITS = ['threads', 'maxPixels', 'maxSidePx', 'memoryMbytes']

/** p2a_options: u32 first, then f32. */
export const OPTIONS = ['widthPx', 'bandRowsPx']
export const OPTION_FLOATS = ['edgePreserve', 'colorShift']

/** p2a_result, all f64. */
export const RESULT = [
  'sceneMs',
  'facesMs',
  'blendMs',
  'faceCount',
  'multiplyAdds',
  'peakBytes',
  'bandRowsPx'
]

/** p2a_estimate, all f64. */
export const ESTIMATE = ['peakBytes', 'multiplyAdds', 'widthPx', 'heightPx']

/** p2a_face_info, all f32: the box, the score, five points. */
export const FACE_INFO_FLOATS = 15

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
