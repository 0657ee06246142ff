/*
 * hostile.test.js - image files of every kind decode as sharp decodes them; hostile ones get a code
 * within 50 ms and 16 MB, and leave nothing behind
 */
import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { crc32, deflateSync } from 'node:zlib'

import sharp from 'sharp'

import { Engine } from '../../wasm/js/engine.js'
import { madePixels } from './pictures.js'
import { SIGNATURE, chunk, header, palette, png } from './png_kinds.js'

const MS_MAX = 50
const BYTES_MAX = 16 * 2 ** 20
const fixtures = new URL('../fixtures/images/', import.meta.url)
const jpeg = readFileSync(new URL('baseline_444.jpg', fixtures))
const progressive = readFileSync(new URL('progressive_444.jpg', fixtures))

/** Where a marker stands. */
function marker(file, code) {
  const at = file.indexOf(Buffer.from([0xff, code]))
  assert.ok(at > 0, `expected marker ${code.toString(16)}`)
  return at
}

function replaced(file, at, bytes) {
  const out = Buffer.from(file)
  out.set(bytes, at)
  return out
}

/** A segment behind the start of a JPEG. */
function withSegment(file, code, data) {
  const head = Buffer.from([0xff, code, (data.length + 2) >> 8, (data.length + 2) & 255])
  return Buffer.concat([file.subarray(0, 2), head, data, file.subarray(2)])
}

/** An EXIF block of one orientation entry; the next directory is `next`. */
function exif(orientation, { entries = 1, next = 0, directory = 8 } = {}) {
  const out = Buffer.alloc(26)
  out.write('MM\0\x2a', 'latin1')
  out.writeUInt32BE(directory, 4)
  out.writeUInt16BE(entries, 8)
  out.writeUInt16BE(0x112, 10)
  out.writeUInt16BE(3, 12)
  out.writeUInt32BE(1, 14)
  out.writeUInt16BE(orientation, 18)
  out.writeUInt32BE(next, 22)
  return out
}

const withExif = (block) => withSegment(jpeg, 0xe1, Buffer.concat([Buffer.from('Exif\0\0'), block]))

