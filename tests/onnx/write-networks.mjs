/* write-networks.mjs FOLDER - the ONNX files of networks.js, for expected.py and for looking at */
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'

import { NETWORKS } from './networks.js'

const [folder] = process.argv.slice(2)
if (!folder) throw new Error('expected a folder to write to, got none')
mkdirSync(folder, { recursive: true })
for (const [name, make] of Object.entries(NETWORKS)) writeFileSync(path.join(folder, `${name}.onnx`), make())
