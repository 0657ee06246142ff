/* toolchain.test.js - downloads that are damaged, missing or impossible: repeated, refused, never half kept */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from '../../wasm/toolchain/folders.mjs'

const script = (name) => path.join(root, 'wasm/toolchain', name)
const host = 'mirror.example.invalid'
const whole = Buffer.from('every byte of the file that was asked for')
const hash = createHash('sha256').update(whole).digest('hex')

describe('toolchain', () => {
  let folder, bin, toolchain

  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'p2a-toolchain-'))
    bin = path.join(folder, 'bin')
    toolchain = path.join(folder, 'toolchain')
    mkdirSync(bin)
    symlinkSync(process.execPath, path.join(bin, 'node'))
    for (const tool of ['cmake', 'sh', 'cat', 'cp', 'touch']) {
      const found = process.env.PATH.split(':').map((one) => path.join(one, tool)).find((one) => existsSync(one))
      symlinkSync(found, path.join(bin, tool))
    }
  })

  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  /** A program of that name on PATH. */
  function fake(name, text) {
    writeFileSync(path.join(bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 })
  }

  function fakeDebian(helper) {
    fake('apt-get', `[ "$1" = indextargets ] && { echo http://${host}/debian/; exit 0; }; echo "E: Failed to fetch http://${host}/x" >&2; exit 100`)
    fake('dpkg', 'echo amd64')
    fake('dpkg-deb', 'exit 1')
    fake('apt-helper', `for last; do :; done\n${helper}`)
  }

  /** Node on our scripts, with only the programs of `bin`, in a toolchain folder of its own. */
  function node(args, variables = {}) {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('P2A_'))
    const env = { ...Object.fromEntries(inherited), PATH: bin, P2A_TOOLCHAIN: toolchain, ...variables }
    const done = spawnSync(process.execPath, args, { cwd: folder, env, encoding: 'utf8' })
    return { status: done.status, text: done.stdout + done.stderr }
  }

  /** Every file that lies in the toolchain folder. */
  function kept() {
    return existsSync(toolchain) ? readdirSync(toolchain, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => entry.name) : []
  }

  function download() {
    const code = `import { download } from ${JSON.stringify(pathToFileURL(script('debian.mjs')).href)}
      import { run } from ${JSON.stringify(pathToFileURL(script('folders.mjs')).href)}
      await run(() => { process.stdout.write('got ' + download('pool/main/f/file.tar', '${hash}', '${toolchain}', 'Or set P2A_FILE.')) })`
    return node(['--input-type=module', '-e', code])
  }

  it('says what to install and set on a machine that is not Debian', () => {
    const { status, text } = node([script('get-sources.mjs')])
    assert.equal(status, 1)
    assert.match(text, /not a Debian machine/)
    assert.match(text, /set P2A_XNNPACK_SOURCE to a folder with XNNPACK/)
    assert.deepEqual(kept(), [])
  })

  it('says so for Emscripten too', () => {
    const { status, text } = node([script('get-emscripten.mjs')])
    assert.equal(status, 1)
    assert.match(text, /not a Debian machine/)
    assert.match(text, /install Emscripten 3\.1\.69 or newer.*P2A_EMSCRIPTEN/)
    assert.deepEqual(kept(), [])
  })

  it('gets a file that is whole', () => {
    fakeDebian(`printf '%s' '${whole}' >"$last"`)
    const { status, text } = download()
    assert.equal(status, 0, text)
    assert.deepEqual(readFileSync(path.join(toolchain, 'file.tar')), whole)
    assert.deepEqual(kept(), ['file.tar'])
  })

  it('repeats a download that was cut off', () => {
    fakeDebian(`if [ -e ${folder}/again ]; then printf '%s' '${whole}' >"$last"; else touch ${folder}/again; printf 'every byte' >"$last"; fi`)
    const { status, text } = download()
    assert.equal(status, 0, text)
    assert.match(text, /try 1 of 3 failed: expected sha256/)
    assert.deepEqual(readFileSync(path.join(toolchain, 'file.tar')), whole)
  })

  it('refuses a file whose checksum stays wrong, and keeps nothing', () => {
    fakeDebian('printf \'something else\' >"$last"')
    const { status, text } = node([script('get-sources.mjs')])
    assert.equal(status, 1)
    assert.match(text, /try 3 of 3 failed: expected sha256 90bde2ca[0-9a-f]+, got [0-9a-f]{64}/)
    assert.match(text, /nothing half done is kept/)
    assert.deepEqual(kept(), [])
  })

  it('says that the network is missing, without the address of the mirror', () => {
    fakeDebian(`echo "E: Failed to fetch http://${host}/debian/pool/x  Could not resolve '${host}'" >&2; exit 100`)
    const { status, text } = download()
    assert.equal(status, 1)
    assert.match(text, /file\.tar could not be downloaded/)
    assert.match(text, /Check the network/)
    assert.match(text, /Or set P2A_FILE/)
    assert.doesNotMatch(text, /https?:\/\//)
    assert.deepEqual(kept(), [])
  })

  it('does not use a source folder that was left unfinished', () => {
    fakeDebian('exit 100')
    mkdirSync(path.join(toolchain, 'sources/xnnpack/include'), { recursive: true })
    writeFileSync(path.join(toolchain, 'sources/xnnpack/include/xnnpack.h'), '')
    const { status, text } = node([script('get-sources.mjs')])
    assert.equal(status, 1)
    assert.match(text, /xnnpack_.*could not be downloaded/)
  })

  it('begins anew where Emscripten was left unfinished, and does not call it complete', () => {
    fakeDebian('exit 100')
    mkdirSync(path.join(toolchain, 'emscripten/root/usr/share/emscripten'), { recursive: true })
    writeFileSync(path.join(toolchain, 'emscripten/root/usr/share/emscripten/emcc'), '')
    const { status, text } = node([script('get-emscripten.mjs')])
    assert.equal(status, 1)
    assert.match(text, /expected apt-get -qq to succeed/)
    assert.doesNotMatch(text, new RegExp(host))
    assert.deepEqual(kept(), [])
  })

  it('names the variable whose folder does not hold what it should', () => {
    const { status, text } = node([script('get-sources.mjs')], { P2A_XNNPACK_SOURCE: folder })
    assert.equal(status, 1)
    assert.match(text, /expected include\/xnnpack\.h in the folder that P2A_XNNPACK_SOURCE names, found none in "/)
  })

  it('refuses an Emscripten that is too old, and takes one that is recent enough', () => {
    fake('emcc', 'echo "emcc (Emscripten) 3.1.6 ()"')
    const old = node([script('get-emscripten.mjs')], { P2A_EMSCRIPTEN: bin })
    assert.equal(old.status, 1)
    assert.match(old.text, /expected an emcc of 3\.1\.69 or newer in the folder that P2A_EMSCRIPTEN names, got 3\.1\.6 in/)
    fake('emcc', 'echo "emcc (Emscripten) 4.0.2 ()"')
    const recent = node([script('get-emscripten.mjs')])
    assert.equal(recent.status, 0, recent.text)
    assert.match(recent.text, /emcc \(4\.0\.2\)/)
  })

  it('takes over the lock of a process that has ended', () => {
    mkdirSync(toolchain)
    const ended = spawnSync(process.execPath, ['-e', ''])
    writeFileSync(path.join(toolchain, '.lock'), String(ended.pid))
    const { status, text } = node([script('get-sources.mjs')])
    assert.equal(status, 1)
    assert.match(text, /not a Debian machine/)
    assert.ok(!existsSync(path.join(toolchain, '.lock')))
  })
})
