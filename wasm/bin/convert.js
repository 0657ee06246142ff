/* convert.js - `photo2anime convert`: photos in, pictures out, one after another */
import { mkdir, stat } from 'node:fs/promises'
import { basename, extname, join, resolve } from 'node:path'
import process from 'node:process'
import { setImmediate as pause } from 'node:timers/promises'

import { convertPhoto } from '../js/conversion.js'
import { Engine } from '../js/engine.js'
import { P2AError } from '../js/errors.js'
import { readInput, readPackagedModel, readStdin, writeOutput, writeStdout } from '../js/files.js'
import { PRECISION_CHOICES, choosePrecision, faceEntries, loadFaceModels, loadStyle, parseStyle, readManifest } from '../js/models.js'
import { ProgressBar } from './progress.js'
import { UsageError, color, number, oneOf, wholeNumber } from './usage.js'

export const CONVERT_OPTIONS = /** @type {const} */ ({
  output: { type: 'string', short: 'o' },
  style: { type: 'string' },
  model: { type: 'string' },
  width: { type: 'string' },
  format: { type: 'string' },
  quality: { type: 'string' },
  threads: { type: 'string' },
  variant: { type: 'string' },
  precision: { type: 'string' },
  'edge-preserve': { type: 'string' },
  statistics: { type: 'string' },
  'color-shift': { type: 'string' },
  'commercial-only': { type: 'boolean' },
  'no-faces': { type: 'boolean' },
  'max-faces': { type: 'string' },
  'face-min-px': { type: 'string' },
  character: { type: 'string' },
  'face-skin': { type: 'string' },
  'face-eyes': { type: 'string' },
  'face-lips': { type: 'string' },
  'face-strength': { type: 'string' },
  'hair-color': { type: 'string' },
  'lip-color': { type: 'string' },
  'eye-color': { type: 'string' },
  'cloth-color': { type: 'string' },
  json: { type: 'boolean' },
  quiet: { type: 'boolean' }
})

const WIDTH_MAX = 65535
const FACE_FLAGS = /** @type {const} */ (['max-faces', 'face-min-px', 'character', 'face-skin', 'face-eyes', 'face-lips', 'face-strength',
  'hair-color', 'lip-color', 'eye-color', 'cloth-color'])

/**
 * @typedef {object} Settings
 * @property {string|undefined} style
 * @property {string|undefined} model
 * @property {number|undefined} width
 * @property {import('../js/options.js').PaintOptions} paint
 * @property {boolean} portrait whether the portrait network is needed
 * @property {string|undefined} format
 * @property {number} quality
 * @property {number|'auto'} threads
 * @property {'auto'|'simd'|'relaxed'} variant
 * @property {'auto'|'f32'|'int8'} precision
 * @property {boolean} commercialOnly
 * @property {boolean} faces
 * @property {boolean} json
 * @property {boolean} quiet
 */

/** @typedef {import('../js/models.js').Precision} Precision */
/** @typedef {{style: number, precision: Precision, faces: import('../js/engine.js').FaceModels|undefined}} Models loaded */

/** @param {import('./usage.js').Parsed['values']} values @returns {import('../js/options.js').PaintOptions} */
function readPaint(values) {
  const given = (/** @type {string} */ name, least = 0, most = 1) => number(`--${name}`, values[name], least, most)
  const faces = {
    minPx: given('face-min-px', 8, 65535),
    maxFaces: wholeNumber('--max-faces', values['max-faces'], 1, 1024),
    character: given('character'),
    skin: given('face-skin'),
    eyes: given('face-eyes'),
    lips: given('face-lips'),
    strength: given('face-strength')
  }
  const colors = ['hair-color', 'lip-color', 'eye-color', 'cloth-color'].map((name) => color(`--${name}`, values[name]))
  const [hairColor, lipColor, eyeColor, clothColor] = colors
  const statistics = /** @type {'auto'|'exact'|'frozen'|undefined} */ (oneOf('--statistics', values.statistics, ['auto', 'exact', 'frozen']))
  const picture = { edgePreserve: given('edge-preserve', 0.5, 1.5), colorShift: given('color-shift'), statistics }
  if (values['no-faces']) {
    const needing = [...FACE_FLAGS].find((name) => values[name] !== undefined)
    if (needing) throw new UsageError(`expected faces to be painted for --${needing}, got --no-faces`)
    return { ...picture, faces: false }
  }
  return { ...picture, faces, hairColor, lipColor, eyeColor, clothColor }
}

