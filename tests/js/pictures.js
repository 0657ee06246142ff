/* pictures.js - what the tests convert: made pictures, real photos, the default style's model file */
import { fileURLToPath } from 'node:url'

import { readPackagedModel } from '../../wasm/js/files.js'
import { findStyle, readManifest, readModel } from '../../wasm/js/models.js'

/** A photo of the npm package @vladmandic/face-api (MIT); 1 to 6. */
export function photoPath(number = 1) {
  return fileURLToPath(new URL(`../../node_modules/@vladmandic/face-api/demo/sample${number}.jpg`, import.meta.url))
}

/** Slopes, edges and a little grain; alpha, where there is one, runs from 0 to 255 along the rows. */
export function madePixels(width, height, channels = 3) {
  const pixels = new Uint8Array(width * height * channels)
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const tile = ((x >> 5) ^ (y >> 5)) & 1
      for (let c = 0; c < 3; c++) pixels[i++] = ((x * (c + 1) + y * (3 - c)) / 9 + tile * 80 + ((x * 7919 + y * 104729) % 13)) & 255
      if (channels === 4) pixels[i++] = (x + y * 3) & 255
    }
  }
  return pixels
}

/** @returns {Promise<{entry: import('../../wasm/js/models.js').ModelEntry, file: Uint8Array}>} */
export async function defaultStyle() {
  const entry = findStyle(await readManifest(readPackagedModel))
  return { entry, file: await readModel(entry, readPackagedModel) }
}

/** @returns {{max: number, mean: number}} of the absolute differences */
export function difference(a, b) {
  if (a.length !== b.length) throw new Error(`expected ${a.length} bytes, got ${b.length}`)
  let max = 0
  let sum = 0
  for (let i = 0; i < a.length; i++) {
    const d = Math.abs(a[i] - b[i])
    if (d > max) max = d
    sum += d
  }
  return { max, mean: sum / a.length }
}

/** How much the difference of two pictures changes from one row to the next, at most: where bands of rows meet, and inside them. */
export function rowSteps(pixels, expected, rowLength, bandRows) {
  const steps = { border: 0, inside: 0 }
  for (let y = 1; y * rowLength < pixels.length; y++) {
    let sum = 0
    for (let at = y * rowLength; at < (y + 1) * rowLength; at++) {
      sum += Math.abs(pixels[at] - expected[at] - (pixels[at - rowLength] - expected[at - rowLength]))
    }
    const where = y % bandRows === 0 ? 'border' : 'inside'
    steps[where] = Math.max(steps[where], sum / rowLength)
  }
  return steps
}
