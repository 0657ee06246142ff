/* lint.mjs - `npm run lint`: C as .clang-format says, JavaScript's types as tsconfig.json says; --fix formats */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { output, which } from '../wasm/toolchain/debian.mjs'
import { Refusal, root, run, toolchain } from '../wasm/toolchain/folders.mjs'
import { ensurePackages } from '../wasm/toolchain/packages.mjs'

/* The toolchain's own clang-format gives the same answer everywhere; another version may differ. */
function findClangFormat() {
  const own = path.join(toolchain, 'emscripten/root/usr/bin/clang-format-19')
  const found = process.env.P2A_CLANG_FORMAT || (existsSync(own) ? own : which('clang-format'))
  if (!found || !existsSync(found)) {
    throw new Refusal('expected clang-format: `npm run build` brings one along, or set P2A_CLANG_FORMAT, or install it')
  }
  return found
}

function checkFormat(fix) {
  const files = output('git', ['ls-files', '*.c', '*.h'], { cwd: root })?.split('\n').filter((name) => name && existsSync(path.join(root, name)))
  if (!files?.length) throw new Refusal('expected git to list C files, got none')
  const done = spawnSync(findClangFormat(), [...(fix ? ['-i'] : ['--dry-run', '-Werror']), ...files], { cwd: root, encoding: 'utf8' })
  const wrong = new Set([...done.stderr.matchAll(/^(\S+?):\d+:\d+: (?:error|warning)/gm)].map((match) => match[1]))
  for (const name of wrong) process.stdout.write(`${name}: not as clang-format would write it\n`)
  process.stdout.write(`clang-format: ${files.length} files, ${wrong.size} to format\n`)
  if (done.status !== 0 && wrong.size === 0) throw new Refusal(`expected clang-format to run, got: ${done.error?.message || done.stderr}`)
  return wrong.size === 0
}

function checkTypes() {
  const done = spawnSync(process.execPath, [path.join(root, 'node_modules/typescript/bin/tsc'), '-p', root], { cwd: root, stdio: 'inherit' })
  process.stdout.write(`tsc: ${done.status === 0 ? 'no errors' : 'errors'}\n`)
  return done.status === 0
}

await run(async () => {
  await ensurePackages()
  const good = [checkFormat(process.argv.includes('--fix')), checkTypes()]
  if (good.includes(false)) process.exitCode = 1
})
