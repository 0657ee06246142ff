/*
 * peers.mjs - `npm run bench:peers`: AnimeGANv3's network here, in onnxruntime-web and in onnxruntime-node, the same weights
 *
 * The graph is AnimeGANv3's at full width with made-up weights (tests/onnx/networks.js), so that nothing of the published file
 * is needed; times do not depend on the values. Engines take turns in one run, each measurement in a fresh process or page.
 * Ratios count; a row's time is the median. A group (a place, a size, a number of threads) is measured in one go; finished
 * groups are kept in build/peers/rows.json, so that the whole may be split into several calls. Every call writes docs/peers.md
 * and docs/peers.svg from all groups that are there.
 * --sizes 256,512,1024,2048  --runs 2  --where node,chromium  --threads 1,2  --seconds N (no group is begun later)  --fresh (measure again)
 */
import { spawnSync } from 'node:child_process'
import { createReadStream, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'

import { importOnnx } from '../../wasm/import/import.js'
import { animeGanV3 } from '../onnx/networks.js'
import { launch, listen } from '../page/browser.js'
import { installPeers, peersFolder, root } from './peers/packages.mjs'
import { writePlot } from './peers/plot.mjs'

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '256,512,1024,2048' },
    runs: { type: 'string', default: '2' },
    where: { type: 'string', default: 'node,chromium' },
    threads: { type: 'string', default: '1,2' },
    seconds: { type: 'string', default: '1e9' },
    fresh: { type: 'boolean', default: false }
  }
})
const SIZES = values.sizes.split(',').map(Number)
const THREADS = values.threads.split(',').map(Number)
const RUNS = Number(values.runs)
/* at 2048 one run, where all but the fastest engine take a minute */
const runsOf = (size) => (size > 1024 ? 1 : RUNS)
const ROWS = path.join(peersFolder, 'rows.json')
const GIVE_UP_MS = 130000
const OURS = { photo2anime: ['relaxed', 'simd'] }
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm' }

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1]
const mb = (bytes) => (bytes / 1048576).toFixed(0)

function writeModels(file) {
  mkdirSync(peersFolder, { recursive: true })
  const onnx = animeGanV3()
  writeFileSync(path.join(peersFolder, 'animegan3.onnx'), onnx)
  writeFileSync(path.join(peersFolder, 'animegan3.safetensors'), file)
}

/** The line of an engine's output that says what went wrong. */
function reason(text) {
  const lines = text.trim().split('\n')
  return (lines.find((line) => /error|memory|expected/i.test(line)) ?? lines.pop()).trim()
}

/** Fresh processes. @returns {{times: number[], coldMs: number, peakBytes: number}|{error: string}} */
function inNode({ kind, size, variant, threads }) {
  const flags = variant === 'relaxed' && process.versions.node.startsWith('20.') ? ['--experimental-wasm-relaxed-simd'] : []
  const done = spawnSync(process.execPath, [...flags, path.join(root, 'tests/bench/peers/in-node.mjs'), kind, size, runsOf(size), variant ?? '', threads].map(String), { encoding: 'utf8', timeout: GIVE_UP_MS })
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
    return await page.evaluate((given) => window.measure(given), { ...options, runs: runsOf(options.size) })
  } catch (error) {
    return { error: reason(error.message) }
  } finally {
    await page.close()
  }
}

const versions = installPeers()
const imported = await importOnnx(animeGanV3(), { name: 'animegan3-graph', source: 'tests/onnx/networks.js' })
writeModels(imported.file)
let rows = existsSync(ROWS) && !values.fresh ? JSON.parse(readFileSync(ROWS, 'utf8')) : []

function note(row, made) {
  const full = 'error' in made ? { ...row, error: made.error } : { ...row, ms: median(made.times), ...made }
  console.log(`${row.where}, ${row.kind} ${row.variant ?? ''}, ${row.threads} threads, ${row.size}: ${full.error ?? `${(full.ms / 1000).toFixed(2)} s, ${mb(full.peakBytes)} MB`}`)
  return full
}

/** All engines of a group, one after another. @param {(engine: object) => any} measure */
async function measureGroup(group, extra, measure) {
  const made = []
  for (const engine of [...OURS.photo2anime.map((variant) => ({ kind: 'photo2anime', variant })), { kind: 'onnxruntime-web' }, ...extra])
    made.push(note({ ...group, ...engine }, await measure({ ...group, ...engine })))
  rows = [...rows, ...made]
  writeFileSync(ROWS, JSON.stringify(rows))
}

