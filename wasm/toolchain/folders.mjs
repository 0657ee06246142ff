/* folders.mjs - where the project, its private toolchain and its builds lie */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')
/* Git-ignored. P2A_TOOLCHAIN moves it, for example to share it between clones. */
export const toolchain = path.resolve(process.env.P2A_TOOLCHAIN || path.join(root, '.toolchain'))

/* A failure that the reader can do something about: printed as it is, without a stack. */
export class Refusal extends Error {}

export function say(text) {
  process.stderr.write(`toolchain: ${text}\n`)
}

/** Run `main` and turn a Refusal into its text and exit status 1. */
export async function run(main) {
  try {
    await main()
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    process.stderr.write(`\n${error.message}\n`)
    process.exitCode = 1
  }
}

export function sha256(data) {
  return createHash('sha256').update(data).digest('hex')
}

/** One hash over the names and bytes of files; folders are read whole. */
export function hashFiles(names, extra = '') {
  const hash = createHash('sha256').update(extra)
  const visit = (name) => {
    const full = path.join(root, name)
    if (statSync(full).isDirectory()) {
      for (const child of readdirSync(full).sort()) visit(path.join(name, child))
    } else {
      hash.update(`${name}\0`).update(readFileSync(full)).update('\0')
    }
  }
  for (const name of names) visit(name)
  return hash.digest('hex')
}

function alive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/**
 * Run `work` while no other process of this project does the same kind of work in `folder`. A lock
 * whose process has ended is taken over.
 */
export async function alone(folder, work) {
  mkdirSync(folder, { recursive: true })
  const lock = path.join(folder, '.lock')
  for (let waited = false; ;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' })
      break
    } catch (error) {
      if (error.code !== 'EEXIST') {
        throw new Refusal(`expected to be able to write in ${folder}, got: ${error.message}`)
      }
      let owner = NaN
      try {
        owner = Number(readFileSync(lock, 'utf8'))
      } catch {
        continue
      }
      if (owner > 0 && !alive(owner)) {
        rmSync(lock, { force: true })
        continue
      }
      if (!waited) say(`waiting for process ${owner}, which works in ${folder}`)
      waited = true
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
  const release = () => rmSync(lock, { force: true })
  const interrupted = () => process.exit(130)
  process.once('exit', release)
  process.once('SIGINT', interrupted)
  process.once('SIGTERM', interrupted)
  try {
    return await work()
  } finally {
    release()
    process.removeListener('exit', release)
    process.removeListener('SIGINT', interrupted)
    process.removeListener('SIGTERM', interrupted)
  }
}
