/* size.test.js - each variant, module and glue together, is small enough to download */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { variants } from '../../wasm/toolchain/build.mjs'

const LIMIT_BYTES = 0.35 * 1024 * 1024

describe('size', () => {
  for (const variant of variants) {
    it(`p2a-${variant} is at most 0.35 MB gzip`, () => {
      const sizes = ['mjs', 'wasm'].map((type) => {
        const file = readFileSync(new URL(`../../wasm/dist/p2a-${variant}.${type}`, import.meta.url))
        assert.ok(file.length > 0)
        return gzipSync(file, { level: 9 }).length
      })
      const total = sizes[0] + sizes[1]
      assert.ok(total <= LIMIT_BYTES, `expected at most ${LIMIT_BYTES} bytes, got ${total} (glue ${sizes[0]}, module ${sizes[1]})`)
    })
  }
})
