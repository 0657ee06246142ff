/*
 * precision.mjs - `npm run bench:int8`: int8 against f32 in Node and in Chromium, and the live tier's frames a second
 *
 * Each row is one run in which the two precisions take turns; figures are medians, the spread is
 * (largest - smallest) / median of the int8 runs. --markdown FILE writes the tables there too.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'

import { Engine } from '../../wasm/js/engine.js'
import { root } from '../../wasm/toolchain/folders.mjs'
import { openChromium } from './chromium.js'
import { compare } from './precision-runs.js'

const { values } = parseArgs({ options: {
  markdown: { type: 'string' },
  style: { type: 'string', default: 'anime' },
  live: { type: 'string', default: 'anime-live' },
  runs: { type: 'string', default: '5' },
  side: { type: 'string', default: '1024' },
  only: { type: 'string' }, /* node or chromium */
  variant: { type: 'string' } /* simd or relaxed */
} })
const RUNS = Number(values.runs)
const SIDE = Number(values.side)
const LIVE = [640, 480]
const VARIANTS = values.variant ? [values.variant] : ['simd', 'relaxed']
const lines = []

function print(line = '') {
  console.log(line)
  lines.push(line)
}

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1]
const spread = (list) => (Math.max(...list) - Math.min(...list)) / median(list)

/** models/weights/NAME.safetensors in both precisions, and what is painted. @param {string} name */
function filesOf(name) {
  const manifest = JSON.parse(readFileSync(path.join(root, 'models', 'manifest.json'), 'utf8'))
  const entry = manifest.find((one) => one.name === name)
  if (!entry?.int8) throw new Error(`expected a style with an int8 file, got ${name}`)
  return { f32: entry.file, int8: entry.int8.file, photo: '../web/sample.jpg' }
}

function openNode() {
  const read = (file) => readFileSync(path.join(root, 'models', file))
  return {
    name: `Node ${process.versions.node}`,
    run: (settings, files) => compare(Engine, settings, { f32: read(files.f32), int8: read(files.int8), photo: read(files.photo) }),
    close: async () => {}
  }
}

const style = filesOf(values.style)
const live = filesOf(values.live)
const places = [...(values.only === 'chromium' ? [] : [openNode()]), ...(values.only === 'node' ? [] : [await openChromium('precision-worker.js')])]
const cpu = os.cpus()[0].model.replace(/\s+/g, ' ')
const version = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')).version
try {
  print(`Machine: ${os.availableParallelism()} cores, ${cpu}; ${places.map(({ name }) => name).join(', ')}; photo2anime ${version}; ${RUNS} runs of each precision in turns.`)
  print()
  print(`| where | variant | threads | ${values.style} ${SIDE}x${SIDE}: f32 ms | int8 ms | int8 is faster by | spread | GMAC/s of f32, int8 | of a bare convolution |`)
  print('| --- | --- | --- | --- | --- | --- | --- | --- | --- |')
  for (const { name, run } of places) {
    for (const variant of VARIANTS) {
      for (const threads of [1, 2]) {
        const { f32, int8 } = await run({ variant, threads, width: SIDE, height: SIDE, runs: RUNS }, style)
        const rate = ({ ms, multiplyAdds }) => (multiplyAdds / median(ms) / 1e6).toFixed(1)
        const bare = ({ bare: value }) => (value / 1e9).toFixed(1)
        print(`| ${name} | ${variant} | ${threads} | ${median(f32.ms).toFixed(0)} | ${median(int8.ms).toFixed(0)} | ${(median(f32.ms) / median(int8.ms)).toFixed(2)} | ${(100 * spread(int8.ms)).toFixed(0)} % | ${rate(f32)}, ${rate(int8)} | ${bare(f32)}, ${bare(int8)} |`)
      }
    }
  }
  print()
  print(`| where | variant | threads | ${values.live} ${LIVE.join('x')}: f32 frames/s | int8 frames/s |`)
  print('| --- | --- | --- | --- | --- |')
  for (const { name, run } of places) {
    for (const variant of VARIANTS) {
      const { f32, int8 } = await run({ variant, threads: 2, width: LIVE[0], height: LIVE[1], runs: 2 * RUNS }, live)
      print(`| ${name} | ${variant} | 2 | ${(1000 / median(f32.ms)).toFixed(1)} | ${(1000 / median(int8.ms)).toFixed(1)} |`)
    }
  }
} finally {
  for (const { close } of places) await close()
}
if (values.markdown) {
  writeFileSync(values.markdown, `# int8 against f32\n\nMade by \`npm run bench:int8 -- --markdown ${values.markdown}\`. Ratios inside one row count; times are this machine's.\n\n${lines.join('\n')}\n`)
}
