/* chromium.js - a bench's runs in Chromium: the repository served cross-origin isolated, a worker that is told what to run */
import { createReadStream, existsSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import path from 'node:path'

import { root } from '../../wasm/toolchain/folders.mjs'
import { launch, listen } from '../page/browser.js'

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm', '.json': 'application/json' }

/** The repository's files, cross-origin isolated, so that threads run. */
function createIsolatedServer() {
  return createServer((request, response) => {
    const name = decodeURIComponent(new URL(request.url, 'http://localhost').pathname)
    const file = path.join(root, path.normalize(name))
    const headers = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp', 'Cross-Origin-Resource-Policy': 'same-origin' }
    if (name === '/') response.writeHead(200, { ...headers, 'Content-Type': 'text/html' }).end('<!doctype html><title>bench</title>')
    else if (!existsSync(file) || !statSync(file).isFile()) response.writeHead(404, headers).end()
    else {
      response.writeHead(200, { ...headers, 'Content-Type': TYPES[path.extname(file)] ?? 'application/octet-stream' })
      createReadStream(file).pipe(response)
    }
  })
}

/**
 * @param {string} worker a module of this folder that answers {settings, urls} with {result} or {error}
 * @returns {Promise<{name: string, run: (settings: any, files: Record<string, string>) => Promise<any>, close: () => Promise<void>}>}
 *   files: by name, below the repository's models/
 */
export async function openChromium(worker) {
  const server = await listen(createIsolatedServer())
  const browser = await launch()
  const page = await browser.newPage()
  await page.goto(`${server.url}/`)
  return {
    name: `Chromium ${browser.version()}`,
    run: (settings, files) =>
      page.evaluate(async ({ worker, settings, urls }) => {
        const one = new Worker(`/tests/bench/${worker}`, { type: 'module' })
        try {
          return await new Promise((resolve, reject) => {
            one.onerror = (event) => reject(new Error(event.message))
            one.onmessage = ({ data }) => {
              if (data.ready) one.postMessage({ settings, urls })
              else if (data.error) reject(new Error(data.error))
              else resolve(data.result)
            }
          })
        } finally {
          one.terminate()
        }
      }, { worker, settings, urls: Object.fromEntries(Object.entries(files).map(([name, file]) => [name, `/models/${file}`])) }),
    close: async () => {
      await browser.close()
      server.close()
    }
  }
}
