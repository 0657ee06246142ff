/* browser.js - Debian's Chromium, headless, and a plain static server such as any host has */
import { spawnSync } from 'node:child_process'
import { createReadStream, existsSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

import { chromium } from 'playwright-core'

const root = fileURLToPath(new URL('../../', import.meta.url))
const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'
]

/** P2A_CHROMIUM, else Debian's; as root it is installed where there is none. */
function findChromium() {
  const wanted = process.env.P2A_CHROMIUM
  if (wanted) {
    if (!existsSync(wanted)) throw new Error(`expected a program at P2A_CHROMIUM, got ${JSON.stringify(wanted)}`)
    return wanted
  }
  const place = '/usr/bin/chromium'
  if (existsSync(place)) return place
  const advice = 'Install it (on Debian: apt-get install chromium), or set P2A_CHROMIUM to a Chromium or Chrome.'
  if (process.getuid?.() !== 0) throw new Error(`expected Chromium at ${place}, found none. ${advice}`)
  const options = { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }
  spawnSync('apt-get', ['update', '-qq'], options)
  spawnSync('apt-get', ['install', '-qq', '-y', '--no-install-recommends', 'chromium'], options)
  if (!existsSync(place)) throw new Error(`expected apt-get to install Chromium at ${place}, found none. ${advice}`)
  return place
}

/** @param {string[]} [args] more than the usual */
export function launch(args = []) {
  return chromium.launch({ executablePath: findChromium(), args: [...FLAGS, ...args] })
}

const TYPES = { '.html': 'text/html', '.css': 'text/css', '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm', '.svg': 'image/svg+xml', '.json': 'application/json', '.jpg': 'image/jpeg' }

/** The folders copied together below /some/path/, without a header beyond the type. */
export function createPlainServer() {
  return createServer((request, response) => {
    const name = new URL(request.url, 'http://localhost').pathname.replace(/^\/some\/path\//, '')
    const file = path.join(root, /^(wasm|models)\//.test(name) ? name : path.join('web', name || 'index.html'))
    if (!existsSync(file) || !statSync(file).isFile()) {
      response.writeHead(404).end()
      return
    }
    response.writeHead(200, { 'Content-Type': TYPES[path.extname(file)] ?? 'application/octet-stream' })
    createReadStream(file).pipe(response)
  })
}

/** @returns {Promise<{url: string, close: () => void}>} */
export async function listen(server) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close: () => {
      server.closeAllConnections()
      server.close()
    }
  }
}
