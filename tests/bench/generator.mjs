/*
 * generator.mjs - `npm run bench`: the scene generator's speed and memory in every wasm variant
 *
 * In one run: multiply-adds a second of the default style's network, of a bare 3x3 convolution of XNNPACK in
 * the same module, their ratio, the gain of the second thread, and time and memory at three sizes. Figures
 * are medians; the spread is (largest - smallest) / median. Times are this machine's: compare ratios.
 * --markdown FILE writes the tables there too.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import process from 'node:process'
import { parseArgs } from 'node:util'

import { Engine } from '../../wasm/js/engine.js'
import { readPackagedModel } from '../../wasm/js/files.js'
import { findStyle, readManifest, readModel } from '../../wasm/js/models.js'

const { values } = parseArgs({ options: { markdown: { type: 'string' }, style: { type: 'string' }, runs: { type: 'string', default: '5' } } })
const RUNS = Number(values.runs)
const SIZES = [512, 1024, 2048]
const lines = []

function print(line = '') {
  console.log(line)
  lines.push(line)
}

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1]
const spread = (list) => (Math.max(...list) - Math.min(...list)) / median(list)

/** A photo-like picture: slopes, edges and grain. The network's time does not depend on it. */
function photo(engine, side) {
  const pixels = new Uint8Array(side * side * 3)
  for (let y = 0, i = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const tile = ((x >> 5) ^ (y >> 5)) & 1
      for (let c = 0; c < 3; c++) pixels[i++] = ((x * (c + 1) + y * (3 - c)) / 9 + tile * 80 + ((x * 7919 + y * 104729) % 13)) & 255
    }
  }
  return engine.createImage(pixels, side, side, 3)
}

function convertOnce(engine, model, picture) {
  const { picture: made, result } = engine.convert(model, picture)
  engine.disposeImage(made)
  return result
}

async function withEngine(variant, threads, use) {
  const engine = await Engine.create({ variant, threads })
  try {
    return await use(engine, engine.loadModel(modelFile))
  } finally {
    engine.dispose()
  }
}

const entry = findStyle(await readManifest(readPackagedModel), values.style)
const modelFile = await readModel(entry, readPackagedModel)
const cpu = os.cpus()[0].model.replace(/\s+/g, ' ')
print(`Machine: ${os.availableParallelism()} cores, ${cpu}; Node ${process.versions.node} (V8 ${process.versions.v8}); photo2anime ${JSON.parse(readFileSync(new URL('../../package.json', import.meta.url))).version}; style ${entry.name}, f32; ${RUNS} runs each.`)
print()
print('| variant | threads | generator GMAC/s, 1024x1024 | bare 3x3 convolution GMAC/s | ratio | spread |')
print('| --- | --- | --- | --- | --- | --- |')
const gains = []
for (const variant of ['simd', 'relaxed']) {
  const rates = {}
  for (const threads of [1, 2]) {
    await withEngine(variant, threads, (engine, model) => {
      const picture = photo(engine, 1024)
      convertOnce(engine, model, picture)
      const generator = []
      const bare = []
      const ratios = []
      for (let run = 0; run < RUNS; run++) {
        const before = engine.measure()
        const result = convertOnce(engine, model, picture)
        const after = engine.measure()
        generator.push(result.multiplyAdds / result.sceneMs / 1e6)
        bare.push((before + after) / 2e9)
        ratios.push(generator[run] / bare[run])
      }
      rates[threads] = median(generator)
      print(`| ${variant} | ${threads} | ${median(generator).toFixed(1)} | ${median(bare).toFixed(1)} | ${median(ratios).toFixed(2)} | ${(spread(generator) * 100).toFixed(0)} % |`)
    })
  }
  gains.push(`${variant}: ${(rates[2] / rates[1]).toFixed(2)}`)
}
print()
print(`Gain of the second thread: ${gains.join(', ')}.`)
print()
print('| variant, 2 threads | size | scene ms | peak of the core, MB | wasm memory, MB |')
print('| --- | --- | --- | --- | --- |')
for (const variant of ['simd', 'relaxed']) {
  for (const side of SIZES) {
    await withEngine(variant, 2, (engine, model) => {
      const picture = photo(engine, side)
      const results = []
      for (let run = 0; run < (side > 1024 ? 2 : 3); run++) results.push(convertOnce(engine, model, picture))
      const mb = (bytes) => (bytes / 1048576).toFixed(0)
      print(`| ${variant} | ${side}x${side} | ${median(results.map((r) => r.sceneMs)).toFixed(0)} | ${mb(results[0].peakBytes)} | ${mb(engine.memory.heapBytes)} |`)
    })
  }
}
if (values.markdown) {
  writeFileSync(values.markdown, `# Benchmarks\n\nMade by \`npm run bench -- --markdown ${values.markdown}\`. Ratios inside one run count; times are this machine's.\n\n${lines.join('\n')}\n`)
}
