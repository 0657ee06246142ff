/*
 * peers.mjs - `npm run bench:peers`: AnimeGANv3's network here, in onnxruntime-web, onnxruntime-node and tfjs-backend-wasm, the same weights
 *
 * The graph is AnimeGANv3's at full width with made-up weights (tests/onnx/networks.js), so that nothing of the published file
 * is needed; times do not depend on the values. The engines of a group (a place, a size, a number of threads) take turns, round
 * by round, each time in a fresh process or page: a machine that becomes slower meanwhile does so for all. A row's time is the
 * median of its rounds, its ratio the median of the rounds' ratios. Groups are kept in build/peers/rows.json, so that the whole
 * may be split into several calls, and only those are measured of which a row is missing.
 * Every call writes docs/peers.md and docs/peers.svg from all rows that are there.
 * --sizes 256,512,1024,2048  --rounds 3  --where node,chromium  --threads 1,2  --engines KIND,... (int8: photo2anime-int8)
 * --fresh (forget all rows first, and the int8 file)
 */
import { spawnSync } from 'node:child_process'
import { createReadStream, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'

import { launch, listen } from '../page/browser.js'
import { ENGINES, engineName } from './peers/engines.mjs'
import { writeModels } from './peers/models.mjs'
import { installPeers } from './peers/packages.mjs'
import { peersFolder, root } from './peers/places.mjs'
import { writePlot } from './peers/plot.mjs'

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '256,512,1024,2048' },
    rounds: { type: 'string', default: '3' },
    where: { type: 'string', default: 'node,chromium' },
    threads: { type: 'string', default: '1,2' },
    engines: { type: 'string' },
    fresh: { type: 'boolean', default: false }
  }
})
const SIZES = values.sizes.split(',').map(Number)
const THREADS = values.threads.split(',').map(Number)
const ROUNDS = Number(values.rounds)
/* at 2048 one, where all but the fastest engine take a minute */
const roundsOf = ({ size }) => (size > 1024 ? 1 : ROUNDS)
/* of a turn, after the first one: V8 still makes code faster while the second one is painted */
const picturesOf = ({ size }) => (size > 1024 ? 1 : size > 512 ? 2 : 3)
const ROWS = path.join(peersFolder, 'rows.json')
const GIVE_UP_MS = 130000
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm' }

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1]
const mb = (bytes) => (bytes / 1048576).toFixed(0)

/** The line of an engine's output that says what went wrong. */
function reason(text) {
  const lines = text.trim().split('\n')
  return (lines.find((line) => /error|memory|expected/i.test(line)) ?? lines.pop()).trim()
}

/** A fresh process. @returns {{ms: number, coldMs: number, cpuMs: number, peakBytes: number}|{error: string}} */
function inNode(options) {
  const flags = options.variant === 'relaxed' && process.versions.node.startsWith('20.') ? ['--experimental-wasm-relaxed-simd'] : []
  const done = spawnSync(process.execPath, [...flags, path.join(root, 'tests/bench/peers/in-node.mjs'), JSON.stringify({ ...options, pictures: picturesOf(options) })], { encoding: 'utf8', timeout: GIVE_UP_MS })
  if (done.error) return { error: `no picture within ${GIVE_UP_MS / 1000} s` }
  if (done.status !== 0) return { error: reason(done.stderr) || `status ${done.status}` }
  return JSON.parse(done.stdout.trim().split('\n').pop())
}

function createServerOfAll() {
  return createServer((request, response) => {
    const name = new URL(request.url, 'http://localhost').pathname
    const file = path.join(root, path.normalize(name))
    if (!existsSync(file) || !statSync(file).isFile()) return void response.writeHead(404).end()
    response.writeHead(200, {
      'Content-Type': TYPES[path.extname(file)] ?? 'application/octet-stream',
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Embedder-Policy': 'require-corp'
    })
    createReadStream(file).pipe(response)
  })
}

