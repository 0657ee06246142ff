/* packages.mjs - the peers' npm packages, installed when the comparison first runs, into build/peers: npm test needs none of them */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../../', import.meta.url))
export const peersFolder = path.join(root, 'build/peers')
const WANTED = { 'onnxruntime-web': '1.30.0', 'onnxruntime-node': '1.30.0' }

/** @returns {Record<string, string>} versions */
export function installPeers() {
  const missing = Object.entries(WANTED).filter(([name, version]) => {
    const file = path.join(peersFolder, 'node_modules', name, 'package.json')
    return !existsSync(file) || JSON.parse(readFileSync(file, 'utf8')).version !== version
  })
  if (missing.length) {
    mkdirSync(peersFolder, { recursive: true })
    writeFileSync(path.join(peersFolder, 'package.json'), '{"private":true}\n')
    const list = missing.map(([name, version]) => `${name}@${version}`)
    const done = spawnSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...list], { cwd: peersFolder, stdio: ['ignore', 'ignore', 'inherit'] })
    if (done.status !== 0) throw new Error(`expected npm to install ${list.join(' and ')}, got status ${done.status}`)
  }
  return WANTED
}
