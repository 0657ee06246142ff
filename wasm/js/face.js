/**
 * face.js - p2a_face_info as numbers in wasm memory -> a face as callers see it
 */
import { CLASSES, FACE_INFO } from './layout.js'

/**
 * A face that was found, in pixels of the result.
 * @typedef {object} Face
 * @property {number[]} box left, top, right, bottom
 * @property {number} score 0.97..1
 * @property {number[][]} landmarks x, y of the picture's left eye, right eye, nose, left and right corner of the mouth
 * @property {boolean} used whether it was cut out and parsed (and painted, by convert); what follows is there only then
 * @property {number[]} [photoFromCrop] a 2x3 transform, row by row: from the face's 512 px crop to the picture
 * @property {Record<string, number>} [classPx] pixels of the crop of each class that is there
 * @property {Uint8Array<ArrayBuffer>} [classes] a map of 512x512: classes of the crop's pixels, where they were asked for
 */

/** How many f32 a p2a_face_info has. */
export const FACE_INFO_FLOATS = FACE_INFO.reduce((sum, [, count]) => sum + count, 0)

/** @param {number} value @returns {number} to a hundredth */
const rounded = (value) => Math.round(value * 100) / 100

/**
 * @param {number[]} numbers FACE_INFO_FLOATS of them
 * @returns {Face} without its map of classes
 */
export function faceOf(numbers) {
  const fields = /** @type {Record<string, number[]>} */ ({})
  let at = 0
  for (const [name, length] of FACE_INFO) fields[name] = numbers.slice(at, (at += length))
  const points = fields.landmarks.map(rounded)
  const face = /** @type {Face} */ ({
    box: fields.box.map(rounded),
    score: rounded(fields.score[0]),
    landmarks: [0, 2, 4, 6, 8].map((k) => points.slice(k, k + 2)),
    used: fields.used[0] === 1
  })
  if (face.used) {
    face.photoFromCrop = fields.photoFromCrop
    face.classPx = Object.fromEntries(CLASSES.map((name, i) => [name, fields.class[i]]).filter(([, pixels]) => pixels))
  }
  return face
}
