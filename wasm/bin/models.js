/* models.js - `photo2anime models`: what there is, how large, under which terms */
import process from 'node:process'

import { readPackagedModel } from '../js/files.js'
import { readManifest, styles } from '../js/models.js'
import { UsageError } from './usage.js'

/** @param {import('./usage.js').Parsed} parsed @returns {Promise<number>} */
export async function runModels({ values, positionals }) {
  if (positionals.length) throw new UsageError(`expected no words after models, got ${JSON.stringify(positionals[0])}`)
  const manifest = await readManifest(readPackagedModel)
  if (values.json) {
    process.stdout.write(`${JSON.stringify(manifest, null, 2)}\n`)
    return 0
  }
  const choices = new Set(styles(manifest))
  for (const entry of manifest) {
    const size = `${(entry.bytes / 1e6).toFixed(1)} MB`
    process.stdout.write(`${entry.name.padEnd(12)} ${size.padStart(8)}  ${choices.has(entry) ? 'style' : entry.kind}${entry.default ? ', default' : ''}\n`)
    process.stdout.write(`             commercial use: ${entry.commercial_use}; ${entry.license}\n`)
    process.stdout.write(`             learned from: ${entry.teachers}\n`)
  }
  return 0
}
