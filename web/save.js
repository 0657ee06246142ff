/* save.js - results -> files of the person's own */

/** @typedef {import('./photo.js').Photo} Photo */
/** @typedef {import('./wasm/js/client.js').Converter} Converter */

const QUALITY = 92
const ENDING = { png: 'png', jpeg: 'jpg' }

/** @param {Blob} blob @param {string} name */
function save(blob, name) {
  const url = URL.createObjectURL(blob)
  Object.assign(document.createElement('a'), { href: url, download: name }).click()
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}

/** @param {Converter} converter @param {Photo} photo @param {'png'|'jpeg'} format @returns {Promise<Blob>} */
async function encode(converter, { result }, format) {
  return format === 'png' ? result.blob : (await converter.encode(result.blob, { format, quality: QUALITY, output: 'blob' })).image
}

/** @param {Converter} converter @param {Photo} photo with a result @param {'png'|'jpeg'} format */
export async function savePicture(converter, photo, format) {
  save(await encode(converter, photo, format), `${photo.name}-anime.${ENDING[format]}`)
}

/** @returns {(name: string) => string} a file name that was not given before */
function createNamer() {
  const given = new Set()
  return (name) => {
    let free = name
    for (let i = 2; given.has(free.toLowerCase()); i++) free = name.replace(/(?=\.[^.]*$)/, `-${i}`)
    given.add(free.toLowerCase())
    return free
  }
}

/**
 * All of them in one zip file, made as a stream: one picture at a time is encoded and copied.
 * @param {Converter} converter
 * @param {Photo[]} photos with results
 * @param {'png'|'jpeg'} format
 */
export async function saveZip(converter, photos, format) {
  const { downloadZip } = await import('./dist/client-zip.js')
  const name = createNamer()
  const files = async function* () {
    for (const photo of photos) {
      yield { name: name(`${photo.name}-anime.${ENDING[format]}`), input: await encode(converter, photo, format), lastModified: new Date() }
    }
  }
  save(await downloadZip(files()).blob(), 'photo2anime.zip')
}
