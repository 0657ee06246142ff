/* server.js - the repository's files for the API's cases: isolated, and with folders that are slow or fail */
import { createHash } from 'node:crypto'
import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
const SLOW_MS = 500
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm', '.json': 'application/json', '.png': 'image/png', '.css': 'text/css' }
const HEADERS = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store'
}
const digest = (file) => createHash('sha256').update(readFileSync(path.join(root, file))).digest('hex')

/**
 * @param {Record<string, string|Buffer|(() => string|Buffer)>} [pages] path -> what lies there beside the repository
 * @param {string} [folder] instead of the repository's root
 */
export function createApiServer(pages = {}, folder = root) {
  const failed = new Set()
  const digests = () =>
    JSON.stringify({
      manifest: digest('models/manifest.json'),
      wasm: Object.fromEntries(['simd', 'simd-threads', 'relaxed', 'relaxed-threads'].map((name) => [`p2a-${name}.wasm`, digest(`wasm/dist/p2a-${name}.wasm`)]))
    })
  return createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost')
    const [, trouble, rest] = /^\/((?:slow|failing)-[^/]+)(\/.*)$/.exec(pathname) ?? [undefined, '', pathname]
    const page = rest === '/digests.json' ? digests : pages[rest]
    const send = () => {
      if (page !== undefined) {
        response.writeHead(200, { ...HEADERS, 'Content-Type': TYPES[path.extname(rest)] ?? 'text/html' }).end(typeof page === 'function' ? page() : page)
        return
      }
      const file = path.join(folder, rest.endsWith('/') ? `${rest}index.html` : rest)
      if (!file.startsWith(folder) || !existsSync(file) || !statSync(file).isFile()) {
        response.writeHead(404, HEADERS).end()
        return
      }
      response.writeHead(200, { ...HEADERS, 'Content-Type': TYPES[path.extname(file)] ?? 'application/octet-stream' })
      createReadStream(file).pipe(response)
    }
    if (trouble.startsWith('slow') && rest.includes('weights')) setTimeout(send, SLOW_MS)
    else if (trouble.startsWith('failing') && rest.includes('weights') && !failed.has(trouble)) {
      failed.add(trouble) /* the first time only */
      response.writeHead(503, HEADERS).end()
    } else send()
  })
}
