/* thumbnails.js - a photo -> a small painting of it on every style's tile */
import { readPixels } from './photo.js'

const RATIO = 4 / 3
const LONGEST_PX = 288

/** @param {HTMLCanvasElement} canvas @param {ImageData} image */
function draw(canvas, image) {
  canvas.width = image.width
  canvas.height = image.height
  canvas.getContext('2d').putImageData(image, 0, 0)
}

/**
 * They wait for everything else: stop() before a conversion, and show() again after it.
 * @param {(name: string) => HTMLCanvasElement} canvasOf a style
 */
export function createThumbnails(canvasOf) {
  /** @type {AbortController|undefined} */
  let running
  /** @type {import('./photo.js').Photo|undefined} */
  let shown
  const painted = new Set()

  const stop = () => {
    running?.abort()
    running = undefined
  }
  return {
    stop,
    /**
     * @param {import('./wasm/js/client.js').Converter} converter
     * @param {import('./photo.js').Photo} photo
     * @param {string[]} names of styles
     */
    async show(converter, photo, names) {
      stop()
      const controller = new AbortController()
      running = controller
      const { signal } = controller
      if (shown !== photo) painted.clear()
      const missing = names.filter((name) => !painted.has(name))
      try {
        if (missing.length === 0) return
        const small = await readPixels(photo, { ratio: RATIO, longest: LONGEST_PX })
        if (signal.aborted) return
        if (shown !== photo) for (const name of names) draw(canvasOf(name), small)
        shown = photo
        for (const name of missing) {
          const { image } = await converter.convert(small, { style: name, faces: false, output: 'imagedata', signal })
          draw(canvasOf(name), image)
          canvasOf(name).classList.add('painted')
          painted.add(name)
        }
      } catch {
        /* aborted, or a style that cannot be had now: its tile shows the photo, painting it will say why */
      }
    }
  }
}