async function inChromium(browser, url, options) {
  const page = await browser.newPage()
  try {
    page.setDefaultTimeout(0)
    await page.goto(`${url}/tests/bench/peers/page.html`)
    const late = new Promise((resolve) => setTimeout(resolve, GIVE_UP_MS, { error: `no picture within ${GIVE_UP_MS / 1000} s` }).unref())
    return await Promise.race([page.evaluate((given) => window.measure(given), { ...options, pictures: picturesOf(options) }), late])
  } catch (error) {
    return { error: reason(error.message) }
  } finally {
    await page.close()
  }
}

const versions = installPeers()
const { psnr } = await writeModels({ again: values.fresh })
let rows = existsSync(ROWS) && !values.fresh ? JSON.parse(readFileSync(ROWS, 'utf8')) : []

const isOf = (row, group) => row.where === group.where && row.size === group.size && row.threads === group.threads
const isWanted = (engine) => !values.engines || values.engines.split(',').includes(engine.precision === 'int8' ? `${engine.kind}-int8` : engine.kind)
const enginesOf = (group) => ENGINES.filter((engine) => (engine.where ?? group.where) === group.where && isWanted(engine))
const isMissing = (group) => enginesOf(group).some((engine) => !rows.some((row) => isOf(row, group) && engineName(row) === engineName(engine)))

/** What an engine did in all rounds, or why not. @param {any[]} made one a round */
function rowOf(group, engine, made) {
  const failed = made.find((one) => 'error' in one)
  if (failed) return { ...group, ...engine, error: failed.error }
  const all = (key) => made.map((one) => one[key])
  return {
    ...group, ...engine,
    times: all('ms'), ms: median(all('ms')), coldMs: median(all('coldMs')), peakBytes: Math.max(...all('peakBytes')),
    ...(made[0].cpuMs && { cpuTimes: all('cpuMs'), cpuMs: median(all('cpuMs')) })
  }
}

/** All engines of a group in turns; its rows so far are forgotten. @param {(engine: object) => any} measure */
async function measureGroup(group, measure) {
  const turns = enginesOf(group).map((engine) => ({ engine, made: [] }))
  for (let round = 0; round < roundsOf(group); round++) {
    for (const { engine, made } of turns) {
      if (made.some((one) => 'error' in one)) continue
      const one = await measure({ ...group, ...engine })
      made.push(one)
      console.log(`${group.where}, ${group.size}, ${group.threads} threads, round ${round + 1}, ${engineName(engine)}: ${one.error ?? `${(one.ms / 1000).toFixed(2)} s, ${mb(one.peakBytes)} MB`}`)
    }
  }
  rows = [...rows.filter((row) => !isOf(row, group)), ...turns.map(({ engine, made }) => rowOf(group, engine, made))]
  writeFileSync(ROWS, JSON.stringify(rows))
}

const groups = [
  ...SIZES.map((size) => ({ where: 'Node', size, threads: 1 })),
  ...SIZES.flatMap((size) => THREADS.map((threads) => ({ where: 'Chromium', size, threads })))
].filter((group) => values.where.split(',').includes(group.where.toLowerCase()) && THREADS.includes(group.threads) && isMissing(group))
const browser = groups.some((group) => group.where === 'Chromium') ? await launch() : undefined
const server = browser && (await listen(createServerOfAll()))
for (const group of groups) {
  if (group.where === 'Node') await measureGroup(group, inNode)
  else await measureGroup({ ...group, browser: browser?.version() }, (options) => inChromium(browser, server.url, options))
}
await browser?.close()
server?.close()