const started = performance.now()
const groups = [
  ...SIZES.map((size) => ({ where: 'Node', size, threads: 1 })),
  ...SIZES.flatMap((size) => THREADS.map((threads) => ({ where: 'Chromium', size, threads })))
].filter((group) => values.where.split(',').includes(group.where.toLowerCase()) && THREADS.includes(group.threads))
const isThere = (group) => rows.some((row) => row.where === group.where && row.size === group.size && row.threads === group.threads)
const browser = groups.some((group) => group.where === 'Chromium' && !isThere(group)) ? await launch() : undefined
const server = browser && (await listen(createServerOfAll()))
for (const group of groups) {
  if (isThere(group) || performance.now() - started > Number(values.seconds) * 1000) continue
  if (group.where === 'Node') await measureGroup(group, [{ kind: 'onnxruntime-node' }], inNode)
  else await measureGroup({ ...group, browser: browser.version() }, [], (options) => inChromium(browser, server.url, options))
}
await browser?.close()
server?.close()

const chromium = rows.find((row) => row.browser)?.browser ?? 'not in the table'
rows.sort((a, b) => b.where.localeCompare(a.where) || a.size - b.size || a.threads - b.threads)
const peerOf = (row) => rows.find((other) => other.kind === 'onnxruntime-web' && other.where === row.where && other.threads === row.threads && other.size === row.size && other.ms)
const cells = rows.map((row) => {
  const peer = peerOf(row)
  const cpu = row.cpuMs ? (row.cpuMs / 1000).toFixed(2) : ''
  const cpuAgainst = row.cpuMs && peer?.cpuMs && peer !== row ? (peer.cpuMs / row.cpuMs).toFixed(2) : ''
  const against = (what) => (row.ms && peer && peer !== row ? (what === 'ms' ? peer.ms / row.ms : row.peakBytes / peer.peakBytes).toFixed(2) : '')
  const name = row.variant ? `${row.kind}, ${row.variant}` : row.kind
  return row.error
    ? `| ${row.where} | ${row.size} | ${row.threads} | ${name} | ${row.error.slice(0, 60)} | | | | | | |`
    : `| ${row.where} | ${row.size} | ${row.threads} | ${name} | ${(row.ms / 1000).toFixed(2)} | ${against('ms')} | ${cpu} | ${cpuAgainst} | ${mb(row.peakBytes)} | ${against('peak')} | ${(row.coldMs / 1000).toFixed(2)} |`
})
const gzipped = (file) => `${(gzipSync(readFileSync(file)).length / 1e6).toFixed(2)} MB`
const dist = path.join(peersFolder, 'node_modules/onnxruntime-web/dist')
const load = os.loadavg().map((one) => one.toFixed(1)).join(', ')
writeFileSync(path.join(root, 'docs/peers.md'), `# The same weights elsewhere

Made by \`npm run bench:peers\`. AnimeGANv3's graph at full width (112 k multiply-adds a pixel), f32, imported by \`photo2anime import\`; ${RUNS} runs after
a first one (at 2048x2048 one), medians (of two: the slower). Engines take turns inside one group of rows, each in a fresh process (Node) or page (Chromium): ratios count, times are this machine's.

Machine: ${os.availableParallelism()} cores, ${os.cpus()[0].model.replace(/\s+/g, ' ')}, load ${load} when this page was written; Node ${process.versions.node}; Chromium ${chromium}; ${Object.entries(versions).map((pair) => pair.join(' ')).join(', ')};
photo2anime ${JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')).version}.

![Seconds a picture, by engine](peers.svg)

| where | picture | threads | engine | seconds | times as fast as onnxruntime-web | processor seconds | times as few | peak MB | part of its peak | first picture, s |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
${cells.join('\n')}

Processor seconds (Node, one thread) do not grow when others use the machine. Peak: of the whole process in Node, of all wasm memory in Chromium. Download of the wasm alone, gzip: photo2anime ${gzipped(path.join(root, 'wasm/dist/p2a-relaxed-threads.wasm'))}, onnxruntime-web ${gzipped(path.join(dist, 'ort-wasm-simd-threaded.wasm'))}.
Groups that are not in the table have no measurement yet that other work did not disturb. tfjs-backend-wasm is not in it: it reads no ONNX file, and its graph would have to be written anew. Nor is int8:
\`photo2anime import\` does not quantise, and norms over the whole picture run in f32 only.
`)
writePlot(rows, path.join(root, 'docs/peers.svg'))
