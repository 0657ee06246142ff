/* serve.js - `photo2anime serve`: the page and what it needs, for this machine */
import { createReadStream } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join, sep } from 'node:path'
import process from 'node:process'
import { pipeline } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { createGzip } from 'node:zlib'

import { UsageError, wholeNumber } from './usage.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** URL prefix -> folder. Nothing else of the disk can be reached. */
const FOLDERS = /** @type {const} */ ([
  ['/wasm/js/', 'wasm/js'],
  ['/wasm/dist/', 'wasm/dist'],
  ['/models/', 'models'],
  ['/', 'web']
])

const TYPES = /** @type {Record<string, string>} */ ({
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.safetensors': 'application/octet-stream',
  '.webmanifest': 'application/manifest+json'
})

/* Sent as they are: they are compressed already. */
const COMPRESSED = ['.png', '.jpg']

/* A page opens six; what is beyond is closed at once. */
const CONNECTIONS_MAX = 512

const HEADERS = {
  /* threads need a cross-origin isolated page */
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; style-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-cache'
}

/**
 * @param {string} url the request's path, as sent
 * @returns {Promise<{path: string, size: number, tag: string}|undefined>} a file that may be served, and the name of this state of it
 */
async function findFile(url) {
  let path
  try {
    path = decodeURIComponent(new URL(url, 'http://localhost').pathname)
  } catch {
    return undefined
  }
  if (path.includes('\0') || path.includes('\\') || path.split('/').some((part) => part.startsWith('.'))) return undefined
  if (path.endsWith('/')) path += 'index.html'
  const [prefix, folder] = /** @type {readonly [string, string]} */ (FOLDERS.find(([start]) => path.startsWith(start)) ?? FOLDERS[3])
  if (!TYPES[extname(path)]) return undefined
  try {
    const root = await realpath(join(ROOT, folder))
    const file = await realpath(join(root, path.slice(prefix.length)))
    if (!file.startsWith(root + sep)) return undefined
    const info = await stat(file)
    return info.isFile() ? { path: file, size: info.size, tag: `W/"${info.size.toString(36)}-${info.mtimeMs.toString(36)}"` } : undefined
  } catch {
    return undefined
  }
}

/** @param {import('node:http').ServerResponse} response @param {number} status @param {string} text */
function refuse(response, status, text) {
  response.writeHead(status, { ...HEADERS, 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': text.length, ...(status === 405 ? { Allow: 'GET, HEAD' } : {}) })
  response.end(text)
}

/** @param {import('node:http').IncomingMessage} request */
function acceptsGzip(request) {
  return /(^|[\s,])gzip(?!\s*;\s*q=0(\.0*)?\s*(,|$))/.test(String(request.headers['accept-encoding'] ?? ''))
}

/**
 * A client that is slow with its request is cut off after `headersTimeout` ms; Node looks for such
 * ones every `connectionsCheckingInterval` ms only.
 * @param {{headersTimeout?: number, connectionsCheckingInterval?: number}} [timing]
 * @returns {import('node:http').Server} not yet listening
 */
export function createPageServer({ headersTimeout = 10_000, connectionsCheckingInterval = 2_000 } = {}) {
  const settings = { headersTimeout, connectionsCheckingInterval, requestTimeout: 30_000, maxHeaderSize: 16_384, keepAliveTimeout: 5_000 }
  const server = createServer(settings, async (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      refuse(response, 405, 'only GET and HEAD\n')
      return
    }
    const file = await findFile(request.url ?? '/')
    if (!file) {
      refuse(response, 404, 'there is no such page\n')
      return
    }
    const extension = extname(file.path)
    const headers = { ...HEADERS, 'Content-Type': TYPES[extension], Vary: 'Accept-Encoding', ETag: file.tag }
    if (request.headers['if-none-match'] === file.tag) {
      response.writeHead(304, headers).end()
      return
    }
    const gzip = acceptsGzip(request) && !COMPRESSED.includes(extension)
    const encoding = gzip ? { 'Content-Encoding': 'gzip' } : { 'Content-Length': file.size }
    response.writeHead(200, { ...headers, ...encoding })
    if (request.method === 'HEAD') response.end()
    else if (gzip) pipeline(createReadStream(file.path), createGzip(), response, () => {}) /* a failure ends the response */
    else createReadStream(file.path).on('error', () => response.destroy()).pipe(response)
  })
  server.setTimeout(60_000)
  server.maxConnections = CONNECTIONS_MAX
  return server
}

/** @param {import('./usage.js').Parsed} parsed @returns {Promise<number>} when the server has ended */
export async function runServe({ values, positionals }) {
  if (positionals.length) throw new UsageError(`expected no words after serve, got ${JSON.stringify(positionals[0])}`)
  const port = wholeNumber('--port', values.port, 0, 65535) ?? 7860
  const host = typeof values.host === 'string' ? values.host : '127.0.0.1'
  const server = createPageServer()
  return new Promise((done, fail) => {
    server.on('error', (error) => {
      const { code } = /** @type {NodeJS.ErrnoException} */ (error)
      fail(code === 'EADDRINUSE' ? new Error(`expected a free port, ${port} on ${host} is in use: choose another with --port`) : error)
    })
    server.listen(port, host, () => {
      const address = /** @type {import('node:net').AddressInfo} */ (server.address())
      process.stdout.write(`photo2anime is at http://${host.includes(':') ? `[${host}]` : host}:${address.port}/  (Ctrl+C ends it)\n`)
    })
    const end = () => {
      server.close(() => done(0))
      server.closeAllConnections()
    }
    process.once('SIGINT', end)
    process.once('SIGTERM', end)
  })
}
