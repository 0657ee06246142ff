/*
 * faces.mjs - `npm run bench:faces`: one face in 1024x1024, step by step, in Node and in Chromium
 *
 * The photo is a part of a demo photo of the npm package @vladmandic/face-api. Figures are medians.
 * "detector" is its two looks at a picture without a face; "second look" what a face adds to that.
 */
import { readFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'

import { Engine } from '../../wasm/js/engine.js'
import { root } from '../../wasm/toolchain/folders.mjs'
import { openChromium } from './chromium.js'
import { measure } from './faces-runs.js'

const { values } = parseArgs({ options: {
  style: { type: 'string', default: 'anime' },
  runs: { type: 'string', default: '5' },
  side: { type: 'string', default: '1024' },
  threads: { type: 'string', default: '2' },
  variant: { type: 'string', default: 'relaxed' },
  only: { type: 'string' } /* node or chromium */
} })
const PHOTO = '../node_modules/@vladmandic/face-api/demo/sample6.jpg' /* from models/, as all files here */
const SQUARES = { face: [4, 340, 620], none: [4, 4, 240] }

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1]

const manifest = JSON.parse(readFileSync(path.join(root, 'models', 'manifest.json'), 'utf8'))
const entryOf = (name) => {
  const entry = manifest.find((one) => one.name === name)
  if (!entry) throw new Error(`expected a model of models/manifest.json, got ${name}`)
  return entry
}
const style = entryOf(values.style)
const files = { photo: PHOTO, detector: entryOf('detector').file, parser: entryOf('parser').file, f32: style.file, int8: style.int8.file }
const settings = { variant: values.variant, threads: Number(values.threads), side: Number(values.side), runs: Number(values.runs), squares: SQUARES }

function openNode() {
  const read = (file) => new Uint8Array(readFileSync(path.join(root, 'models', file)))
  const all = Object.fromEntries(Object.entries(files).map(([name, file]) => [name, read(file)]))
  return { name: `Node ${process.versions.node}`, run: () => measure(Engine, settings, all), close: async () => {} }
}

const places = [...(values.only === 'chromium' ? [] : [openNode()]), ...(values.only === 'node' ? [] : [await openChromium('faces-worker.js')])]
console.log(`${os.availableParallelism()} cores, ${os.cpus()[0].model.replace(/\s+/g, ' ')}; ${values.variant}, ${values.threads} threads, ${values.style}, ${values.side}x${values.side}; ms, medians of ${values.runs}`)
console.log('\n| where | style | detector | second look | cut out, parse | paint | correct | blend | the face in all | scene |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |')
try {
  for (const { name, run } of places) {
    const { face, none } = await run(settings, files)
    for (const precision of ['f32', 'int8']) {
      const of = (list, pick) => median(list[precision].map(pick))
      const detector = of(none, (r) => r.findMs)
      const again = of(face, (r) => r.findMs) - detector
      const [parse, correct, blend] = ['parseMs', 'correctMs', 'blendMs'].map((key) => of(face, (r) => r[key]))
      const paint = of(face, (r) => r.facesMs - r.findMs - r.parseMs - r.correctMs)
      const whole = of(face, (r) => r.facesMs + r.blendMs) - detector
      console.log(`| ${name} | ${precision} | ${[detector, again, parse, paint, correct, blend, whole, of(face, (r) => r.sceneMs)].map((v) => v.toFixed(0)).join(' | ')} |`)
    }
  }
} finally {
  for (const { close } of places) await close()
}
