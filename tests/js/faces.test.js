/* faces.test.js - faces through the engine, the converter and the command line: found, painted, changed */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'

import { Engine } from '../../wasm/js/engine.js'
import { readPackagedModel } from '../../wasm/js/files.js'
import { createConverter } from '../../wasm/js/index.js'
import { CLASSES, CLASS_PALETTE } from '../../wasm/js/layout.js'
import { faceEntries, readManifest } from '../../wasm/js/models.js'
import { createFolder, run } from './command.js'
import { difference, photoPath } from './pictures.js'

const entries = faceEntries(await readManifest(readPackagedModel))
const PHOTO = photoPath(2)
const WIDTH = 320

describe('faces', () => {
  /** @type {import('../../wasm/js/client.js').Converter} */
  let converter
  let plain

  before(async () => {
    assert.ok(entries?.portrait, 'expected the face networks in models/manifest.json')
    converter = await createConverter({ threads: 2, precision: 'f32' })
    plain = await converter.convert(PHOTO, { width: WIDTH, output: 'imagedata' })
  })
  after(() => converter.dispose())

  const painted = async (options) => (await converter.convert(PHOTO, { width: WIDTH, output: 'imagedata', ...options })).image.data

  /** Mean difference to the defaults' picture within one face's box, and of all else farther than a face away. */
  function changes(pixels) {
    const { image, faces } = plain
    const sums = { near: 0, far: 0 }
    const counts = { near: 0, far: 0 }
    const boxes = faces.filter((face) => face.used).map(({ box: [l, t, r, b] }) => [l - (r - l), t - (b - t), r + (r - l), b + 1.5 * (b - t)])
    for (let y = 0; y < image.height; y++) {
      for (let x = 0; x < image.width; x++) {
        const where = boxes.some(([l, t, r, b]) => x > l && x < r && y > t && y < b) ? 'near' : 'far'
        counts[where]++
        for (let c = 0; c < 3; c++) sums[where] += Math.abs(pixels[4 * (y * image.width + x) + c] - image.data[4 * (y * image.width + x) + c])
      }
    }
    return { near: sums.near / counts.near, far: counts.far ? sums.far / counts.far : 0 }
  }

  it('are told of with box, score, points, place and classes', () => {
    const used = plain.faces.filter((face) => face.used)
    assert.ok(used.length >= 1, `${plain.faces.length} faces`)
    assert.deepEqual(plain.warnings, [])
    for (const { box, landmarks, photoFromCrop, classPx } of used) {
      assert.equal(Object.values(classPx).reduce((sum, pixels) => sum + pixels, 0), 512 * 512)
      assert.ok(Object.keys(classPx).every((name) => CLASSES.includes(name)) && classPx.skin > 8000)
      const [xx, xy, x0, yx, yy, y0] = photoFromCrop
      const [x, y] = [xx * 256 + xy * 300 + x0, yx * 256 + yy * 300 + y0] /* the middle of the face */
      assert.ok(x > box[0] && x < box[2] && y > box[1] && y < box[3])
      assert.equal(landmarks.length, 5)
    }
  })

  it('change with each of their options, and only they do', async () => {
    for (const faces of [{ strength: 0 }, { character: 1 }]) {
      const { near, far } = changes(await painted({ faces }))
      assert.ok(near > 0.005 && far < 0.01, `${JSON.stringify(faces)}: ${near} near faces, ${far} elsewhere`)
    }
  })

  it('take other colours, and say so in those colours', async () => {
    const reddened = await painted({ hairColor: '#e01010' })
    let [red, count] = [0, 0]
    for (let i = 0; i < reddened.length; i += 4) {
      if (difference(reddened.slice(i, i + 3), plain.image.data.slice(i, i + 3)).max < 40) continue
      red += reddened[i] - (reddened[i + 1] + reddened[i + 2]) / 2
      count++
    }
    assert.ok(count > 100 && red / count > 40, `${count} pixels changed much, ${red / count} redder`)
  })

  it('are left with a warning where there are more than were asked for', async () => {
    const group = photoPath(1)
    const all = await converter.faces(group)
    assert.ok(all.faces.filter((face) => face.used).length > 1, `${all.faces.length} faces`)
    const one = await converter.faces(group, { maxFaces: 1 })
    assert.equal(one.faces.length, all.faces.length)
    assert.equal(one.faces.filter((face) => face.used).length, 1)
    assert.match(one.warnings[0], /^expected at most 1 faces, found \d+ more/)
  })

  it('are bounded in a picture with 300 of them', async () => {
    const { image, width } = await converter.encode(PHOTO, { output: 'imagedata' })
    const { box: [l, t, r, b] } = (await converter.faces(PHOTO)).faces.find((face) => face.used)
    const [left, top, side] = [Math.max(0, Math.round(l - 0.3 * (r - l))), Math.max(0, Math.round(t - 0.2 * (b - t))), Math.round(1.4 * (b - t))]
    const [columns, rows] = [20, 15]
    const data = new Uint8Array(columns * side * rows * side * 4)
    for (let y = 0; y < rows * side; y++) {
      for (let c = 0; c < columns; c++) {
        const from = 4 * ((top + (y % side)) * width + left)
        data.set(image.data.subarray(from, from + 4 * side), 4 * (y * columns * side + c * side))
      }
    }
    const found = await converter.faces({ data, width: columns * side, height: rows * side }, { maxFaces: 3, transfer: true })
    assert.ok(found.faces.length > 100, `${found.faces.length} faces found`)
    assert.equal(found.faces.filter((face) => face.used).length, 3)
    assert.match(found.warnings[0], /^expected at most 3 faces, found \d+ more/)
  })

  it('are bounded at 8 px and in 4096x4096', async () => {
    const { image } = await converter.encode(PHOTO, { width: 80, output: 'imagedata' }) /* faces of about 8 px */
    const tiny = await converter.convert({ data: image.data, width: image.width, height: image.height }, { faces: { minPx: 8 }, output: 'imagedata' })
    assert.deepEqual([tiny.image.width, tiny.image.height], [image.width, image.height])
    const side = 4096
    const data = new Uint8Array(side * side * 4).fill(128)
    const photo = await converter.encode(PHOTO, { width: 2 * side / 3 | 0, output: 'imagedata' })
    for (let y = 0; y < Math.min(side, photo.height); y++) data.set(photo.image.data.subarray(4 * y * photo.width, 4 * (y + 1) * photo.width), 4 * y * side)
    const engine = await Engine.create({ threads: 2 })
    try {
      const [detector, parser] = [entries.detector, entries.parser].map((entry) => engine.loadModel(readFileSync(`models/${entry.file}`)))
      const picture = engine.createImage(data, side, side, 4)
      engine.resetPeak()
      const steps = engine.faceSteps(picture, { faceModels: { detector, parser } })
      let step = steps.next()
      while (!step.done) step = steps.next()
      assert.ok(step.value.faces.some((face) => face.used), `${step.value.faces.length} faces found`)
      assert.ok(engine.memory.peakBytes < 2 ** 28, `${engine.memory.peakBytes} bytes`)
    } finally {
      engine.dispose()
    }
  })

  it('are found with their classes, without being painted', async () => {
    const found = await converter.faces(PHOTO, { classes: true })
    assert.ok(found.width > 0 && found.timings.faces > 0)
    for (const { used, classes, classPx } of found.faces) {
      assert.equal(classes !== undefined, used)
      if (used) assert.equal(classes.filter((c) => c === CLASSES.indexOf('skin')).length, classPx.skin)
    }
    await assert.rejects(converter.faces(PHOTO, { classes: 'yes' }), { code: 'ARGUMENT' })
    await assert.rejects(converter.faces(PHOTO, { maxFaces: 0 }), { code: 'ARGUMENT', message: /for faces.maxFaces, got 0/ })
    const controller = new AbortController()
    controller.abort()
    await assert.rejects(converter.faces(PHOTO, { signal: controller.signal }), { name: 'AbortError' })
  })

  it('are written by the command line, with a palette PNG for each', async () => {
    const place = createFolder()
    try {
      const { code, stdout, stderr } = await run(['faces', PHOTO, '--json', '--masks', place.at('masks')])
      assert.equal(code, 0, stderr)
      const line = JSON.parse(stdout)
      assert.deepEqual(Object.keys(line), ['input', 'width', 'height', 'faces', 'warnings', 'timings'])
      const face = line.faces.find((each) => each.used)
      const file = readFileSync(face.mask)
      assert.deepEqual([file.readUInt32BE(16), file.readUInt32BE(20), file[24], file[25]], [512, 512, 8, 3])
      const engine = await Engine.create({ threads: 1 })
      const picture = engine.decode(file)
      const pixels = engine.pixels(picture)
      engine.dispose()
      const [r, g, b] = CLASS_PALETTE[CLASSES.indexOf('skin')]
      let skin = 0
      for (let i = 0; i < pixels.length; i += 3) skin += pixels[i] === r && pixels[i + 1] === g && pixels[i + 2] === b
      assert.equal(skin, face.classPx.skin)
      assert.match((await run(['faces', PHOTO])).stdout.toString(), /^\d faces?\n1: \d+,\d+ \d+x\d+ px, score [01]\.\d\d/)
    } finally {
      place.remove()
    }
  })

  for (const [args, message] of [
    [['faces'], /expected one INPUT for faces, got 0/],
    [['faces', PHOTO, '--max-faces', '0'], /expected a whole number from 1 to 1024 for --max-faces, got "0"/],
    [['convert', PHOTO, '-o', '-', '--character', '2'], /expected a number from 0 to 1 for --character, got "2"/],
    [['convert', PHOTO, '-o', '-', '--hair-color', 'red'], /expected a colour like 1f6feb for --hair-color, got "red"/],
    [['convert', PHOTO, '-o', '-', '--no-faces', '--character', '1'], /expected faces to be painted for --character, got --no-faces/]
  ]) {
    it(`refuses "${args.filter((word) => word !== PHOTO).join(' ')}" with exit code 2`, async () => {
      const { code, stderr } = await run(args)
      assert.equal(code, 2)
      assert.match(stderr, message)
    })
  }
})