const chromium = rows.find((row) => row.browser)?.browser ?? 'not in the table'
const place = (row) => ENGINES.findIndex((engine) => engineName(engine) === engineName(row))
rows.sort((a, b) => b.where.localeCompare(a.where) || a.size - b.size || a.threads - b.threads || place(a) - place(b))
const peerOf = (row) => rows.find((other) => other.kind === 'onnxruntime-web' && other.where === row.where && other.threads === row.threads && other.size === row.size && other.ms)
/* of rounds, in which both met the same machine */
const ratios = (peer, row, key) => row[key].map((ms, round) => peer[key][round] / ms)
const cells = rows.map((row) => {
  if (row.error) return `| ${row.where} | ${row.size} | ${row.threads} | ${engineName(row)} | ${row.error.slice(0, 60)} | | | | | | |`
  const peer = peerOf(row)
  const other = peer && peer !== row
  const faster = other ? ratios(peer, row, 'times') : []
  const spread = faster.length > 1 ? ` (${Math.min(...faster).toFixed(2)} to ${Math.max(...faster).toFixed(2)})` : ''
  const cpu = row.cpuMs ? (row.cpuMs / 1000).toFixed(2) : ''
  const fewer = other && row.cpuMs ? median(ratios(peer, row, 'cpuTimes')).toFixed(2) : ''
  const part = other ? (row.peakBytes / peer.peakBytes).toFixed(2) : ''
  return `| ${row.where} | ${row.size} | ${row.threads} | ${engineName(row)} | ${(row.ms / 1000).toFixed(2)} | ${other ? median(faster).toFixed(2) : ''}${spread} | ${cpu} | ${fewer} | ${mb(row.peakBytes)} | ${part} | ${(row.coldMs / 1000).toFixed(2)} |`
})
const gzipped = (file) => `${(gzipSync(readFileSync(file)).length / 1e6).toFixed(2)} MB`
const packaged = (name) => gzipped(path.join(peersFolder, 'node_modules', name))
const load = os.loadavg().map((one) => one.toFixed(1)).join(', ')
writeFileSync(path.join(root, 'docs/peers.md'), `# The same weights elsewhere

Made by \`npm run bench:peers\`. AnimeGANv3's graph at full width (112 k multiply-adds a pixel), f32 unless int8 is said, imported by \`photo2anime import\`. The engines of a group
of rows take turns, ${ROUNDS} rounds (at 2048x2048 one), each time in a fresh process (Node) or page (Chromium); of its pictures after the first one (3, of 1024x1024 2) the fastest counts. Seconds are medians of the rounds, and times of this machine;
"times as fast" is the median of the rounds' ratios (with the lowest and the highest), in which both met the same machine.

Machine: ${os.availableParallelism()} cores, ${os.cpus()[0].model.replace(/\s+/g, ' ')}, load ${load} when this page was written; Node ${process.versions.node}; Chromium ${chromium}; ${Object.entries(versions).map((pair) => pair.join(' ')).join(', ')};
photo2anime ${JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')).version}.

![Seconds a picture, by engine](peers.svg)

| where | picture | threads | engine | seconds | times as fast as onnxruntime-web | processor seconds | times as few | peak MB | part of its peak | first picture, s |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
${cells.join('\n')}

Processor seconds (Node, one thread) do not grow when others use the machine. Peak: of the whole process in Node, of all wasm memory in Chromium. Download of the wasm alone, gzip: photo2anime ${gzipped(path.join(root, 'wasm/dist/p2a-relaxed-threads.wasm'))}, onnxruntime-web ${packaged('onnxruntime-web/dist/ort-wasm-simd-threaded.wasm')}, tfjs-backend-wasm ${packaged('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm')}.
Groups that are not in the table have no measurement yet that other work did not disturb.

**tfjs-backend-wasm** reads no ONNX file: \`tests/bench/peers/tfjs-network.mjs\` runs the imported graph with its operators, all of which its wasm backend has, and each call of \`npm run bench:peers\`
first checks that both paint the same (within 2 of 255). Means over the picture are products with ones there, 17 times as fast as its own mean. It has
one thread in Node, and takes at most half of the cores it is told of in a browser: here it was told of twice as many.
For 2048x2048 its 4 GB of memory do not suffice.

**int8**: \`photo2anime import\` does not quantise; \`tests/bench/peers/quantise.mjs\` makes the imported network's convolutions int8, but the first and the last one, with ranges from four photos. Norms over the whole
picture, activations and sums stay in f32, so each convolution pays for changing to bytes and back. ${psnr} to f32 on three other photos (made-up weights).
`)
writePlot(rows, path.join(root, 'docs/peers.svg'))