/** @param {import('./usage.js').Parsed['values']} values @returns {Settings} */
function readSettings(values) {
  if (values.style !== undefined && values.model !== undefined) {
    throw new UsageError('expected --style or --model, got both')
  }
  if (values.precision !== undefined && values.model !== undefined) {
    throw new UsageError('expected --precision or --model, got both: a model file has its own')
  }
  return {
    style: /** @type {string|undefined} */ (values.style),
    model: /** @type {string|undefined} */ (values.model),
    width: wholeNumber('--width', values.width, 1, WIDTH_MAX, 'original'),
    paint: readPaint(values),
    portrait: Number(values.character ?? 0) > 0,
    format: oneOf('--format', values.format, ['png', 'jpeg']),
    quality: wholeNumber('--quality', values.quality, 1, 100) ?? 90,
    threads: wholeNumber('--threads', values.threads, 1, 16, 'auto') ?? 'auto',
    variant: /** @type {Settings['variant']} */ (oneOf('--variant', values.variant, ['auto', 'simd', 'relaxed']) ?? 'auto'),
    precision: /** @type {Settings['precision']} */ (oneOf('--precision', values.precision, [...PRECISION_CHOICES]) ?? 'auto'),
    faces: values['no-faces'] !== true,
    commercialOnly: values['commercial-only'] === true,
    json: values.json === true,
    quiet: values.quiet === true
  }
}

/** @param {string} path */
async function isFolder(path) {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    return false
  }
}

/** @param {string} path @returns {'png'|'jpeg'|undefined} by its ending */
function formatOf(path) {
  const ending = extname(path).toLowerCase()
  return ending === '.png' ? 'png' : ending === '.jpg' || ending === '.jpeg' ? 'jpeg' : undefined
}

/**
 * Where each input's result goes; a clash is found before anything is done.
 * @param {string[]} inputs
 * @param {string} output
 * @param {Settings} settings
 * @returns {Promise<{input: string, output: string, format: 'png'|'jpeg'}[]>}
 */
async function planOutputs(inputs, output, settings) {
  if (inputs.filter((input) => input === '-').length > 1) throw new UsageError('expected - (stdin) once, got it twice')
  const format = /** @type {'png'|'jpeg'|undefined} */ (settings.format)
  const folder = output !== '-' && (inputs.length > 1 || /[\\/]$/.test(output) || (await isFolder(output)))
  if (output === '-' && inputs.length > 1) throw new UsageError('expected one input for -o -, got several')
  if (!folder) {
    const ending = formatOf(output)
    if (output !== '-' && format && ending && ending !== format) {
      throw new UsageError(`expected a name for ${format} after -o, got ${JSON.stringify(output)}`)
    }
    if (inputs[0] !== '-' && resolve(inputs[0]) === resolve(output)) {
      throw new UsageError(`expected an output other than the input, got ${JSON.stringify(output)} for both`)
    }
    return [{ input: inputs[0], output, format: format ?? ending ?? 'png' }]
  }
  const planned = inputs.map((input) => {
    const name = input === '-' ? 'stdin' : basename(input, extname(input))
    return { input, output: join(output, `${name}.${format === 'jpeg' ? 'jpg' : 'png'}`), format: format ?? 'png' }
  })
  const taken = new Map(inputs.filter((input) => input !== '-').map((input) => [resolve(input), input]))
  for (const { input, output: path } of planned) {
    const other = taken.get(resolve(path))
    if (other !== undefined) {
      throw new UsageError(`expected outputs with different names, got ${path} for ${other} and ${input}`)
    }
    taken.set(resolve(path), input)
  }
  await mkdir(output, { recursive: true }).catch(() => {}) /* the write says why it is not there */
  return planned
}

/**
 * @param {Engine} engine
 * @param {Models} models
 * @param {{input: string, output: string, format: 'png'|'jpeg'}} item
 * @param {Settings} settings
 * @param {{stop: boolean}} interrupted
 * @param {ProgressBar} bar
 */
async function convertOne(engine, models, item, settings, interrupted, bar) {
  const start = performance.now()
  const file = item.input === '-' ? await readStdin() : await readInput(item.input)
  const made = await convertPhoto(engine, models.style, { file }, {
    faceModels: models.faces,
    widthPx: settings.width,
    ...settings.paint,
    format: item.format,
    quality: settings.quality,
    shouldStop: () => interrupted.stop,
    pause, /* an interrupt is heard here */
    onProgress: (stage, part) => bar.show(item.input, stage === 'encode' ? 1 : part)
  })
  const encoded = /** @type {Uint8Array} */ (made.image)
  if (item.output === '-') await writeStdout(encoded)
  else await writeOutput(item.output, encoded)
  return {
    input: item.input,
    output: item.output,
    width: made.width,
    height: made.height,
    faces: made.faces,
    warnings: made.warnings,
    timings: { ...made.timings, total: Math.round((performance.now() - start) * 10) / 10 },
    peak_bytes: made.peakBytes,
    statistics: made.statistics,
    backend: { ...made.backend, precision: models.precision }
  }
}

