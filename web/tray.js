/* tray.js - the list of photos -> a list of tiles with their state */
import { readPixels } from './photo.js'

/** @typedef {import('./photo.js').Photo} Photo */
/** @typedef {import('./text.js').Words} Words */

const THUMB_PX = 240

/** @param {Photo} photo @param {Words} words */
function stateText(photo, words) {
  if (photo.state === 'painting') return words.states.painting(photo.percent)
  if (photo.state !== 'failed') return words.states[photo.state]
  return `${words.states.failed}: ${words.errors[photo.error?.code] ?? photo.error?.message}`
}

/**
 * @param {HTMLElement} list a <ul>
 * @param {{select: (photo: Photo) => void, remove: (photo: Photo) => void}} does
 */
export function createTray(list, { select, remove }) {
  /** @type {Map<Photo, {row: HTMLElement, open: HTMLButtonElement, state: HTMLElement, close: HTMLButtonElement, image: HTMLCanvasElement}>} */
  const rows = new Map()

  const makeRow = (photo) => {
    const row = document.createElement('li')
    const open = Object.assign(document.createElement('button'), { type: 'button', className: 'open' })
    const image = Object.assign(document.createElement('canvas'), { width: 4, height: 3 })
    image.setAttribute('aria-hidden', 'true')
    const name = Object.assign(document.createElement('span'), { className: 'name', textContent: photo.name, title: photo.name })
    const state = Object.assign(document.createElement('span'), { className: 'state' })
    const close = Object.assign(document.createElement('button'), { type: 'button', className: 'close', textContent: '×' })
    open.append(image, name, state)
    row.append(open, close)
    open.addEventListener('click', () => select(photo))
    close.addEventListener('click', () => remove(photo))
    readPixels(photo, { ratio: 4 / 3, longest: THUMB_PX }).then((pixels) => {
      image.width = pixels.width
      image.height = pixels.height
      image.getContext('2d').putImageData(pixels, 0, 0)
    }, () => {}) /* the tile then has no picture */
    const parts = { row, open, state, close, image }
    rows.set(photo, parts)
    return parts
  }

  return {
    /**
     * @param {Photo[]} photos
     * @param {{selected: Photo|undefined, words: Words, busy: boolean}} how
     */
    show(photos, { selected, words, busy }) {
      for (const [photo, { row }] of rows) {
        if (photos.includes(photo)) continue
        row.remove()
        rows.delete(photo)
      }
      for (const photo of photos) {
        const { row, open, state, close } = rows.get(photo) ?? makeRow(photo)
        if (!row.isConnected) list.append(row)
        row.dataset.state = photo.state
        open.setAttribute('aria-pressed', String(photo === selected))
        state.textContent = stateText(photo, words)
        close.setAttribute('aria-label', words.remove(photo.name))
        close.disabled = busy
      }
    }
  }
}
