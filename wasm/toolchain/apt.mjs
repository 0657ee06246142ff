/* apt.mjs - Debian packages of any suite, unpacked into a folder of the project; no root, nothing else changed */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { mirror } from './debian.mjs'
import { Refusal } from './folders.mjs'

/** Run a program; its output. A failure is a Refusal that ends with `instead`. */
export function must(program, args, instead, options = {}) {
  const done = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 28, ...options })
  if (done.status !== 0) {
    const text = (done.error?.message || done.stderr || '').replace(/[a-z+]+:\/\/\S+/g, 'the mirror').trim()
    throw new Refusal(
      `expected ${path.basename(program)} ${args[0]} to succeed, got: ${text.split('\n').pop()}\n` +
        `Check the network and run this again; nothing half done is used.\n${instead}`
    )
  }
  return done.stdout
}

/**
 * An apt that knows only `suite` and writes only below `folder`, its lists read: the environment to
 * call it with. It holds the mirror's address: remove the folder afterwards.
 */
export function privateApt(folder, suite, instead) {
  const address = mirror(instead)
  for (const name of ['lists/partial', 'cache/archives/partial', 'parts', 'preferences']) mkdirSync(path.join(folder, name), { recursive: true })
  writeFileSync(path.join(folder, 'status'), '')
  writeFileSync(path.join(folder, 'sources.list'), '')
  writeFileSync(
    path.join(folder, 'parts/debian.sources'),
    `Types: deb\nURIs: ${address}\nSuites: ${suite}\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n`
  )
  const architecture = must('dpkg', ['--print-architecture'], instead).trim()
  writeFileSync(
    path.join(folder, 'apt.conf'),
    `Dir::State "${folder}"; Dir::State::Lists "${folder}/lists";
Dir::State::status "${folder}/status"; Dir::Cache "${folder}/cache"; Dir::Etc::SourceList "${folder}/sources.list";
Dir::Etc::SourceParts "${folder}/parts"; Dir::Etc::Preferences "${folder}/none"; Dir::Etc::PreferencesParts "${folder}/preferences";
APT::Architecture "${architecture}"; APT::Architectures { "${architecture}"; };
APT::Install-Recommends "false"; Acquire::Languages "none"; APT::Sandbox::User ""; Acquire::Retries "3";
`
  )
  const env = { ...process.env, APT_CONFIG: path.join(folder, 'apt.conf') }
  must('apt-get', ['-qq', 'update'], instead, { env })
  return env
}

/** The packages that these depend on, without the C library and what any Debian has. */
export function dependencies(packages, env, instead) {
  const without = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances', 'pre-depends'].map((kind) => `--no-${kind}`)
  return must('apt-cache', ['depends', '--recurse', ...without, ...packages], instead, { env })
    .split('\n')
    .filter((name) => /^[a-z]/.test(name) && !name.includes(':'))
    .filter((name) => !/^(debconf|cdebconf|libc6-|libc-gconv|perl|gcc-|dpkg|media-types)/.test(name))
}

/** Download packages (checked by apt against the suite's signed index) and unpack them into `root`. */
export function unpackPackages(folder, packages, root, excluded, env, instead) {
  const cache = path.join(folder, 'cache')
  must('apt-get', ['-qq', 'download', ...packages], instead, { env, cwd: cache })
  mkdirSync(root, { recursive: true })
  for (const file of readdirSync(cache).filter((name) => name.endsWith('.deb'))) {
    must(
      'bash',
      ['-c', 'set -o pipefail; dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" "${@:3}"', 'unpack', path.join(cache, file), root,
        ...excluded.map((pattern) => `--exclude=${pattern}`)],
      instead
    )
    rmSync(path.join(cache, file))
  }
}
