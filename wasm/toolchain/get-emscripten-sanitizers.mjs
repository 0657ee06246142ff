/* get-emscripten-sanitizers.mjs - the parts of Emscripten that only its sanitizers need, into the private copy */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { must, privateApt } from './apt.mjs'
import { Refusal, alone, run, say, toolchain } from './folders.mjs'
import { getEmscripten } from './get-emscripten.mjs'

const home = path.join(toolchain, 'emscripten')
const instead = 'Or put an Emscripten with its sanitizers (any emsdk) on PATH.'

/* get-emscripten.mjs leaves them out: no other build needs them. */
const parts = '*san*'
const without = ['*-debug*', '*/lto*', '*/pic*', '*/thinlto*', '*-ww*', '*-except*', './usr/share/emscripten/test', './usr/share/doc']

/** An Emscripten that links with -fsanitize=address, as getEmscripten() describes it. */
export async function getEmscriptenSanitizers() {
  const found = await getEmscripten()
  if (!found.emcc.startsWith(home)) return found
  return alone(toolchain, () => {
    const complete = path.join(home, 'sanitizers')
    const wanted = readFileSync(path.join(home, 'complete.json'), 'utf8')
    if (existsSync(complete) && readFileSync(complete, 'utf8') === wanted) return found
    const suite = 'trixie'
    const apt = path.join(home, 'apt')
    const cache = path.join(apt, 'cache')
    say(`getting the sanitizers of Debian ${suite}'s Emscripten (about 250 MB, once)`)
    try {
      const env = privateApt(apt, suite, instead)
      must('apt-get', ['-qq', 'download', 'emscripten'], instead, { env, cwd: cache })
      const file = readdirSync(cache).find((name) => name.endsWith('.deb'))
      if (!file) throw new Refusal(`expected apt-get to download emscripten, got nothing.\n${instead}`)
      const unpacked = path.join(apt, 'root')
      mkdirSync(unpacked)
      must('bash', ['-c', 'set -o pipefail; dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" --wildcards "${@:3}"', 'unpack', path.join(cache, file), unpacked,
        ...without.map((pattern) => `--exclude=${pattern}`), parts], instead)
      const emscripten = path.join(unpacked, 'usr/share/emscripten')
      must('cp', ['-a', `${path.join(emscripten, 'cache')}/.`, path.join(home, 'cache')], instead)
      must('cp', ['-a', `${path.join(emscripten, 'system')}/.`, path.join(home, 'root/usr/share/emscripten/system')], instead)
    } finally {
      rmSync(apt, { recursive: true, force: true }) /* it holds the mirror's address */
    }
    writeFileSync(complete, wanted)
    return found
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await run(async () => {
    process.stdout.write(`${(await getEmscriptenSanitizers()).emcc}\n`)
  })
}
