/* faces.js - `photo2anime faces`: a photo in, the faces in it out, with a mask picture for each */
import { mkdir } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import process from 'node:process'
import { setImmediate as pause } from 'node:timers/promises'
import { deflateSync } from 'node:zlib'

import { findFaces } from '../js/conversion.js'
import { Engine } from '../js/engine.js'
import { readInput, readPackagedModel, readStdin, writeOutput } from '../js/files.js'
import { CLASS_PALETTE, FACE_CROP_PX } from '../js/layout.js'
import { faceEntries, loadFaceModels, readManifest } from '../js/models.js'
import { UsageError, number, oneOf, wholeNumber } from './usage.js'

export const FACES_OPTIONS = /** @type {const} */ ({
  masks: { type: 'string' },
  'max-faces': { type: 'string' },
  'face-min-px': { type: 'string' },
  threads: { type: 'string' },
  variant: { type: 'string' },
  json: { type: 'boolean' }
})

/** @param {Uint8Array} bytes @returns {number} PNG specification, annex D (node:zlib has it from 20.15 on only) */
function crc32(bytes) {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return (crc ^ 0xffffffff) >>> 0
}

/** @param {string} type four letters @param {Uint8Array} data */
function chunk(type, data) {
  const bytes = Buffer.alloc(data.length + 12)
  bytes.writeUInt32BE(data.length, 0)
  bytes.write(type, 4, 'latin1')
  bytes.set(data, 8)
  bytes.writeUInt32BE(crc32(bytes.subarray(4, data.length + 8)), data.length + 8)
  return bytes
}

/**
 * @param {Uint8Array} classes FACE_CROP_PX rows
 * @returns {Uint8Array} a PNG whose palette indices are the classes
 */
function maskPng(classes) {
  const side = FACE_CROP_PX
  const head = Buffer.alloc(13)
  head.writeUInt32BE(side, 0)
  head.writeUInt32BE(side, 4)
  head.set([8, 3], 8) /* 8 bits, palette */
  const rows = new Uint8Array(side * (side + 1)) /* each row after its filter byte, 0 */
  for (let y = 0; y < side; y++) rows.set(classes.subarray(y * side, (y + 1) * side), y * (side + 1) + 1)
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', head),
    chunk('PLTE', Uint8Array.from(CLASS_PALETTE.flat())),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', new Uint8Array())
  ])
}

/**
 * @param {import('../js/engine.js').Face[]} faces
 * @param {string} input
 * @param {string} folder
 * @returns {Promise<object[]>} the faces with the names of their masks instead of the masks
 */
async function writeMasks(faces, input, folder) {
  const name = input === '-' ? 'stdin' : basename(input, extname(input))
  await mkdir(folder, { recursive: true }).catch(() => {}) /* the write says why it is not there */
  const named = []
  for (const [i, { classes, ...face }] of faces.entries()) {
    const mask = classes && join(folder, `${name}-face${i + 1}.png`)
    if (classes && mask) await writeOutput(mask, maskPng(classes))
    named.push(mask ? { ...face, mask } : face)
  }
  return named
}

/** @param {import('../js/engine.js').Face} face @param {number} i */
function line({ box: [left, top, right, bottom], score, used, classPx = {} }, i) {
  const place = `${Math.round(left)},${Math.round(top)} ${Math.round(right - left)}x${Math.round(bottom - top)} px`
  const parts = Object.entries(classPx).filter(([name]) => name !== 'background').sort(([, a], [, b]) => b - a).slice(0, 4)
  const percent = parts.map(([name, pixels]) => `${name} ${((100 * pixels) / FACE_CROP_PX ** 2).toFixed(0)} %`)
  return `${i + 1}: ${place}, score ${score.toFixed(2)}${used ? `, ${percent.join(', ')}` : ', left alone'}\n`
}

/** @param {import('./usage.js').Parsed} parsed @returns {Promise<number>} */
export async function runFaces({ values, positionals }) {
  if (positionals.length !== 1) throw new UsageError(`expected one INPUT for faces, got ${positionals.length}`)
  if (values.masks === '') throw new UsageError('expected a folder for --masks, got ""')
  const [input] = positionals
  const maxFaces = wholeNumber('--max-faces', values['max-faces'], 1, 1024)
  const minPx = number('--face-min-px', values['face-min-px'], 8, 65535)
  const threads = wholeNumber('--threads', values.threads, 1, 16, 'auto') ?? 'auto'
  const variant = /** @type {'auto'|'simd'|'relaxed'} */ (oneOf('--variant', values.variant, ['auto', 'simd', 'relaxed']) ?? 'auto')
  const entries = faceEntries(await readManifest(readPackagedModel))
  if (!entries) throw new Error('expected a detector and a parser in models/manifest.json, got none')
  const file = input === '-' ? await readStdin() : await readInput(input)
  const engine = await Engine.create({ variant, threads })
  try {
    const faceModels = await loadFaceModels(engine, entries, readPackagedModel)
    const classes = values.masks !== undefined
    const found = await findFaces(engine, { file }, { faceModels, faces: { maxFaces, minPx }, classes, pause })
    const faces = classes ? await writeMasks(found.faces, input, /** @type {string} */ (values.masks)) : found.faces
    for (const warning of found.warnings) process.stderr.write(`photo2anime: ${input}: ${warning}\n`)
    if (values.json) process.stdout.write(`${JSON.stringify({ input, ...found, faces })}\n`)
    else process.stdout.write(`${found.faces.length} ${found.faces.length === 1 ? 'face' : 'faces'}\n${found.faces.map(line).join('')}`)
  } finally {
    engine.dispose()
  }
  return 0
}
