/* endurance.test.js - one converter in Node outlives many pictures, aborts and bad files */
import assert from 'node:assert/strict'

import { amount, endure, judge } from './endurance.js'

const TIMEOUT_MS = 3_600_000

describe('endurance, in Node', () => {
  it(`${amount.conversions} conversions, ${amount.aborts} aborts and ${amount.bad} bad files: memory flat, the last result is the first`, async () => {
    judge(assert, 'Node', await endure({ module: new URL('../../wasm/js/index.js', import.meta.url).href, threads: 2, ...amount }))
  }).timeout(TIMEOUT_MS)
})
