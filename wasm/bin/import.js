/* import.js - `photo2anime import`: an ONNX file in, a model file out that the engine has loaded once */
import { basename, extname } from 'node:path'
import process from 'node:process'

import { Engine } from '../js/engine.js'
import { readInput, writeOutput } from '../js/files.js'
import { UsageError } from './usage.js'

export const IMPORT_OPTIONS = /** @type {const} */ ({
  output: { type: 'string', short: 'o' },
  license: { type: 'string' },
  'commercial-use': { type: 'boolean' },
  range: { type: 'string' },
  quiet: { type: 'boolean' }
})

/** @param {string|boolean|undefined} text @returns {[number, number]} */
function readRange(text) {
  const [low, high, ...more] = String(text ?? '-1,1').split(',').map((part) => (part.trim() === '' ? NaN : Number(part)))
  if (more.length || !(low < high) || !Number.isFinite(low) || !Number.isFinite(high)) throw new UsageError(`expected two rising numbers like -1,1 for --range, got ${JSON.stringify(text)}`)
  return [low, high]
}

/** @param {import('./usage.js').Parsed} parsed @returns {Promise<number>} */
export async function runImport({ values, positionals }) {
  if (positionals.length !== 1) throw new UsageError(`expected one ONNX file for import, got ${positionals.length}`)
  const output = values.output
  if (typeof output !== 'string' || extname(output) !== '.safetensors') throw new UsageError(`expected -o FILE.safetensors, got ${JSON.stringify(output ?? 'none')}`)
  if (values.license === '') throw new UsageError('expected some text for --license, got none')
  const range = readRange(values.range)
  const [path] = positionals
  const { importOnnx } = await import('../import/import.js')
  const made = await importOnnx(await readInput(path), {
    name: basename(output, '.safetensors').replace(/\s+/g, '-'),
    source: basename(path),
    license: /** @type {string|undefined} */ (values.license),
    commercialUse: values['commercial-use'] === true,
    range
  })
  const engine = await Engine.create({ threads: 1 })
  try {
    engine.disposeModel(engine.loadModel(made.file)) /* what the engine would refuse is not written */
  } finally {
    engine.dispose()
  }
  await writeOutput(output, made.file)
  if (values.quiet !== true) {
    const mb = (made.file.length / 1e6).toFixed(1)
    process.stderr.write(`${path} -> ${output}  ${mb} MB, ${made.onnxNodes} ONNX nodes as ${made.nodes}: ${made.operators.join(', ')}\n`)
    process.stderr.write(`commercial use: ${values['commercial-use'] === true ? 'yes' : 'no'}; sides in multiples of ${made.multipleOf} inside; run it with convert --model ${output}\n`)
  }
  return 0
}
