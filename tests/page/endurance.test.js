/* endurance.test.js - one converter in Chromium outlives many pictures, aborts and bad files */
import assert from 'node:assert/strict'

import { createPageServer } from '../../wasm/bin/serve.js'
import { amount, endure, judge } from '../js/endurance.js'
import { launch, listen } from './browser.js'

const TIMEOUT_MS = 3_600_000

describe('endurance, in Chromium', () => {
  let browser
  let server

  before(async () => {
    browser = await launch()
    server = await listen(createPageServer())
  })
  after(async () => {
    server?.close()
    await browser?.close()
  })

  it(`${amount.conversions} conversions, ${amount.aborts} aborts and ${amount.bad} bad files: memory flat, the last result is the first`, async () => {
    const page = await browser.newPage()
    page.setDefaultTimeout(TIMEOUT_MS)
    await page.goto(`${server.url}/`)
    judge(assert, 'Chromium', await page.evaluate(endure, { module: `${server.url}/wasm/js/index.js`, threads: 2, ...amount }))
    await page.close()
  }).timeout(TIMEOUT_MS)
})
