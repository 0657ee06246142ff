/* paint.js - photos and options -> results, with a first look and progress on the way */
import { forgetResult, readInput, readPixels } from './photo.js'

/** @typedef {import('./photo.js').Photo} Photo */
/** @typedef {import('./wasm/js/client.js').Converter} Converter */
/** @typedef {import('./wasm/js/client.js').ConvertOptions} ConvertOptions */
/** @typedef {{stage: keyof import('./text.js').Words['stages'], part: number}} Step */

const PREVIEW_PX = 448

/** @param {Photo} photo @param {import('./wasm/js/client.js').ConvertResult} made @param {number} ms @param {string} madeWith */
function keepResult(photo, made, ms, madeWith) {
  forgetResult(photo)
  photo.result = {
    blob: made.image,
    url: URL.createObjectURL(made.image),
    width: made.width,
    height: made.height,
    seconds: (ms / 1000).toFixed(1),
    faces: made.faces.length,
    backend: made.backend,
    madeWith
  }
  photo.state = 'done'
}

/** Some files that the core refuses (a CMYK JPEG, say) can be read by the browser. @param {Photo} photo @param {any} error */
function canTryBrowser(photo, error) {
  return error?.code === 'IMAGE' && !photo.byBrowser
}

/**
 * @param {Converter} converter
 * @param {Photo} photo gets state and result
 * @param {ConvertOptions} options
 * @param {{signal: AbortSignal, madeWith: string, onStep: (step: Step) => void, onPreview: () => void}} how
 * @throws what converter.convert() throws
 */
export async function paintOne(converter, photo, options, { signal, madeWith, onStep, onPreview }) {
  forgetResult(photo)
  photo.state = 'painting'
  photo.percent = 0
  const start = performance.now()
  const onProgress = ({ stage, part }) => {
    if (stage === 'paint') photo.percent = Math.round(100 * part)
    onStep({ stage, part })
  }
  try {
    if (Math.max(photo.width, photo.height) > 2 * PREVIEW_PX) {
      const small = await readPixels(photo, { longest: PREVIEW_PX })
      const { style, edgePreserve, colorShift } = options
      const look = await converter.convert(small, {
        style, edgePreserve, colorShift, faces: false, output: 'blob', signal,
        onProgress: ({ stage, part }) => onStep({ stage: stage === 'load' ? 'load' : 'preview', part })
      })
      photo.preview = URL.createObjectURL(look.image)
      onPreview()
    }
    const convert = async () => converter.convert(await readInput(photo), { ...options, output: 'blob', signal, onProgress })
    const made = await convert().catch((error) => {
      if (!canTryBrowser(photo, error)) throw error
      photo.byBrowser = true
      return convert()
    })
    keepResult(photo, made, performance.now() - start, madeWith)
  } catch (error) {
    forgetResult(photo)
    photo.state = signal.aborted ? 'waiting' : 'failed'
    photo.error = error
    throw error
  }
}

/**
 * One after another; what fails is said at that photo, and the next one follows.
 * @param {Converter} converter
 * @param {Photo[]} photos
 * @param {ConvertOptions} options
 * @param {{signal: AbortSignal, madeWith: string, onStep: (number: number, step: Step) => void, onPhoto: (photo: Photo) => void}} how
 * @throws the signal's reason
 */
export async function paintMany(converter, photos, options, { signal, madeWith, onStep, onPhoto }) {
  for (const photo of photos) {
    forgetResult(photo)
    photo.state = 'waiting'
    photo.percent = 0
    onPhoto(photo)
  }
  let current = 0
  let start = performance.now()
  const inputs = async function* () {
    for (const photo of photos) yield await readInput(photo).catch(() => new Uint8Array(0)) /* an item that fails */
  }
  const onProgress = (step) => {
    const photo = photos[current]
    photo.state = 'painting'
    if (step.stage === 'paint') photo.percent = Math.round(100 * step.part)
    onStep(current + 1, step)
    onPhoto(photo)
  }
  try {
    for await (const { index, result, error } of converter.convertMany(inputs(), { ...options, output: 'blob', signal, onProgress })) {
      const photo = photos[index]
      if (result) keepResult(photo, result, performance.now() - start, madeWith)
      else if (canTryBrowser(photo, error)) {
        await paintOne(converter, photo, options, { signal, madeWith, onStep: (step) => onStep(index + 1, step), onPreview: () => {} }).catch((again) => {
          if (signal.aborted) throw again
        })
        photo.byBrowser = photo.state === 'done'
      } else {
        photo.state = 'failed'
        photo.error = /** @type {any} */ (error)
      }
      current = Math.min(index + 1, photos.length - 1)
      start = performance.now()
      onPhoto(photo)
    }
  } finally {
    for (const photo of photos) if (photo.state === 'painting') photo.state = 'waiting'
  }
}
