/* compare.js - two pictures in one frame, divided where a range input stands */
import { createZoom } from './zoom.js'

/** @typedef {import('./text.js').Words} Words */

/**
 * @param {(id: string) => any} at an element by its id
 */
export function createCompare(at) {
  const frame = at('compare')
  const range = at('split')
  const before = at('before')
  const after = at('after')
  /** @type {Words} */
  let words
  let both = false

  const update = () => {
    frame.style.setProperty('--split', `${range.value}%`)
    range.setAttribute('aria-valuetext', words.compareValue(Number(range.value)))
    for (const button of at('sides').children) button.setAttribute('aria-pressed', String(button.dataset.split === range.value))
  }
  const splitAt = (percent) => {
    range.value = String(percent)
    update()
  }
  const showBoth = (wanted) => {
    both = wanted
    frame.classList.toggle('both', wanted)
    for (const element of [range, at('layer-after'), at('tag-before'), at('tag-after'), at('sides')]) element.hidden = !wanted
  }
  const zoom = createZoom(at, (share) => both && splitAt(Math.round(share * 100)))

  range.addEventListener('input', update)
  at('sides').addEventListener('click', ({ target }) => {
    const button = target.closest('button')
    if (button) splitAt(Number(button.dataset.split))
  })

  return {
    /** @param {Words} next */
    setWords(next) {
      words = next
      update()
    },
    /** @param {import('./photo.js').Photo} photo alone, or with what was painted after it */
    async show(photo) {
      if (before.getAttribute('src') !== photo.url) {
        before.src = photo.url
        before.alt = photo.name
        frame.style.setProperty('--ratio', String(photo.width / photo.height))
        zoom.reset(photo.width)
        showBoth(false)
      }
      const url = photo.result?.url ?? photo.preview
      if (!url) {
        showBoth(false)
        after.removeAttribute('src')
        return
      }
      at('tag-after').textContent = photo.result ? words.anime : words.preview
      after.alt = photo.result ? words.anime : words.preview
      if (after.getAttribute('src') === url) return
      const first = !both
      after.src = url
      await after.decode().catch(() => {}) /* shown when it is there; a newer src ends the wait */
      if (after.getAttribute('src') !== url) return
      if (photo.result) zoom.setPictureWidth(photo.result.width)
      showBoth(true)
      if (first) splitAt(50)
    },
    focus() {
      range.focus({ preventScroll: true })
    }
  }
}
