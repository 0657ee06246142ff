/* page.mjs - what the page uses of npm packages -> web/dist, as they are, each with its licence */
import { copyFileSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { root } from './folders.mjs'
import { ensurePackages } from './packages.mjs'

/* [in node_modules, in web/dist] */
const files = [
  ['client-zip/index.js', 'client-zip.js'],
  ['client-zip/LICENSE.txt', 'client-zip.LICENSE.txt']
]

export async function buildPage() {
  await ensurePackages()
  const dist = path.join(root, 'web/dist')
  mkdirSync(dist, { recursive: true })
  for (const [from, to] of files) copyFileSync(path.join(root, 'node_modules', from), path.join(dist, to))
}