/**
 * What was asked for, found before anything is done: a file's bytes, or the parts of a style.
 * @param {Settings} settings
 * @returns {Promise<(engine: Engine) => Promise<Models>>} loads it
 */
async function findModel(settings) {
  const manifest = await readManifest(readPackagedModel)
  const entries = settings.faces ? faceEntries(manifest) : undefined
  const bindingFaces = entries && [entries.detector, entries.parser].find((entry) => entry.commercial_use !== 'yes')
  const portrait = settings.portrait ? entries?.portrait : undefined
  if (settings.commercialOnly && bindingFaces) {
    throw new UsageError(`expected --no-faces with --commercial-only, because ${bindingFaces.name} is for ${bindingFaces.license}`)
  }
  if (settings.commercialOnly && portrait && portrait.commercial_use !== 'yes') {
    throw new UsageError(`expected a character of 0 with --commercial-only, because ${portrait.name} is for ${portrait.license}`)
  }
  const loadFaces = async (/** @type {Engine} */ engine) => entries && loadFaceModels(engine, entries, readPackagedModel, { portrait: settings.portrait })
  if (settings.model !== undefined) {
    const file = await readInput(settings.model)
    return async (engine) => {
      const style = engine.loadModel(file)
      const precision = engine.modelMetadata(style, 'precision') === 'int8' ? 'int8' : 'f32'
      return { style, precision, faces: await loadFaces(engine) }
    }
  }
  try {
    const parts = parseStyle(manifest, settings.style)
    const bound = parts.find(({ entry }) => entry.commercial_use !== 'yes')
    if (settings.commercialOnly && bound) {
      throw new UsageError(`expected a style with commercial use for --commercial-only, got ${bound.entry.name} (${bound.entry.license})`)
    }
    const precision = choosePrecision(parts, settings.precision, settings.portrait ? 1 : 0)
    return async (engine) => ({ style: await loadStyle(engine, parts, readPackagedModel, precision), precision, faces: await loadFaces(engine) })
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new UsageError(/** @type {Error} */ (error).message.replace(/for (style|precision)/, 'for --$1'))
  }
}

/** @param {import('./usage.js').Parsed} parsed @returns {Promise<number>} */
export async function runConvert({ values, positionals: inputs }) {
  const settings = readSettings(values)
  if (inputs.length === 0) throw new UsageError('expected at least one INPUT for convert, got none')
  if (typeof values.output !== 'string' || values.output === '') throw new UsageError('expected -o FILE, DIR or -, got none')
  const items = await planOutputs(inputs, values.output, settings)
  const load = await findModel(settings)
  const toStdout = items[0].output === '-'
  const report = toStdout ? process.stderr : process.stdout
  const interrupted = { stop: false }
  const interrupt = () => {
    interrupted.stop = true
  }
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  const engine = await Engine.create({ variant: settings.variant, threads: settings.threads })
  const bar = new ProgressBar(process.stderr, settings.quiet || settings.json)
  let failed = 0
  try {
    const models = await load(engine)
    for (const item of items) {
      if (interrupted.stop) break
      try {
        const done = await convertOne(engine, models, item, settings, interrupted, bar)
        bar.clear()
        for (const warning of done.warnings) process.stderr.write(`photo2anime: ${item.input}: ${warning}\n`)
        if (settings.json) report.write(`${JSON.stringify(done)}\n`)
        else if (!settings.quiet) process.stderr.write(`${done.input} -> ${done.output}  ${done.width}x${done.height}  ${(done.timings.total / 1000).toFixed(1)} s\n`)
      } catch (error) {
        bar.clear()
        failed++
        const { code, message, fatal } = /** @type {P2AError} */ (error)
        process.stderr.write(`photo2anime: ${item.input}: ${message}\n`)
        if (settings.json) report.write(`${JSON.stringify({ input: item.input, error: { code, message } })}\n`)
        if (fatal) break
      }
    }
  } finally {
    engine.dispose()
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
  }
  return interrupted.stop ? 130 : failed ? 1 : 0
}
