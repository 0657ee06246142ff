/* start.mjs - `npm start`: from a fresh clone to an anime picture and the page */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { buildWasm, wasmHash } from './build.mjs'
import { Refusal, hashFiles, root, run, say, sha256 } from './folders.mjs'
import { buildPage } from './page.mjs'

const command = path.join(root, 'wasm/bin/photo2anime.js')
/* A photo that comes with an npm package of ours; MIT, like the package. */
const photo = path.join(root, 'node_modules/@vladmandic/face-api/demo/sample1.jpg')
const result = path.join(root, 'out/sample.png')

/* Convert the sample photo, unless that was done with the same photo, program and models. */
function convertSample() {
  const stamp = path.join(root, 'out/sample.stamp')
  const wanted = hashFiles(['wasm/js', 'wasm/bin', 'models/manifest.json'], `${wasmHash().built} ${sha256(readFileSync(photo))}`)
  if (existsSync(result) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) {
    say(`${path.relative(root, photo)} is ${path.relative(root, result)}`)
    return
  }
  mkdirSync(path.dirname(result), { recursive: true })
  rmSync(stamp, { force: true })
  const done = spawnSync(process.execPath, [command, 'convert', photo, '-o', result], { cwd: root, stdio: 'inherit' })
  if (done.status !== 0) throw new Refusal(`expected the sample photo to be converted, got exit status ${done.status}`)
  writeFileSync(stamp, wanted)
}

await run(async () => {
  await buildPage()
  await buildWasm()
  convertSample()
  const server = spawn(process.execPath, [command, 'serve', ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => server.kill(signal))
  server.on('exit', (code) => {
    process.exitCode = code ?? 1
  })
})
