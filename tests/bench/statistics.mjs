/*
 * statistics.mjs - `npm run bench:statistics -- FILE.onnx`: an imported network's frozen statistics against its exact ones
 *
 * Over the demo photos of the npm package @vladmandic/face-api: differences of 255, time as a ratio inside the run, memory, and
 * how much the difference changes from one row to the next, where bands meet and inside them.
 */
import { readFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'

import { importOnnx } from '../../wasm/import/import.js'
import { Engine } from '../../wasm/js/engine.js'
import { root } from '../../wasm/toolchain/folders.mjs'
import { difference, rowSteps } from '../js/pictures.js'

const { values, positionals } = parseArgs({ allowPositionals: true, options: {
  widths: { type: 'string', default: '1024,2048' },
  photos: { type: 'string', default: '1,2,5,6' },
  limits: { type: 'string', default: '0' }, /* MB for the frozen run; 0: none */
  threads: { type: 'string', default: '2' },
  variant: { type: 'string', default: 'relaxed' }
} })
const numbers = (text) => text.split(',').map(Number)
const [file] = positionals
if (positionals.length !== 1) throw new Error(`expected one ONNX file with norms over the whole picture, got ${positionals.length} arguments`)

const threads = Number(values.threads)
const network = (await importOnnx(new Uint8Array(readFileSync(file)), { name: path.basename(file, '.onnx'), source: path.basename(file) })).file

/** One picture, by an engine of its own: its memory is what this run took. */
async function paint(photo, widthPx, statistics, memoryMbytes) {
  const engine = await Engine.create({ threads, variant: values.variant, ...(memoryMbytes && { memoryMbytes }) })
  try {
    const model = engine.loadModel(network)
    const image = engine.decode(photo)
    const start = performance.now()
    const { picture, result } = engine.convert(model, image, { widthPx, statistics })
    const seconds = (performance.now() - start) / 1000
    const { width, height, channels } = picture
    return { pixels: engine.pixels(picture).slice(), row: width * channels, width, height, seconds, peakBytes: result.peakBytes, bandRows: result.bandRowsPx }
  } finally {
    engine.dispose()
  }
}

const mb = (bytes) => (bytes / 1048576).toFixed(0)
console.log(`${path.basename(file)}, ${os.cpus()[0].model.replace(/\s+/g, ' ')}, ${threads} threads, ${values.variant}, Node ${process.versions.node}`)
console.log('\n| photo | size | limit, MB | mean | largest | row to row: where bands meet | inside | time over exact\'s | memory: exact | frozen |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |')
for (const widthPx of numbers(values.widths)) {
  for (const photo of numbers(values.photos)) {
    const bytes = new Uint8Array(readFileSync(path.join(root, `node_modules/@vladmandic/face-api/demo/sample${photo}.jpg`)))
    const exact = await paint(bytes, widthPx, 'exact', 0)
    for (const limit of numbers(values.limits)) {
      const frozen = await paint(bytes, widthPx, 'frozen', limit)
      const { mean, max } = difference(frozen.pixels, exact.pixels)
      const { border, inside } = rowSteps(frozen.pixels, exact.pixels, exact.row, frozen.bandRows)
      console.log(`| ${photo} | ${exact.width}x${exact.height} | ${limit || 'none'} | ${mean.toFixed(3)} | ${max} | ${border.toFixed(3)} | ${inside.toFixed(3)} | ${(frozen.seconds / exact.seconds).toFixed(2)} | ${mb(exact.peakBytes)} | ${mb(frozen.peakBytes)} |`)
    }
  }
}