describe('image files', () => {
  /** @type {Engine} */
  let engine

  before(async () => {
    engine = await Engine.create({ variant: 'simd', threads: 1 })
  })
  after(() => engine?.dispose())
  afterEach(() => assert.equal(engine.memory.bytes, 0, 'nothing is left behind'))

  function decode(file) {
    const picture = engine.decode(file)
    const { width, height, channels } = picture
    const pixels = engine.pixels(picture)
    engine.disposeImage(picture)
    return { width, height, channels, pixels }
  }

  /** The largest difference to what sharp reads, alpha included; profiles are ignored, as here. */
  async function differenceToSharp(file) {
    const own = decode(file)
    const reader = sharp(file, { ignoreIcc: true }).autoOrient().toColourspace('srgb')
    const { data, info } = await (own.channels === 4 ? reader.ensureAlpha() : reader.removeAlpha()).raw().toBuffer({ resolveWithObject: true })
    assert.deepEqual([own.width, own.height], [info.width, info.height])
    assert.equal(data.length, info.width * info.height * info.channels)
    let max = 0
    for (let i = 0; i < own.width * own.height; i++) {
      for (let c = 0; c < own.channels; c++) {
        /* sharp keeps grey as one channel */
        const k = info.channels >= 3 ? i * info.channels + c : i * info.channels + (c === 3 ? info.channels - 1 : 0)
        max = Math.max(max, Math.abs(own.pixels[i * own.channels + c] - data[k]))
      }
    }
    return max
  }

  /** A hostile file: refused with this code, at once (in time of the processor), with little memory. */
  function refused(file, code, message, using = engine) {
    let best = Infinity
    for (let i = 0; i < 5 && best > MS_MAX; i++) {
      using.resetPeak()
      const before = using.memory.peakBytes
      const start = process.cpuUsage()
      assert.throws(() => using.decode(file), (error) => {
        assert.equal(error.code, code, error.message)
        assert.match(error.message, message)
        return true
      })
      const { user, system } = process.cpuUsage(start)
      best = Math.min(best, (user + system) / 1000)
      const taken = using.memory.peakBytes - before
      assert.ok(taken <= BYTES_MAX, `${taken} bytes`)
    }
    assert.ok(best <= MS_MAX, `${best} ms`)
  }

  describe('decode as sharp does, within 1/255', () => {
    const depths = { 0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16] }
    for (const [colour, list] of Object.entries(depths).map(([name, list]) => [Number(name), list])) {
      for (const depth of list) {
        for (const interlaced of [false, true]) {
          it(`PNG of colour type ${colour}, ${depth} bits${interlaced ? ', interlaced' : ''}, in odd sizes, plain and transparent`, async () => {
            const colours = 2 ** Math.min(depth, 8)
            const tables = colour === 3 ? [palette(colours)] : []
            const clear = { 0: Buffer.from([0, 1]), 2: Buffer.from([0, 0, 0, 50, 0, 100]), 3: Buffer.from([0, 128].slice(0, colours)) }[colour]
            for (const [width, height] of [[1, 1], [3, 2], [8, 8], [9, 5], [33, 37]]) {
              const kind = { width, height, depth, colour, interlaced }
              assert.ok((await differenceToSharp(png(kind, { before: tables }))) <= 1, `${width}x${height}`)
              if (clear) assert.ok((await differenceToSharp(png(kind, { before: [...tables, chunk('tRNS', clear)] }))) <= 1, `${width}x${height}, transparent`)
            }
          })
        }
      }
    }

    for (const [name, file] of [
      ...[0, 1, 2, 3, 4].map((filter) => [`filter ${filter} in every row`, png({ width: 40, height: 31, filter })]),
      ...[0, 1, 6, 9].map((level) => [`zlib level ${level}`, png({ width: 64, height: 64 }, { level })]),
      ['its data in seven chunks, one of them empty', png({ width: 40, height: 31 }, { pieces: 7 })],
      ['chunks that are not needed', png({ width: 20, height: 9 }, { before: [chunk('gAMA', Buffer.from([0, 0, 0xb1, 0x8f])), chunk('bKGD', Buffer.from([0, 1, 0, 2, 0, 3])), chunk('pHYs', Buffer.alloc(9)), chunk('tEXt', Buffer.from('Title\0x'))], after: [chunk('tIME', Buffer.from([7, 208, 1, 1, 1, 1, 1]))] })],
      ['a suggested palette', png({ width: 20, height: 9 }, { before: [palette(9)] })],
      ['a palette of one colour', png({ width: 5, height: 5, depth: 1, colour: 3 }, { before: [palette(2)] })]
    ]) {
      it(`PNG with ${name}`, async () => assert.ok((await differenceToSharp(file)) <= 1))
    }

    const photo = () => sharp(Buffer.from(madePixels(123, 77)), { raw: { width: 123, height: 77, channels: 3 } }).blur(2)
    for (const [name, make] of [
      ['baseline, 4:4:4', () => photo().jpeg({ quality: 90, chromaSubsampling: '4:4:4' })],
      ['progressive, 4:4:4', () => photo().jpeg({ quality: 90, chromaSubsampling: '4:4:4', progressive: true })],
      ['grey', () => photo().greyscale().jpeg({ quality: 85 })],
      ['with a colour profile, which is ignored', () => photo().withIccProfile('p3').jpeg({ quality: 92, chromaSubsampling: '4:4:4' })],
      ['of low quality', () => photo().jpeg({ quality: 30, chromaSubsampling: '4:4:4' })],
      ...[1, 2, 3, 4, 5, 6, 7, 8].map((orientation) => [`of orientation ${orientation}`, () => photo().jpeg({ quality: 90, chromaSubsampling: '4:4:4' }).withMetadata({ orientation })])
    ]) {
      it(`JPEG ${name}`, async () => {
        const max = await differenceToSharp(await make().toBuffer())
        assert.ok(max <= 1, `the largest difference is ${max}`)
      })
    }
  })

  /* Colours at half the resolution are interpolated, and libjpeg rounds every second tie down: a colour
   * component one apart is up to two apart in red or blue. */
  describe('decode as sharp does, within 2/255 where colours are stored at half the resolution', () => {
    for (const progressive of [false, true]) {
      it(`JPEG 4:2:0${progressive ? ', progressive' : ''}`, async () => {
        const file = await sharp(Buffer.from(madePixels(123, 77)), { raw: { width: 123, height: 77, channels: 3 } }).jpeg({ quality: 90, progressive }).toBuffer()
        const max = await differenceToSharp(file)
        assert.ok(max <= 2, `the largest difference is ${max}`)
      })
    }
  })

  describe('that are hostile are refused at once, with a code', () => {
    const small = Buffer.from('\0\0\0', 'latin1')
    const claim = (width, height, depth = 8, colour = 2) => Buffer.concat([SIGNATURE, header({ width, height, depth, colour }), chunk('IDAT', deflateSync(Buffer.alloc(200_000))), chunk('IEND')])
    const scan = () => {
      const at = marker(progressive, 0xda)
      const next = marker(progressive.subarray(at + 2), 0xc4) + 2
      return { before: progressive.subarray(0, at), scan: progressive.subarray(at, at + next), after: progressive.subarray(at + next) }
    }
    const cases = [
      ['a PNG of 64250x64250 in a few bytes', 'LIMIT', /got 64250x64250/, () => claim(64250, 64250)],
      ['a JPEG of 64250x64250 in a few bytes', 'LIMIT', /got 64250x64250/, () => replaced(jpeg, marker(jpeg, 0xc0) + 5, [0xfa, 0xfa, 0xfa, 0xfa])],
      ['a PNG of 10000x10000 that its bytes cannot hold', 'IMAGE', /cannot hold 10000x10000/, () => claim(10000, 10000)],
      ['a JPEG of 9000x9000 that its bytes cannot hold', 'IMAGE', /cannot hold 9000x9000/, () => replaced(jpeg, marker(jpeg, 0xc0) + 5, [0x23, 0x28, 0x23, 0x28])],
      ['80,000 scans', 'IMAGE', /at most 100 scans/, () => {
        const parts = scan()
        return Buffer.concat([parts.before, ...Array(80_000).fill(parts.scan), parts.after])
      }],
      ['a PNG without width', 'IMAGE', /got 0x4/, () => claim(0, 4)],
      ['a PNG without height', 'IMAGE', /got 4x0/, () => claim(4, 0)],
      ['a PNG of 2147483647x2147483647', 'LIMIT', /px a side/, () => claim(0x7fffffff, 0x7fffffff, 16, 6)],
      ['a JPEG without height', 'IMAGE', /got 45x0/, () => replaced(jpeg, marker(jpeg, 0xc0) + 5, [0, 0])],
      ['CMYK', 'IMAGE', /CMYK/, () => readFileSync(new URL('cmyk.jpg', fixtures))],
      ['a chunk longer than the file', 'IMAGE', /cut off/, () => Buffer.concat([SIGNATURE, header({ width: 4, height: 4 }), Buffer.from([0x7f, 0xff, 0xff, 0xff]), Buffer.from('IDAT')])],
      ['an unknown critical chunk', 'IMAGE', /unknown/, () => png({ width: 4, height: 4 }, { before: [chunk('NEWS', small)] })],
      ['a wrong checksum', 'IMAGE', /wrong checksum/, () => replaced(png({ width: 4, height: 4 }), 29, [1, 2, 3, 4])],
      ['a bomb behind the last row', 'IMAGE', /does not decompress/, () => Buffer.concat([SIGNATURE, header({ width: 4, height: 4 }), chunk('IDAT', deflateSync(Buffer.alloc(40_000_000))), chunk('IEND')])],
      ['a palette picture without palette', 'IMAGE', /no palette/, () => png({ width: 4, height: 4, colour: 3 })],
      ['nothing', 'IMAGE', /0 bytes/, () => Buffer.alloc(0)],
      ['100,000 empty chunks and no data', 'IMAGE', /no pixel data/, () => Buffer.concat([SIGNATURE, header({ width: 4, height: 4 }), ...Array(100_000).fill(chunk('tEXt')), chunk('IEND')])],
      ['a megabyte of 0xff', 'IMAGE', /no frame header|cut off/, () => Buffer.concat([Buffer.from([0xff, 0xd8]), Buffer.alloc(1e6, 0xff)])]
    ]
    for (const [name, code, message, make] of cases) it(name, () => refused(make(), code, message))

    it('a flat PNG of 14000x14000: too many pixels, and with more allowed, too much memory', async () => {
      /* 1032 to 1 is the densest that deflate can: 588 MB of zeros in 571 kB */
      const rows = deflateSync(Buffer.alloc(14000 * (14000 * 3 + 1) / 100))
      const flat = Buffer.concat([SIGNATURE, header({ width: 14000, height: 14000 }), chunk('IDAT', Buffer.concat([rows, Buffer.alloc(600_000)])), chunk('IEND')])
      refused(flat, 'LIMIT', /at most 100000000 pixels, got 14000x14000/)
      const other = await Engine.create({ variant: 'simd', threads: 1, maxPixels: 200_000_000, memoryMbytes: 256 })
      try {
        refused(flat, 'MEMORY', /limit of 256 MB/, other)
      } finally {
        other.dispose()
      }
    })

    it('every cut of a small file', () => {
      let cuts = 0
      for (const file of [jpeg, progressive, png({ width: 9, height: 7, interlaced: true }), png({ width: 9, height: 7, depth: 4, colour: 3 }, { before: [palette(16)] })]) {
        for (let bytes = 0; bytes < file.length; bytes++, cuts++) {
          assert.throws(() => engine.decode(file.subarray(0, bytes)), { code: 'IMAGE' }, `${bytes} of ${file.length} bytes`)
        }
      }
      assert.ok(cuts > 1500, `${cuts} cuts`)
    })
  })

  describe('with odd EXIF blocks are read all the same', () => {
    for (const [name, block, turned] of [
      ['a directory that is its own next', exif(6, { next: 8 }), true],
      ['more entries than there is room for', exif(6, { entries: 0xffff }), true],
      ['a directory outside', exif(6, { directory: 0xfffffff0 }), false],
      ['a directory at the very end', exif(6, { directory: 25 }), false],
      ['orientation 9', exif(9), false],
      ['orientation 0', exif(0), false],
      ['eight bytes', exif(6).subarray(0, 8), false],
      ['nothing', Buffer.alloc(0), false]
    ]) {
      it(name, () => {
        const { width, height } = decode(withExif(block))
        assert.deepEqual([width, height], turned ? [35, 45] : [45, 35])
      })
    }
  })

  it('every fixture is one of these: decoded as sharp does, or refused', async () => {
    const names = readdirSync(fixtures).filter((name) => /\.(jpg|png)$/.test(name))
    assert.ok(names.length >= 10)
    for (const name of names) {
      const file = readFileSync(new URL(name, fixtures))
      if (name === 'cmyk.jpg') refused(file, 'IMAGE', /CMYK/)
      else assert.ok((await differenceToSharp(file)) <= (/_42\d/.test(name) ? 2 : 1), name)
    }
    assert.equal(crc32(Buffer.from('123456789')), 0xcbf43926, 'the checksum that the files above were made with')
  })
})
