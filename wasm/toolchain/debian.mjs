/* debian.mjs - files from the Debian mirror that this machine's apt already uses, checked */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { Refusal, say, sha256 } from './folders.mjs'

const tries = 3

/** The full path of a program on PATH, or null. */
export function which(program, more = []) {
  for (const folder of [...(process.env.PATH || '').split(path.delimiter), ...more]) {
    const full = path.join(folder, program)
    if (folder && existsSync(full)) return full
  }
  return null
}

/** Run a program; its output as text, or null if it could not be run or failed. */
export function output(program, args, options = {}) {
  const done = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 28, ...options })
  return done.status === 0 ? done.stdout : null
}

/**
 * The mirror's address, from apt's own settings; it is written nowhere.
 * `instead` ends the message for a machine that has none: what to install and set instead.
 */
export function mirror(instead) {
  if (!which('apt-get') || !which('dpkg-deb')) {
    throw new Refusal(
      `expected apt-get and dpkg-deb on PATH to get files from Debian, found none: ` + `this is not a Debian machine.\n${instead}`
    )
  }
  const targets = output('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Origin: Debian'])
  const known = (targets || '').split('\n').filter((line) => line && !line.includes('security'))
  if (known.length) return known[0].replace(/\/*$/, '/')
  const files = ['/etc/apt/sources.list']
  try {
    files.push(...readdirSync('/etc/apt/sources.list.d').map((f) => `/etc/apt/sources.list.d/${f}`))
  } catch {
    /* no such folder: the one file is all there is */
  }
  for (const file of files.filter((f) => existsSync(f))) {
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      const match = line.startsWith('#') ? null : line.match(/[a-z+]+:\/\/\S+\/debian\/?(?=\s|$)/)
      if (match) return match[0].replace(/\/*$/, '/')
    }
  }
  throw new Refusal(`expected a Debian mirror in apt's settings, found none.\n${instead}`)
}

function reason(text) {
  const lines = text.split('\n').filter((line) => /^(E:|Err)/.test(line))
  /* apt names the address; it is of no use to the reader. */
  return (lines.pop() || 'no reason given').replace(/[a-z+]+:\/\/\S+/g, 'the mirror')
}

/**
 * Get one file of the mirror into `folder`, checked against its sha256: downloaded under another
 * name, renamed when whole. A damaged download is repeated. Returns the file's path.
 */
export function download(pool, hash, folder, instead) {
  const address = mirror(instead) + pool
  const helper = which('apt-helper', ['/usr/lib/apt'])
  if (!helper) throw new Refusal(`expected apt-helper (a part of apt), found none.\n${instead}`)
  mkdirSync(folder, { recursive: true })
  const file = path.join(folder, path.basename(pool))
  const partial = `${file}.partial`
  let last = ''
  for (let attempt = 1; attempt <= tries; attempt++) {
    rmSync(partial, { force: true })
    const done = spawnSync(helper, ['-o', 'APT::Sandbox::User=', '-o', 'Acquire::Retries=2', 'download-file', address, partial], {
      encoding: 'utf8'
    })
    if (done.status === 0 && existsSync(partial)) {
      const found = sha256(readFileSync(partial))
      if (found === hash) {
        renameSync(partial, file)
        return file
      }
      last = `expected sha256 ${hash}, got ${found}`
    } else {
      last = done.error ? done.error.message : reason(`${done.stdout}\n${done.stderr}`)
    }
    say(`${path.basename(pool)}: try ${attempt} of ${tries} failed: ${last}`)
  }
  rmSync(partial, { force: true })
  throw new Refusal(
    `${path.basename(pool)} could not be downloaded from this machine's Debian ` +
      `mirror: ${last}.\nCheck the network and run this again; nothing half done is ` +
      `kept.\n${instead}`
  )
}
