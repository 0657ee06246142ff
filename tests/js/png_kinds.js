/* png_kinds.js - a PNG of every kind that the format has, written chunk by chunk */
import { crc32, deflateSync } from 'node:zlib'

export const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

const SAMPLES = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }

/* First x and y, steps of the seven passes: PNG specification, 8.2. */
const PASSES = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]]

export function chunk(type, data = Buffer.alloc(0)) {
  const out = Buffer.alloc(12 + data.length)
  out.writeUInt32BE(data.length, 0)
  out.write(type, 4, 'latin1')
  Buffer.from(data).copy(out, 8)
  out.writeUInt32BE(crc32(out.subarray(4, 8 + data.length)), 8 + data.length)
  return out
}

export function header({ width, height, depth = 8, colour = 2, interlaced = false }) {
  const data = Buffer.alloc(13)
  data.writeUInt32BE(width, 0)
  data.writeUInt32BE(height, 4)
  data.set([depth, colour, 0, 0, interlaced ? 1 : 0], 8)
  return chunk('IHDR', data)
}

/* A sample of the picture: slopes, with grain in some rows. */
function sample(x, y, s, depth) {
  const value = y % 3 === 0 ? Math.imul(x * 40503 + y * 9973 + s * 30011, 2654435761) >>> 13 : (x * 11 + y * 7 + s * 50) << (depth === 16 ? 7 : 0)
  return value & (2 ** depth - 1)
}

function paeth(a, b, c) {
  const p = a + b - c
  const [pa, pb, pc] = [Math.abs(p - a), Math.abs(p - b), Math.abs(p - c)]
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c
}

/** Rows with their filter byte; row i has filter i % 5, or the one that is given. */
function filtered(rows, bytesAPixel, filter) {
  const zero = Buffer.alloc(rows[0]?.length ?? 0)
  return Buffer.concat(rows.map((row, i) => {
    const kind = filter ?? i % 5
    const up = rows[i - 1] ?? zero
    const out = Buffer.alloc(row.length + 1)
    out[0] = kind
    for (let k = 0; k < row.length; k++) {
      const a = k >= bytesAPixel ? row[k - bytesAPixel] : 0
      const c = k >= bytesAPixel ? up[k - bytesAPixel] : 0
      out[k + 1] = row[k] - [0, a, up[k], (a + up[k]) >> 1, paeth(a, up[k], c)][kind]
    }
    return out
  }))
}

/** The picture's rows, filtered and in passes, before compression. */
export function rawData(kind) {
  const { width, height, depth = 8, colour = 2, interlaced = false, filter } = kind
  const samples = SAMPLES[colour]
  const passes = interlaced ? PASSES : [[0, 0, 1, 1]]
  return Buffer.concat(passes.map(([firstX, firstY, stepX, stepY]) => {
    const rows = []
    for (let y = firstY; y < height && firstX < width; y += stepY) {
      const bits = []
      for (let x = firstX; x < width; x += stepX) {
        for (let s = 0; s < samples; s++) {
          const value = sample(x, y, s, depth)
          for (let b = depth - 1; b >= 0; b--) bits.push((value >> b) & 1)
        }
      }
      const row = Buffer.alloc(Math.ceil(bits.length / 8))
      bits.forEach((bit, i) => (row[i >> 3] |= bit << (7 - (i & 7))))
      rows.push(row)
    }
    return rows.length ? filtered(rows, Math.max(1, (samples * depth) >> 3), filter) : Buffer.alloc(0)
  }))
}

/**
 * A whole file. before: chunks between header and data; pieces: into how many IDAT chunks the data
 * is cut (an empty one goes between); level: of zlib.
 */
export function png(kind, { before = [], after = [], pieces = 1, level = 6 } = {}) {
  const data = deflateSync(rawData(kind), { level })
  const size = Math.ceil(data.length / pieces)
  const idat = Array.from({ length: pieces }, (_, i) => chunk('IDAT', data.subarray(i * size, (i + 1) * size)))
  if (pieces > 1) idat.splice(1, 0, chunk('IDAT'))
  return Buffer.concat([SIGNATURE, header(kind), ...before, ...idat, ...after, chunk('IEND')])
}

/** A palette of `count` colours. */
export function palette(count) {
  return chunk('PLTE', Buffer.from(Array.from({ length: count * 3 }, (_, i) => (i * 37 + 11) & 255)))
}
