/* packages.mjs - the peers' npm packages, installed when the comparison first runs, into build/peers: npm test needs none of them */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

import { buildSync } from 'esbuild'

import { peersFolder } from './places.mjs'

const WANTED = { 'onnxruntime-web': '1.30.0', 'onnxruntime-node': '1.30.0', '@tensorflow/tfjs-core': '4.22.0', '@tensorflow/tfjs-backend-wasm': '4.22.0' }

/** tfjs as one module: its own modules name each other as packages, which a page's worker cannot resolve. */
function bundleTfjs() {
  const contents = "export * from '@tensorflow/tfjs-core'\nexport { getThreadsCount, setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm'\n"
  buildSync({ stdin: { contents, resolveDir: peersFolder }, bundle: true, format: 'esm', outfile: path.join(peersFolder, 'tfjs.js'), logLevel: 'error' })
}

/** @returns {Record<string, string>} versions */
export function installPeers() {
  const isThere = Object.entries(WANTED).every(([name, version]) => {
    const file = path.join(peersFolder, 'node_modules', name, 'package.json')
    return existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).version === version
  })
  if (!isThere) {
    mkdirSync(peersFolder, { recursive: true })
    writeFileSync(path.join(peersFolder, 'package.json'), '{"private":true}\n')
    /* all of them: npm takes away what it is not told to keep */
    const list = Object.entries(WANTED).map(([name, version]) => `${name}@${version}`)
    const done = spawnSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...list], { cwd: peersFolder, stdio: ['ignore', 'ignore', 'inherit'] })
    if (done.status !== 0) throw new Error(`expected npm to install ${list.join(' and ')}, got status ${done.status}`)
  }
  bundleTfjs()
  return WANTED
}
