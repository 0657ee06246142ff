/*
 * gallery.mjs - `npm run gallery`: a fixed set of photos -> out/gallery/index.html, each photo beside each style, for looking
 *
 * The photos are the demo portraits of the npm package @vladmandic/face-api and, where ../shared/data (or P2A_SHARED/data)
 * is there, its CC0 scenes and held-out scenes and faces: every tenth of each set, which no training saw. Last comes the
 * default style with a character of 1: the portrait network's faces.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { setImmediate as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

import { convertPhoto, encodePhoto } from '../../wasm/js/conversion.js'
import { Engine } from '../../wasm/js/engine.js'
import { readPackagedModel } from '../../wasm/js/files.js'
import { faceEntries, findStyle, loadFaceModels, loadStyle, parseStyle, readManifest, styles } from '../../wasm/js/models.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const SHARED = path.join(process.env.P2A_SHARED ?? path.join(ROOT, '..', 'shared'), 'data')
const HELDOUT_EVERY = 10
/** Of each set: the folder, every how many photos of its held-out ones, and how many at most. */
const SETS = [
  { name: 'Portraits (@vladmandic/face-api)', folder: path.join(ROOT, 'node_modules/@vladmandic/face-api/demo'), matches: /^sample\d\.jpg$/, every: 1, most: 6 },
  { name: 'CC0 scenes, held out', folder: path.join(SHARED, 'photos/cc0_scenes'), matches: /\.jpg$/, every: HELDOUT_EVERY, most: 2 },
  { name: 'Scenes, held out', folder: path.join(SHARED, 'photos/scenes'), matches: /\.jpg$/, every: HELDOUT_EVERY * 7, most: 10 },
  { name: 'People, held out', folder: path.join(SHARED, 'photos/people'), matches: /\.jpg$/, every: HELDOUT_EVERY * 10, most: 5 },
  { name: 'Faces, held out', folder: path.join(SHARED, 'faces/images'), matches: /\.jpg$/, every: HELDOUT_EVERY * 9, most: 10 }
]

const { values } = parseArgs({
  options: {
    output: { type: 'string', short: 'o', default: path.join(ROOT, 'out', 'gallery') },
    width: { type: 'string', default: '640' }, /* of the pictures, px */
    photos: { type: 'string' }, /* of each set at most */
    styles: { type: 'string' }, /* names, parted by commas; all and the portrait network unless told */
    threads: { type: 'string' }
  }
})

/** @param {string} name @param {string|undefined} text @param {number|undefined} other @returns {number|undefined} */
function wholeNumber(name, text, other) {
  if (text === undefined) return other
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new Error(`expected a whole number from 1 to 99999 for --${name}, got ${JSON.stringify(text)}`)
  return Number(text)
}

const escape = (/** @type {string} */ text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`)

function photosOf({ folder, matches, every, most }, limit) {
  if (!existsSync(folder)) return []
  const names = readdirSync(folder).filter((name) => matches.test(name)).sort()
  return names.filter((_, i) => i % every === 0).slice(0, Math.min(most, limit)).map((name) => path.join(folder, name))
}

/** What each column paints: a style, or the default one with the portrait network's faces. */
function columnsOf(manifest, names) {
  const entries = names ? names.split(',').map((name) => findStyle(manifest, name)) : styles(manifest)
  const columns = entries.map((entry) => ({ id: entry.name, title: entry.title, style: entry.name, character: 0, terms: entry.license }))
  const portrait = faceEntries(manifest)?.portrait
  if (!names && portrait) {
    columns.push({ id: 'character', title: 'Character 1', style: findStyle(manifest).name, character: 1, terms: portrait.license })
  }
  return columns
}

/** One column's pictures of all photos; the style is in memory only meanwhile. */
async function paintColumn(engine, manifest, column, photos, widthPx, output) {
  const model = await loadStyle(engine, parseStyle(manifest, column.style), readPackagedModel)
  const entries = faceEntries(manifest)
  const faceModels = entries && (await loadFaceModels(engine, entries, readPackagedModel, { portrait: column.character > 0 }))
  try {
    for (const photo of photos) {
      const options = { widthPx, faceModels, faces: { character: column.character }, format: /** @type {const} */ ('jpeg'), quality: 92, pause }
      const made = await convertPhoto(engine, model, { file: readFileSync(photo.path) }, options)
      writeFileSync(path.join(output, `${photo.id}-${column.id}.jpg`), made.image)
      process.stderr.write(`${column.id}: ${photo.id}, ${made.faces.length} faces\n`)
    }
  } finally {
    engine.disposeModel(model)
    for (const one of Object.values(faceModels ?? {})) engine.disposeModel(one)
  }
}

function page(sets, columns) {
  const picture = (name, title) => `<td><a href="${name}"><img src="${name}" alt="${escape(title)}" loading="lazy"></a></td>`
  const row = (photo) => `<tr>${picture(`${photo.id}-photo.jpg`, photo.id)}${columns.map((column) => picture(`${photo.id}-${column.id}.jpg`, `${photo.id}, ${column.title}`)).join('')}</tr>`
  const head = columns.map((column) => `<th>${escape(column.title)}<small>${escape(column.terms)}</small></th>`).join('')
  const tables = sets.map(({ name, photos }) => `<h2>${escape(name)}</h2>\n<table>\n<tr><th>Photo</th>${head}</tr>\n${photos.map(row).join('\n')}\n</table>`)
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>photo2anime: gallery</title>
<style>body{font:14px sans-serif;margin:1em;background:#222;color:#eee}img{width:100%;display:block}table{width:100%;table-layout:fixed;border-spacing:4px}
td{vertical-align:top}small{display:block;font-weight:normal;color:#aaa}</style></head>
<body><h1>photo2anime: each photo beside each style</h1>
${tables.join('\n')}
</body></html>
`
}

const widthPx = /** @type {number} */ (wholeNumber('width', values.width, 640))
const limit = wholeNumber('photos', values.photos, Infinity)
const manifest = await readManifest(readPackagedModel)
const columns = columnsOf(manifest, values.styles)
const sets = SETS.map((set) => ({ name: set.name, photos: photosOf(set, limit).map((file) => ({ path: file, id: path.basename(file, '.jpg') })) }))
  .filter(({ photos }) => photos.length > 0)
const photos = sets.flatMap((set) => set.photos)
if (photos.length === 0) throw new Error(`expected photos in ${SETS[0].folder}, found none: run npm ci first`)
rmSync(values.output, { recursive: true, force: true })
mkdirSync(values.output, { recursive: true })
const engine = await Engine.create({ threads: wholeNumber('threads', values.threads, undefined) ?? 'auto' })
try {
  for (const photo of photos) {
    const { image } = encodePhoto(engine, { file: readFileSync(photo.path) }, { format: 'jpeg', quality: 92 })
    writeFileSync(path.join(values.output, `${photo.id}-photo.jpg`), image)
  }
  for (const column of columns) await paintColumn(engine, manifest, column, photos, widthPx, values.output)
} finally {
  engine.dispose()
}
writeFileSync(path.join(values.output, 'index.html'), page(sets, columns))
console.log(path.join(values.output, 'index.html'))
