/* photo.js - a dropped, pasted or chosen file -> a photo that can be shown and converted */

/** Files that the core reads itself; everything else goes through the browser's decoder. */
const CORE_TYPES = ['image/jpeg', 'image/png']

/**
 * @typedef {object} Result
 * @property {Blob} blob a PNG
 * @property {string} url of it
 * @property {number} width
 * @property {number} height
 * @property {string} seconds
 * @property {number} faces
 * @property {{variant: string, threads: number, precision: string}} backend what ran
 * @property {string} madeWith the settings, as choices.key() writes them
 */

/**
 * @typedef {object} Photo
 * @property {string} name without its ending
 * @property {File} file
 * @property {string} url for an <img>
 * @property {number} width
 * @property {number} height
 * @property {boolean} byBrowser whether the browser decodes it for the core
 * @property {'waiting'|'painting'|'done'|'failed'} state
 * @property {number} percent painted, while painting
 * @property {{code?: string, message: string}} [error] why it failed
 * @property {string} [preview] URL of a small painted version
 * @property {Result} [result]
 */

/** The worker that decodes, cuts and resizes, so that the page's own thread stays free. */
class PixelReader {
  #worker = new Worker(new URL('pixels-worker.js', import.meta.url), { name: 'pixels' })
  #waiting = new Map()
  #lastId = 0

  constructor() {
    this.#worker.onmessage = ({ data: { id, pixels, message } }) => {
      const { resolve, reject } = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (pixels) resolve(pixels)
      else reject(Object.assign(new Error(message), { code: 'IMAGE' }))
    }
  }

  /** @returns {Promise<ImageData>} */
  read(file, how) {
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId
      this.#waiting.set(id, { resolve, reject })
      this.#worker.postMessage({ id, file, ...how })
    })
  }
}

const reader = new PixelReader()

/**
 * @param {Photo} photo
 * @param {{ratio?: number, longest?: number}} [how] ratio: cut from the middle; longest side in pixels
 * @returns {Promise<ImageData>} decoded by the browser
 */
export function readPixels(photo, how = {}) {
  return reader.read(photo.file, how)
}

/** @param {Photo} photo @returns {Promise<Blob|ImageData>} what converter.convert() takes */
export async function readInput(photo) {
  return photo.byBrowser ? readPixels(photo) : photo.file
}

/**
 * @param {File} file
 * @returns {Promise<Photo>} release with closePhoto()
 * @throws {Error} with code IMAGE (or HEIC) where nobody can read it
 */
export async function openPhoto(file) {
  const url = URL.createObjectURL(file)
  try {
    const image = new Image()
    image.src = url
    await image.decode()
    return {
      name: file.name.replace(/\.[^.]*$/, '') || 'photo',
      file,
      url,
      width: image.naturalWidth,
      height: image.naturalHeight,
      byBrowser: !CORE_TYPES.includes(file.type),
      state: 'waiting',
      percent: 0
    }
  } catch (cause) {
    URL.revokeObjectURL(url)
    const code = /^image\/hei[cf]/.test(file.type) || /\.hei[cf]$/i.test(file.name) ? 'HEIC' : 'IMAGE'
    throw Object.assign(new Error(`${file.name}: ${cause.message}`, { cause }), { code })
  }
}

/** @param {Photo} photo */
export function forgetResult(photo) {
  if (photo.preview) URL.revokeObjectURL(photo.preview)
  if (photo.result) URL.revokeObjectURL(photo.result.url)
  photo.preview = undefined
  photo.result = undefined
}

/** @param {Photo} photo */
export function closePhoto(photo) {
  forgetResult(photo)
  URL.revokeObjectURL(photo.url)
}

/** @param {DataTransfer|null} transfer @returns {File[]} */
function filesOf(transfer) {
  return [...(transfer?.files ?? [])]
}

/**
 * @param {HTMLInputElement} input
 * @param {HTMLElement} stage shows that a drop is welcome
 * @param {(files: File[]) => void} use
 */
export function listenForPhotos(input, stage, use) {
  const useSome = (files) => files.length > 0 && use(files)
  input.addEventListener('change', () => {
    useSome([...(input.files ?? [])])
    input.value = '' /* so that the same file can be chosen again */
  })
  addEventListener('paste', (event) => useSome(filesOf(event.clipboardData)))
  addEventListener('dragover', (event) => {
    event.preventDefault()
    stage.classList.add('over')
  })
  addEventListener('dragleave', (event) => {
    if (!event.relatedTarget) stage.classList.remove('over')
  })
  addEventListener('drop', (event) => {
    event.preventDefault()
    stage.classList.remove('over')
    useSome(filesOf(event.dataTransfer))
  })
}
