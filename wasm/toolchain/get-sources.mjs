/* get-sources.mjs - pinned third-party sources into .toolchain/sources, for native and for wasm */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { download, which } from './debian.mjs'
import { Refusal, alone, run, say, toolchain } from './folders.mjs'

/*
 * Debian's copies of what upstream published, from trixie's pool: the file never changes, so its
 * checksum is pinned here. `probe` is the file by which a folder is known to be the right one.
 */
export const sources = [
  {
    name: 'xnnpack',
    what: 'XNNPACK of 2024-11-08, commit 4ea82e5',
    variable: 'P2A_XNNPACK_SOURCE',
    pool: 'pool/main/x/xnnpack/xnnpack_0.0~git20241108.4ea82e5.orig.tar.xz',
    probe: 'include/xnnpack.h',
    sha256: '90bde2caef0f880f627bab0dc805a86c4b8070cd98e3243db3046ab3f3be1a99'
  },
  {
    name: 'pthreadpool',
    what: 'pthreadpool of 2024-06-16, commit 560c60d',
    variable: 'P2A_PTHREADPOOL_SOURCE',
    pool: 'pool/main/p/pthreadpool/pthreadpool_0.0~git20240616.560c60d.orig.tar.xz',
    probe: 'include/pthreadpool.h',
    sha256: '4cc3cbd933b28131d2a34edc54f76af9fb41bc490af5eae1a5bd3cd07ea90708'
  },
  {
    name: 'fp16',
    what: 'FP16 of 2020-05-14, commit 4dfe081',
    variable: 'P2A_FP16_SOURCE',
    pool: 'pool/main/f/fp16/fp16_0.0~git20200514.4dfe081.orig.tar.xz',
    probe: 'include/fp16.h',
    sha256: '7d7782b37b74136e0e12593a2a93ccbe7db831f4374cc408e44623d9b708b54e'
  },
  {
    name: 'fxdiv',
    what: 'FXdiv of 2020-04-17, commit b408327',
    variable: 'P2A_FXDIV_SOURCE',
    pool: 'pool/main/f/fxdiv/fxdiv_0.0~git20200417.b408327.orig.tar.xz',
    probe: 'include/fxdiv.h',
    sha256: '7953482badaf4cb34026c3487c257b8e4ab2df061c019bd6fabbbc12ad52c44b'
  },
  {
    /* Headers only, so amd64's package serves every machine. */
    name: 'stb',
    what: 'stb of 2024-11-09, commit 5c20573',
    variable: 'P2A_STB_INCLUDE',
    pool: 'pool/main/libs/libstb/libstb-dev_0.0~git20241109.5c20573+ds-1_amd64.deb',
    probe: 'stb_image.h',
    inside: 'usr/include/stb',
    sha256: '36fbe0c268c76daa655180ea3c9933afc41c6449ec5e53ef3d4907b516147650'
  },
  {
    name: 'jsmn',
    what: 'jsmn 1.1.0',
    variable: 'P2A_JSMN_INCLUDE',
    pool: 'pool/main/j/jsmn/libjsmn-dev_1.1.0-2_all.deb',
    probe: 'jsmn.h',
    inside: 'usr/include',
    sha256: '4117ce4e363f31e1b21d7ab89d6350b5d78374965d4c9fef00a572f6e487c874'
  }
]

function unpack(program, args, what) {
  const done = spawnSync(program, args, { encoding: 'utf8' })
  if (done.status !== 0) {
    throw new Refusal(`expected ${program} to unpack ${what}, got: ${done.error?.message || done.stderr.trim()}`)
  }
}

function getOne(source, folder) {
  const target = path.join(folder, source.name)
  const marker = path.join(target, '.complete')
  if (existsSync(marker) && readFileSync(marker, 'utf8') === source.sha256 && existsSync(path.join(target, source.probe))) {
    return false
  }
  const instead = `Or set ${source.variable} to a folder with ${source.what} (it holds ${source.probe}).`
  if (!which('cmake')) throw new Refusal('expected cmake on PATH, found none. On Debian: apt-get install cmake')
  const file = download(source.pool, source.sha256, path.join(toolchain, 'downloads'), instead)
  const partial = `${target}.partial`
  rmSync(partial, { recursive: true, force: true })
  mkdirSync(partial, { recursive: true })
  if (source.inside) {
    unpack('dpkg-deb', ['-x', file, partial], path.basename(file))
  } else {
    /* cmake's tar reads .xz by itself; a bare Debian has no xz. */
    unpack(which('cmake'), ['-E', 'chdir', partial, 'cmake', '-E', 'tar', 'xf', file], path.basename(file))
  }
  /* Some tarballs have one folder at the top, some have none. */
  let inner = source.inside ? path.join(partial, source.inside) : partial
  const children = readdirSync(inner)
  if (!existsSync(path.join(inner, source.probe)) && children.length === 1) inner = path.join(inner, children[0])
  if (!existsSync(path.join(inner, source.probe))) {
    throw new Refusal(`expected ${source.probe} in ${path.basename(file)}, found none`)
  }
  writeFileSync(path.join(inner, '.complete'), source.sha256)
  rmSync(target, { recursive: true, force: true })
  renameSync(inner, target)
  rmSync(partial, { recursive: true, force: true })
  rmSync(file, { force: true })
  return true
}

/** Make every source present; those whose variable is set are only checked. */
export async function getSources() {
  await alone(toolchain, () => {
    const got = []
    for (const source of sources) {
      const given = process.env[source.variable]
      if (given) {
        if (!existsSync(path.join(given, source.probe))) {
          throw new Refusal(`expected ${source.probe} in the folder that ${source.variable} names, ` + `found none in "${given}"`)
        }
      } else if (getOne(source, path.join(toolchain, 'sources'))) {
        got.push(source.name)
      }
    }
    if (got.length) say(`got ${got.join(', ')}`)
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await run(getSources)
