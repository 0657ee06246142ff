/* cli.test.js - the command line as a person or a script meets it, in processes of their own */
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'

import { Engine } from '../../wasm/js/engine.js'
import { COMMAND, createFolder, run } from './command.js'
import { defaultStyle, difference, madePixels, photoPath } from './pictures.js'

const style = await defaultStyle()
const version = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version

/** The graph of a model file, changed. */
function withGraph(file, change) {
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true))
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length)))
  const graph = JSON.parse(header.__metadata__.graph)
  change(graph)
  header.__metadata__.graph = JSON.stringify(graph)
  let text = JSON.stringify(header)
  text += ' '.repeat((8 - (Buffer.byteLength(text) % 8)) % 8)
  const out = Buffer.concat([Buffer.alloc(8), Buffer.from(text), file.subarray(8 + length)])
  out.writeBigUInt64LE(BigInt(Buffer.byteLength(text)))
  return out
}

describe('command line', () => {
  /** @type {Engine} */
  let engine
  let place

  before(async () => {
    engine = await Engine.create({ variant: 'simd', threads: 1 })
  })
  after(() => engine.dispose())
  beforeEach(() => {
    place = createFolder()
    writePicture('photo.png', 60, 40)
  })
  afterEach(() => place.remove())

  function writePicture(name, width, height, channels = 3, format = 'png') {
    const picture = engine.createImage(madePixels(width, height, channels), width, height, channels)
    writeFileSync(place.at(name), engine.encode(picture, { format }))
    engine.disposeImage(picture)
  }

  /** Size and pixels of a file that the command has written. */
  function readPicture(file) {
    const picture = engine.decode(typeof file === 'string' ? readFileSync(place.at(file)) : file)
    const pixels = engine.pixels(picture)
    engine.disposeImage(picture)
    return { width: picture.width, height: picture.height, channels: picture.channels, pixels }
  }

  const convert = (...args) => run(['convert', ...args])

  /** The command must fail so, say why, and leave no other file than those that were there. */
  async function fails(args, code, message, options) {
    const before = place.files()
    const done = await run(args, options)
    assert.equal(done.code, code, done.stderr)
    assert.match(done.stderr, message)
    assert.doesNotMatch(done.stderr, /\n\s+at /, 'a stack trace')
    assert.deepEqual(place.files(), before)
    return done
  }

  describe('words', () => {
    it('prints help and version', async () => {
      const help = await run(['--help'])
      assert.equal(help.code, 0)
      for (const word of ['convert', 'models', 'serve', '--style', '--width', '--threads', '--variant', '--model', '--format', '--quality', '--json', '--quiet']) {
        assert.ok(help.stdout.includes(word), word)
      }
      assert.equal((await run(['--version'])).stdout.toString(), `${version}\n`)
    })

    it('lists the models with size and licence', async () => {
      const text = (await run(['models'])).stdout.toString()
      const json = JSON.parse((await run(['models', '--json'])).stdout.toString())
      assert.ok(json.length > 0)
      for (const entry of json) {
        assert.ok(text.includes(entry.name) && text.includes(entry.license), entry.name)
        assert.ok(text.includes(`${(entry.bytes / 1e6).toFixed(1)} MB`), entry.name)
        assert.match(entry.commercial_use, /^(yes|no)$/)
      }
    })

    for (const [args, message] of [
      [[], /expected a command/],
      [['paint'], /expected a command .*, got "paint"/],
      [['convert'], /expected at least one INPUT/],
      [['convert', 'a.jpg'], /expected -o FILE, DIR or -/],
      [['convert', 'a.jpg', '-o', 'b.png', '--quality', '0'], /expected a whole number from 1 to 100 for --quality, got "0"/],
      [['convert', 'a.jpg', '-o', 'b.png', '--width', 'wide'], /expected original or a whole number from 1 to 65535 for --width, got "wide"/],
      [['convert', 'a.jpg', '-o', 'b.png', '--threads', '17'], /expected auto or a whole number from 1 to 16 for --threads, got "17"/],
      [['convert', 'a.jpg', '-o', 'b.png', '--variant', 'mmx'], /for --variant, got "mmx"/],
      [['convert', 'a.jpg', '-o', 'b.png', '--format', 'gif'], /for --format, got "gif"/],
      [['convert', 'a.jpg', '-o', 'b.png', '--style', 'nosuch'], /expected one of .*miyazaki.* for --style, got "nosuch"/],
      [['convert', 'a.jpg', '-o', 'b.png', '--style', 'miyazaki', '--model', 'x'], /--style or --model, got both/],
      [['convert', 'a.jpg', '-o', 'b.png', '--format', 'jpeg'], /expected a name for jpeg after -o/],
      [['convert', 'a.jpg', '-o', 'a.jpg'], /expected an output other than the input/],
      [['convert', '-', '-', '-o', 'x/'], /stdin\) once, got it twice/],
      [['convert', 'a.jpg', 'b.jpg', '-o', '-'], /expected one input for -o -, got several/],
      [['convert', 'a.jpg', '--nosuch'], /nosuch/],
      [['models', 'x'], /expected no words after models/]
    ]) {
      it(`refuses "${args.join(' ')}" with exit code 2`, () => fails(args, 2, message))
    }
  })

  describe('convert', () => {
    it('writes a PNG of the photo\'s size, painted, and says so', async () => {
      const done = await convert(place.at('photo.png'), '-o', place.at('anime.png'))
      assert.equal(done.code, 0, done.stderr)
      assert.equal(done.stdout.length, 0)
      assert.match(done.stderr, /photo\.png -> .*anime\.png {2}60x40/)
      const made = readPicture('anime.png')
      assert.deepEqual([made.width, made.height], [60, 40])
      assert.ok(difference(made.pixels, madePixels(60, 40)).mean > 2)
      assert.deepEqual(place.files(), ['anime.png', 'photo.png'])
    })

    it('paints a real photo, in the wanted width, as a JPEG by its name', async () => {
      const done = await convert(photoPath(2), '-o', place.at('anime.jpg'), '--width', '256', '--quality', '80', '--quiet')
      assert.equal(done.code, 0, done.stderr)
      assert.equal(done.stderr, '')
      assert.deepEqual([...readFileSync(place.at('anime.jpg')).subarray(0, 3)], [0xff, 0xd8, 0xff])
      const photo = engine.probe(readFileSync(photoPath(2)))
      const made = readPicture('anime.jpg')
      assert.equal(made.width, 256)
      assert.ok(Math.abs(made.height - (256 * photo.height) / photo.width) <= 1)
    })

    it('gives one JSON object for each input, with every field', async () => {
      writePicture('second.jpg', 33, 21, 3, 'jpeg')
      mkdirSync(place.at('out'))
      const done = await convert(place.at('photo.png'), place.at('second.jpg'), '-o', place.at('out'), '--json', '--threads', '1', '--variant', 'simd', '--precision', 'f32')
      assert.equal(done.code, 0, done.stderr)
      const lines = done.stdout.toString().trimEnd().split('\n').map((line) => JSON.parse(line))
      assert.deepEqual(lines.map((line) => [line.input, line.output, line.width, line.height]), [
        [place.at('photo.png'), place.at('out', 'photo.png'), 60, 40],
        [place.at('second.jpg'), place.at('out', 'second.png'), 33, 21]
      ])
      for (const line of lines) {
        assert.deepEqual(Object.keys(line), ['input', 'output', 'width', 'height', 'faces', 'warnings', 'timings', 'peak_bytes', 'statistics', 'backend'])
        assert.deepEqual(Object.keys(line.timings), ['decode', 'scene', 'faces', 'blend', 'encode', 'total'])
        for (const [name, ms] of Object.entries(line.timings)) assert.ok(ms >= 0 && ms < 60_000, name)
        assert.ok(line.timings.total >= line.timings.scene && line.timings.scene > 0)
        assert.ok(Array.isArray(line.faces))
        assert.ok(line.peak_bytes > line.width * line.height * 3)
        assert.deepEqual(line.backend, { variant: 'simd', threads: 1, precision: 'f32' })
      }
      assert.deepEqual(place.files('out'), ['photo.png', 'second.png'])
    })

    it('uses the threads, the variant and the precision that were asked for', async () => {
      const done = await convert(place.at('photo.png'), '-o', place.at('a.png'), '--json', '--threads', '2', '--variant', 'relaxed', '--precision', 'int8')
      assert.deepEqual(JSON.parse(done.stdout).backend, { variant: 'relaxed', threads: 2, precision: 'int8' })
    })

    it('reads stdin and writes stdout', async () => {
      const done = await run(['convert', '-', '-o', '-', '--format', 'jpeg', '--json'], { input: readFileSync(place.at('photo.png')) })
      assert.equal(done.code, 0, done.stderr)
      const made = readPicture(done.stdout)
      assert.deepEqual([made.width, made.height], [60, 40])
      assert.equal(JSON.parse(done.stderr).output, '-')
    })

    it('ends quietly when nobody reads stdout any more', async () => {
      const done = await run([], { program: ['bash', '-c', `"${process.execPath}" "${COMMAND}" convert "${photoPath(1)}" -o - --width 300 | head -c 10 >/dev/null; exit \${PIPESTATUS[0]}`] })
      assert.equal(done.code, 1)
      assert.match(done.stderr, /cannot write to stdout: nobody reads it any more\n$/)
      assert.doesNotMatch(done.stderr, /\n\s+at |node:/)
    })

    it('keeps alpha', async () => {
      writePicture('alpha.png', 30, 20, 4)
      await convert(place.at('alpha.png'), '-o', place.at('out.png'))
      const made = readPicture('out.png')
      assert.equal(made.channels, 4)
      const alpha = (rgba) => rgba.filter((_, i) => i % 4 === 3)
      assert.deepEqual(alpha(made.pixels), alpha(madePixels(30, 20, 4)))
    })

    for (const [width, height] of [[1, 1], [1, 5000], [17, 31]]) {
      it(`paints ${width}x${height}`, async () => {
        writePicture('odd.png', width, height)
        const done = await convert(place.at('odd.png'), '-o', place.at('out.png'))
        assert.equal(done.code, 0, done.stderr)
        const made = readPicture('out.png')
        assert.deepEqual([made.width, made.height], [width, height])
      })
    }

    it('takes a model file of one\'s own', async () => {
      writeFileSync(place.at('own.safetensors'), style.file)
      const done = await convert(place.at('photo.png'), '-o', place.at('own.png'), '--model', place.at('own.safetensors'))
      assert.equal(done.code, 0, done.stderr)
      await convert(place.at('photo.png'), '-o', place.at('style.png'), '--precision', 'f32')
      assert.deepEqual(readPicture('own.png').pixels, readPicture('style.png').pixels)
    })

    it('makes the folder for several inputs and goes on after one that fails', async () => {
      writeFileSync(place.at('bad.jpg'), 'no picture')
      const done = await convert(place.at('bad.jpg'), place.at('photo.png'), '-o', place.at('new', 'deep'), '--json')
      assert.equal(done.code, 1)
      assert.match(done.stderr, /bad\.jpg: /)
      const [bad, good] = done.stdout.toString().trimEnd().split('\n').map((line) => JSON.parse(line))
      assert.equal(bad.error.code, 'IMAGE')
      assert.equal(good.width, 60)
      assert.deepEqual(place.files('new', 'deep'), ['photo.png'])
    })

    it('replaces an output that is there', async () => {
      writeFileSync(place.at('anime.png'), 'old')
      assert.equal((await convert(place.at('photo.png'), '-o', place.at('anime.png'))).code, 0)
      assert.equal(readPicture('anime.png').width, 60)
    })

    it('refuses inputs whose outputs would have one name, before anything is done', async () => {
      mkdirSync(place.at('a'))
      writeFileSync(place.at('a', 'photo.jpg'), readFileSync(place.at('photo.png')))
      await fails(['convert', place.at('photo.png'), place.at('a', 'photo.jpg'), '-o', place.at('out')], 2, /expected outputs with different names/)
      await fails(['convert', place.at('photo.png'), '-o', place.folder], 2, /expected outputs with different names/)
    })
  })

  describe('hostile files', () => {
    for (const [what, write, message] of [
      ['a file that is not there', () => place.at('none.jpg'), /there is no such file/],
      ['a folder', () => place.folder, /it is a folder/],
      ['a path below a file', () => place.at('photo.png', 'x.png'), /not a folder/],
      ['links that go round', () => { symlinkSync('round', place.at('round')); return place.at('round') }, /links go round/],
      ['a file of 0 bytes', () => { writeFileSync(place.at('empty.jpg'), ''); return place.at('empty.jpg') }, /empty\.jpg: .*\S{3}/],
      ['a text', () => { writeFileSync(place.at('text.png'), 'hello, '.repeat(99)); return place.at('text.png') }, /text\.png: .*\S{3}/],
      ['a truncated JPEG header', () => { writeFileSync(place.at('cut.jpg'), readFileSync(photoPath()).subarray(0, 300)); return place.at('cut.jpg') }, /cut\.jpg: .*\S{3}/],
      ['half a PNG', () => { const file = readFileSync(place.at('photo.png')); writeFileSync(place.at('half.png'), file.subarray(0, file.length >> 1)); return place.at('half.png') }, /half\.png: .*\S{3}/],
      ['a PNG with one bit turned', () => { const file = readFileSync(place.at('photo.png')); file[file.length >> 1] ^= 4; writeFileSync(place.at('bit.png'), file); return place.at('bit.png') }, /bit\.png: .*\S{3}/],
      ['a PNG that says 4 billion pixels', () => { const file = readFileSync(place.at('photo.png')); file.writeUInt32BE(65000, 16); file.writeUInt32BE(65000, 20); writeFileSync(place.at('huge.png'), file); return place.at('huge.png') }, /huge\.png: .*(65000|CRC|checksum)/]
    ]) {
      it(`says what is wrong with ${what}`, async () => {
        const input = write()
        await fails(['convert', input, '-o', place.at('out.png')], 1, message)
      })
    }

    it('cannot read what may not be read', async function () {
      const secret = process.getuid?.() === 0 ? '/proc/self/mem' : place.at('photo.png')
      if (process.getuid?.() !== 0) chmodSync(secret, 0)
      await fails(['convert', secret, '-o', place.at('out.png')], 1, /cannot read /)
    })

    it('says what is wrong with half a JPEG', async () => {
      const file = readFileSync(photoPath())
      writeFileSync(place.at('half.jpg'), file.subarray(0, file.length >> 1))
      await fails(['convert', place.at('half.jpg'), '-o', place.at('out.png')], 1, /half\.jpg: .*\S{3}/)
    })

    for (const [what, make] of [
      ['half a model', () => style.file.subarray(0, style.file.length >> 1)],
      ['an empty model', () => new Uint8Array(0)],
      ['a model with one bit of its header turned', () => { const file = style.file.slice(); file[9] ^= 1; return file }],
      ['a model whose header is as long as 2^60', () => { const file = style.file.slice(); file[7] = 16; return file }],
      ['a cyclic model', () => withGraph(style.file, (graph) => { graph.nodes[2].inputs = [graph.nodes.at(-3).output] })],
      ['a model that feeds a node to itself', () => withGraph(style.file, (graph) => { graph.nodes[2].inputs = [graph.nodes[2].output] })],
      ['a model with an unknown operator', () => withGraph(style.file, (graph) => { graph.nodes[1].op = 'conv9d' })],
      ['a photo as a model', () => readFileSync(photoPath())]
    ]) {
      it(`refuses ${what}`, async () => {
        writeFileSync(place.at('bad.safetensors'), make())
        const { stderr } = await fails(['convert', place.at('photo.png'), '-o', place.at('out.png'), '--model', place.at('bad.safetensors')], 1, /photo2anime: .{10}/)
        assert.doesNotMatch(stderr, /wasm instance broke/)
      })
    }

    it('takes a model file whose graph was only written anew', async () => {
      writeFileSync(place.at('same.safetensors'), withGraph(style.file, () => {}))
      assert.equal((await convert(place.at('photo.png'), '-o', place.at('out.png'), '--model', place.at('same.safetensors'))).code, 0)
    })
  })

  describe('outputs that cannot be written', () => {
    it('says so of a read-only folder', async () => {
      /* a folder without write permission binds everybody but root; /sys lets nobody make a file */
      const folder = process.getuid?.() === 0 ? '/sys' : place.at('locked')
      if (folder !== '/sys') mkdirSync(folder, { mode: 0o555 })
      await fails(['convert', place.at('photo.png'), '-o', `${folder}/out.png`], 1, /cannot write .*(permission denied|read-only)/)
    })

    it('says so of a folder that is a file, and of one that is not there', async () => {
      await fails(['convert', place.at('photo.png'), '-o', place.at('photo.png', 'out.png')], 1, /cannot write .*not a folder/)
      await fails(['convert', place.at('photo.png'), '-o', place.at('none', 'out.png')], 1, /cannot write .*no such file or folder/)
    })

    it('leaves nothing behind when the disk is full (EFBIG)', async () => {
      writePicture('large.png', 300, 200)
      await fails([], 1, /cannot write .*larger than is allowed/, {
        program: ['bash', '-c', `ulimit -f 4; exec "${process.execPath}" "${COMMAND}" convert "${place.at('large.png')}" -o "${place.at('out.png')}"`]
      })
    })

    it('says that no space is left (ENOSPC)', () => fails(['convert', place.at('photo.png'), '-o', '/dev/full'], 1, /no space is left/))

    it('leaves the old output as it was when the new one cannot be written', async () => {
      writePicture('large.png', 300, 200)
      writeFileSync(place.at('out.png'), 'old')
      await fails([], 1, /cannot write/, {
        program: ['bash', '-c', `ulimit -f 4; exec "${process.execPath}" "${COMMAND}" convert "${place.at('large.png')}" -o "${place.at('out.png')}"`]
      })
      assert.equal(readFileSync(place.at('out.png'), 'utf8'), 'old')
    })
  })

  it('an interrupt ends it soon and leaves no file, whole or half', async () => {
    writePicture('large.png', 1200, 1200)
    const before = place.files()
    let sent = 0
    const done = await run([], {
      program: ['bash', '-c', `exec "${process.execPath}" --import "data:text/javascript,setTimeout(()=>console.error('ready'),700)" "${COMMAND}" convert "${place.at('large.png')}" "${place.at('photo.png')}" -o "${place.at('out')}" --threads 1 --quiet`],
      heard: (text, child) => {
        if (text.includes('ready')) {
          sent = performance.now()
          child.kill('SIGINT')
        }
      }
    })
    assert.ok(sent > 0, 'the interrupt was sent')
    assert.equal(done.code, 130, done.stderr)
    assert.deepEqual(place.files().filter((name) => name !== 'out'), before)
    assert.deepEqual(place.files('out'), [])
  })

  describe('memory', () => {
    for (const [side, limit] of [[1024, 300], [4096, 1000]]) {
      it(`converts ${side}x${side} within ${limit} MB`, async () => {
        writePicture('big.jpg', side, side, 3, 'jpeg')
        const peak = place.at('peak')
        const report = `data:text/javascript,${encodeURIComponent(`import{writeFileSync}from'node:fs';process.on('exit',()=>writeFileSync(${JSON.stringify(peak)},String(process.resourceUsage().maxRSS)))`)}`
        const done = await run([], { program: [process.execPath, '--import', report, COMMAND, 'convert', place.at('big.jpg'), '-o', place.at('out.png'), '--json'] })
        assert.equal(done.code, 0, done.stderr)
        const { peak_bytes: peakBytes, width, height } = JSON.parse(done.stdout)
        assert.deepEqual([width, height], [side, side])
        const core = peakBytes / 1e6
        const resident = (Number(readFileSync(peak, 'utf8')) * 1024) / 1e6
        console.log(`        ${side}x${side}: peak of the core ${core.toFixed(0)} MB, process ${resident.toFixed(0)} MB`)
        assert.ok(core < limit, `${core} MB in the core`)
        assert.ok(resident < limit, `${resident} MB in the process`)
      })
    }
  })
})
