/* packages.mjs - node_modules as package-lock.json says; uses nothing but Node itself */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Refusal, alone, root, say, sha256 } from './folders.mjs'

const oldestNode = 20

/** Install the npm packages if they are missing or belong to another package-lock.json. */
export async function ensurePackages() {
  const major = Number(process.versions.node.split('.')[0])
  if (major < oldestNode) throw new Refusal(`expected Node ${oldestNode} or newer, got ${process.versions.node}`)
  const lock = sha256(readFileSync(path.join(root, 'package-lock.json')))
  const stamp = path.join(root, 'node_modules/.p2a-lock')
  const current = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === lock
  if (current()) return
  await alone(path.join(root, 'build'), () => {
    if (current()) return
    say('installing npm packages')
    const done = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: root, encoding: 'utf8' })
    if (done.status !== 0) {
      const text = (done.error?.message || done.stderr || '').replace(/[a-z+]+:\/\/\S+/g, 'the registry').trim()
      throw new Refusal(`expected "npm ci" to succeed, got:\n${text}\nCheck the network and run this again.`)
    }
    writeFileSync(stamp, lock)
  })
}
