/* photo.js - a dropped, pasted or chosen file -> a photo that can be shown and converted */

/** Files that the core reads itself; everything else goes through the browser's decoder. */
const CORE_TYPES = ['image/jpeg', 'image/png']

/**
 * @typedef {object} Photo
 * @property {string} name without its ending
 * @property {string} url for an <img>; release with URL.revokeObjectURL()
 * @property {number} width
 * @property {number} height
 * @property {Blob|ImageData} input for converter.convert()
 * @property {boolean} byBrowser whether the browser decoded it
 */

/** @param {string} url @returns {Promise<HTMLImageElement>} */
async function decodeImage(url) {
  const image = new Image()
  image.src = url
  await image.decode()
  return image
}

/** @param {HTMLImageElement} image @returns {ImageData} */
function readPixels(image) {
  const canvas = document.createElement('canvas')
  canvas.width = image.naturalWidth
  canvas.height = image.naturalHeight
  const context = canvas.getContext('2d', { willReadFrequently: true })
  context.drawImage(image, 0, 0)
  return context.getImageData(0, 0, canvas.width, canvas.height)
}

/**
 * @param {File} file
 * @returns {Promise<Photo>}
 * @throws {Error} with code IMAGE where nobody can read it
 */
export async function openPhoto(file) {
  const url = URL.createObjectURL(file)
  try {
    const image = await decodeImage(url)
    const byBrowser = !CORE_TYPES.includes(file.type)
    return {
      name: file.name.replace(/\.[^.]*$/, '') || 'photo',
      url,
      width: image.naturalWidth,
      height: image.naturalHeight,
      input: byBrowser ? readPixels(image) : file,
      byBrowser
    }
  } catch (cause) {
    URL.revokeObjectURL(url)
    throw Object.assign(new Error(`${file.name}: ${cause.message}`, { cause }), { code: 'IMAGE' })
  }
}

/** @param {DataTransfer|null} transfer @returns {File|undefined} the first file in it */
function firstFile(transfer) {
  return [...(transfer?.files ?? [])][0]
}

/**
 * @param {HTMLInputElement} input
 * @param {HTMLElement} stage shows that a drop is welcome
 * @param {(file: File) => void} use
 */
export function listenForPhotos(input, stage, use) {
  input.addEventListener('change', () => {
    const [file] = input.files ?? []
    if (file) use(file)
    input.value = '' /* so that the same file can be chosen again */
  })
  addEventListener('paste', (event) => {
    const file = firstFile(event.clipboardData)
    if (file) use(file)
  })
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
    const file = firstFile(event.dataTransfer)
    if (file) use(file)
  })
}
