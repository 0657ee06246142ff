/* visit.js - a person's visit to the page: a browser, the servers, a fresh page for each test, and what a person does on it */
import { readFileSync, writeFileSync } from 'node:fs'

import { createPageServer } from '../../wasm/bin/serve.js'
import { Engine } from '../../wasm/js/engine.js'
import { createFolder } from '../js/command.js'
import { madePixels } from '../js/pictures.js'
import { createPlainServer, launch, listen } from './browser.js'

/**
 * To be called inside a describe(): sets up mocha's hooks.
 * @param {{context?: object, args?: string[]}} [options] of each test's browser context; more arguments for Chromium
 */
export function createVisit({ context: contextOptions = {}, args = [] } = {}) {
  const visit = {
    /** @type {import('playwright-core').Browser} */ browser: undefined,
    /** @type {import('playwright-core').BrowserContext} */ context: undefined,
    /** @type {import('playwright-core').Page} */ page: undefined,
    isolated: undefined, /* served with COOP and COEP */
    plain: undefined, /* without */
    /** @type {Engine} */ engine: undefined,
    place: undefined, /* a folder for files */
    complaints: [], /* what the console said */

    /** A made picture as a file. */
    madeFile(name, width, height, channels = 3, format = 'png') {
      const picture = visit.engine.createImage(madePixels(width, height, channels), width, height, channels)
      writeFileSync(visit.place.at(name), visit.engine.encode(picture, { format }))
      visit.engine.disposeImage(picture)
      return visit.place.at(name)
    },
    /** @param {string|Uint8Array} file its path, or its bytes */
    readPicture(file) {
      const picture = visit.engine.decode(typeof file === 'string' ? readFileSync(file) : file)
      const pixels = visit.engine.pixels(picture)
      visit.engine.disposeImage(picture)
      return { width: picture.width, height: picture.height, channels: picture.channels, pixels }
    },
    async open(url = visit.isolated.url) {
      await visit.page.goto(`${url}/`)
      await visit.page.locator('#badge').waitFor()
      await visit.page.locator('#styles input').first().waitFor({ state: 'attached' })
    },
    /** @param {string|string[]} files paths */
    async choose(files) {
      await visit.page.locator('#file').setInputFiles(files)
      await visit.page.locator('#view').waitFor()
    },
    async paint() {
      await visit.page.getByRole('button', { name: 'Turn into anime' }).click()
      await visit.page.locator('#done').waitFor({ timeout: 120_000 })
    },
    /** @param {string} button its name @returns the saved file's name and path */
    async save(button) {
      const [saved] = await Promise.all([visit.page.waitForEvent('download'), visit.page.getByRole('button', { name: button }).click()])
      const file = visit.place.at(`saved-${saved.suggestedFilename()}`)
      await saved.saveAs(file)
      return { name: saved.suggestedFilename(), file }
    },
    async download(button) {
      const { name, file } = await visit.save(button)
      return { name, ...visit.readPicture(file) }
    }
  }

  before(async () => {
    visit.browser = await launch(args)
    visit.isolated = await listen(createPageServer())
    visit.plain = await listen(createPlainServer())
    visit.engine = await Engine.create({ variant: 'relaxed', threads: 1 })
  })
  after(async () => {
    visit.engine?.dispose()
    visit.plain?.close()
    visit.isolated?.close()
    await visit.browser?.close()
  })
  beforeEach(async () => {
    visit.place = createFolder()
    visit.context = await visit.browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-US', acceptDownloads: true, ...contextOptions })
    visit.page = await visit.context.newPage()
    visit.complaints = []
    visit.page.on('console', (message) => message.type() === 'error' && visit.complaints.push(message.text()))
    visit.page.on('pageerror', (error) => visit.complaints.push(String(error)))
  })
  afterEach(async () => {
    await visit.context.close()
    visit.place.remove()
  })
  return visit
}
