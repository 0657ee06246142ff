/* progress.js - one line on a terminal that says how far a photo is; nothing where stderr is a file */

const WIDTH = 30

export class ProgressBar {
  #stream
  #silent
  #shown = false

  /**
   * @param {NodeJS.WriteStream} stream
   * @param {boolean} silent
   */
  constructor(stream, silent) {
    this.#stream = stream
    this.#silent = silent || !stream.isTTY
  }

  /**
   * @param {string} name
   * @param {number} part 0..1
   */
  show(name, part) {
    if (this.#silent) return
    const filled = Math.round(part * WIDTH)
    this.#stream.write(`\r\x1b[K${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)} ${String(Math.round(part * 100)).padStart(3)} %  ${name}`)
    this.#shown = true
  }

  clear() {
    if (this.#shown) this.#stream.write('\r\x1b[K')
    this.#shown = false
  }
}
