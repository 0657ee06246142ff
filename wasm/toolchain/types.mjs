/* types.mjs - the JSDoc of wasm/js -> wasm/types/*.d.ts, which the package ships */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Refusal, alone, hashFiles, root, run, say } from './folders.mjs'
import { ensurePackages } from './packages.mjs'

export const types = path.join(root, 'wasm/types')
const entries = ['index.js', 'engine.js']

/** The declarations, made anew where a source has changed. */
export async function buildTypes() {
  await ensurePackages()
  await alone(path.join(root, 'build'), () => {
    const stamp = path.join(root, 'build/types.stamp')
    const wanted = hashFiles(['wasm/js', 'wasm/toolchain/types.mjs', 'tsconfig.json', 'package-lock.json'], root)
    const made = () => entries.every((name) => existsSync(path.join(types, name.replace('.js', '.d.ts'))))
    if (made() && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
    rmSync(types, { recursive: true, force: true })
    mkdirSync(types, { recursive: true })
    const done = spawnSync(process.execPath, [
      path.join(root, 'node_modules/typescript/bin/tsc'), '--ignoreConfig', '--allowJs', '--checkJs', '--strict', '--declaration', '--emitDeclarationOnly', '--target', 'ES2022',
      '--module', 'NodeNext', '--moduleResolution', 'NodeNext', '--lib', 'ES2024,ESNext.Disposable,DOM,DOM.Iterable', '--types', 'node',
      '--rootDir', path.join(root, 'wasm/js'), '--outDir', types, ...entries.map((name) => path.join(root, 'wasm/js', name))
    ], { cwd: root, encoding: 'utf8' })
    if (done.status !== 0 || !made()) throw new Refusal(`expected tsc to write ${types}, got status ${done.status}\n${done.stdout}${done.stderr}`)
    writeFileSync(stamp, wanted)
    say('wasm/types is made')
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await run(buildTypes)
