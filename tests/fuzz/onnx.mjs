/*
 * onnx.mjs - ONNX files changed at random -> the import: a model file or a MODEL error, never another
 * error, and never long. Ends with 1 and keeps the file where that does not hold.
 */
import { writeFileSync } from 'node:fs'
import path from 'node:path'

import { root } from '../../wasm/toolchain/folders.mjs'
import { importOnnx } from '../../wasm/import/import.js'
import { NETWORKS } from '../onnx/networks.js'

const SECONDS_MAX = 20 /* one file */
const HEADER_BYTES = 40_000 /* most of the files below it: nodes and names; weights are numbers, any will do */

let random = (Date.now() % 2147483646) + 1
const below = (limit) => (random = (random * 48271) % 2147483647) % Math.max(1, limit)

const good = Object.values(NETWORKS).map((make) => Buffer.from(make()))
/* What protobuf is made of: lengths that are too long, endless numbers, nested fields. */
const words = [[0xff, 0xff, 0xff, 0xff, 0x0f], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], [0x0a, 0x00], [0x80], [0x7f], [0x00], [0x12, 0xff, 0x7f]]

/** One to eight changes of a good file: bytes, words, cuts, pieces doubled or taken from another. */
function change() {
  let file = Buffer.from(good[below(good.length)])
  for (let i = below(8); i >= 0; i--) {
    const at = below(Math.min(file.length, HEADER_BYTES))
    const length = 1 + below(64)
    switch (below(6)) {
      case 0:
        file[at] = below(256)
        break
      case 1:
        file[at] ^= 1 << below(8)
        break
      case 2:
        file.set(Buffer.from(words[below(words.length)]).subarray(0, file.length - at), at)
        break
      case 3:
        file = Buffer.concat([file.subarray(0, at), file.subarray(at + length)])
        break
      case 4:
        file = Buffer.concat([file.subarray(0, at + length), file.subarray(at)])
        break
      default: {
        const other = good[below(good.length)]
        const from = below(Math.min(other.length, HEADER_BYTES))
        other.copy(file, at, from, from + Math.min(length, file.length - at))
      }
    }
    if (below(12) === 0) file = file.subarray(0, below(file.length))
  }
  return file
}

const seconds = Number(process.argv[2] ?? 600)
const end = performance.now() + 1000 * seconds
let imported = 0
let refused = 0
while (performance.now() < end) {
  const file = change()
  const start = process.cpuUsage()
  let problem = ''
  try {
    await importOnnx(new Uint8Array(file), { name: 'x', source: 'x.onnx' })
    imported++
  } catch (error) {
    refused++
    if (error.code !== 'MODEL' && error.code !== 'UNSUPPORTED') problem = String(error.stack)
  }
  const { user } = process.cpuUsage(start)
  if (user > 1e6 * SECONDS_MAX) problem = `${user / 1e6} s`
  if (problem) {
    const kept = path.join(root, 'build/fuzz/found-onnx')
    writeFileSync(kept, file)
    process.stdout.write(`onnx     A FINDING\n${problem}\nthe input is ${kept}: once it is understood, it belongs into tests/fixtures/findings/onnx\n`)
    process.exit(1)
  }
}
process.stdout.write(`onnx     ${seconds} s, ${imported + refused} executions, ${imported} imported, ${refused} refused: no finding\n`)
if (imported + refused === 0) process.exitCode = 1
