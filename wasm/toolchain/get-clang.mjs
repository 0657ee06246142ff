/* get-clang.mjs - a clang with libFuzzer for this machine: the one on PATH, or a private copy from Debian */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { dependencies, must, privateApt, unpackPackages } from './apt.mjs'
import { which } from './debian.mjs'
import { Refusal, alone, run, say, toolchain } from './folders.mjs'

const instead = 'Or install clang with its libFuzzer (on Debian: apt-get install clang libclang-rt-dev) and put it on PATH.'
const home = path.join(toolchain, 'clang')
const complete = path.join(home, 'complete')
const excluded = ['./usr/share/doc*', './usr/share/man*', './usr/share/locale*', '*-i386.*', '*hwasan*', '*msan*', '*tsan*', '*dfsan*']

/* Whether this clang makes a program that libFuzzer runs. */
function works(clang) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'p2a-clang-'))
  try {
    const source = path.join(folder, 'target.c')
    const program = path.join(folder, 'target')
    writeFileSync(source, '#include <stddef.h>\nint LLVMFuzzerTestOneInput(const unsigned char *d, size_t n) { return (int)(n & 0) * d[0]; }\n')
    const built = spawnSync(clang, ['-fsanitize=fuzzer,address,undefined', source, '-o', program], { encoding: 'utf8' })
    return built.status === 0 && spawnSync(program, ['-runs=1'], { encoding: 'utf8' }).status === 0
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/* This machine's own release: its clang fits its C library. */
function ownSuite() {
  const name = existsSync('/etc/os-release') && readFileSync('/etc/os-release', 'utf8').match(/^VERSION_CODENAME=(\w+)$/m)?.[1]
  if (!name) throw new Refusal(`expected VERSION_CODENAME in /etc/os-release, found none.\n${instead}`)
  return name
}

function install() {
  const suite = ownSuite()
  rmSync(home, { recursive: true, force: true })
  const apt = path.join(home, 'apt')
  const root = path.join(home, 'root')
  mkdirSync(apt, { recursive: true })
  say(`getting clang from Debian ${suite} into ${home} (about 60 MB, once)`)
  let version
  try {
    const env = privateApt(apt, suite, instead)
    version = must('apt-cache', ['show', 'clang'], instead, { env }).match(/^Depends:.*\bclang-(\d+)/m)?.[1]
    if (!version) throw new Refusal(`expected Debian ${suite}'s clang to depend on a clang with a number, got none.\n${instead}`)
    const wanted = [`clang-${version}`, `libclang-common-${version}-dev`, `libclang-rt-${version}-dev`]
    const needed = dependencies([`libllvm${version}`, `libclang-cpp${version}`], env, instead).filter((name) => !/^(libc6|libgcc-s1|libstdc)/.test(name))
    unpackPackages(apt, [...new Set([...wanted, ...needed])], root, excluded, env, instead)
  } finally {
    rmSync(apt, { recursive: true, force: true }) /* it holds the mirror's address */
  }
  const architecture = must('gcc', ['-print-multiarch'], instead).trim()
  const libraries = ['usr/lib', 'lib'].map((folder) => path.join(root, folder, architecture)).join(':')
  mkdirSync(path.join(home, 'bin'))
  for (const name of ['clang', 'clang++']) {
    writeFileSync(
      path.join(home, 'bin', name),
      `#!/bin/sh\nLD_LIBRARY_PATH='${libraries}' exec '${root}/usr/lib/llvm-${version}/bin/${name}' "$@"\n`,
      { mode: 0o755 }
    )
  }
  if (!works(path.join(home, 'bin/clang'))) throw new Refusal(`expected Debian's clang ${version} to make a program with libFuzzer, and it did not.\n${instead}`)
  writeFileSync(complete, home) /* last: without it everything here is done again; paths inside are absolute */
}

/** The folder that holds a clang and a clang++ with libFuzzer. */
export async function getClang() {
  const found = which('clang')
  if (found && which('clang++') && works(found)) return path.dirname(found)
  return alone(toolchain, () => {
    if (!existsSync(complete) || readFileSync(complete, 'utf8') !== home) install()
    return path.join(home, 'bin')
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await run(async () => {
    process.stdout.write(`${await getClang()}\n`)
  })
}
