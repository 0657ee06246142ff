/* compare.js - two pictures in one frame, divided where a range input stands */

/**
 * @param {{frame: HTMLElement, range: HTMLInputElement, before: HTMLImageElement, after: HTMLImageElement, tags: HTMLElement[]}} parts
 * @param {(share: number) => string} describe the range's value for a screen reader
 */
export function createCompare({ frame, range, before, after, tags }, describe) {
  const update = () => {
    frame.style.setProperty('--split', `${range.value}%`)
    range.setAttribute('aria-valuetext', describe(Number(range.value)))
  }
  const showBoth = (both) => {
    frame.classList.toggle('both', both)
    for (const element of [range, after, ...tags]) element.hidden = !both
  }
  range.addEventListener('input', update)
  return {
    update,
    /** @param {{url: string, width: number, height: number, name: string}} photo */
    showPhoto(photo) {
      before.src = photo.url
      before.alt = photo.name
      after.removeAttribute('src')
      frame.style.setProperty('--ratio', String(photo.width / photo.height))
      showBoth(false)
    },
    /** @param {string} url @param {string} alt */
    async showResult(url, alt) {
      after.src = url
      after.alt = alt
      await after.decode().catch(() => {}) /* shown when it is there; a newer src ends the wait */
      range.value = '50'
      update()
      showBoth(true)
    },
    hideResult() {
      after.removeAttribute('src')
      showBoth(false)
    }
  }
}
