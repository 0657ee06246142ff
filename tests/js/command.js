/* command.js - the command line in a process of its own, and a folder for its files */
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const COMMAND = fileURLToPath(new URL('../../wasm/bin/photo2anime.js', import.meta.url))

/**
 * @param {string[]} args
 * @param {{input?: Uint8Array, program?: string[], heard?: (text: string, child: import('node:child_process').ChildProcess) => void}} [options]
 *   program: what runs instead of node COMMAND; heard: told of stderr and stdout as they come
 * @returns {Promise<{code: number|null, signal: string|null, stdout: Buffer, stderr: string}>}
 */
export function run(args, { input, program = [process.execPath, COMMAND], heard } = {}) {
  return new Promise((done, fail) => {
    const child = spawn(program[0], [...program.slice(1), ...args], { stdio: 'pipe' })
    const out = []
    const err = []
    child.stdout.on('data', (chunk) => {
      out.push(chunk)
      heard?.(chunk.toString(), child)
    })
    child.stderr.on('data', (chunk) => {
      err.push(chunk)
      heard?.(chunk.toString(), child)
    })
    child.stdin.on('error', () => {}) /* it may end without having read */
    child.stdin.end(input ?? new Uint8Array(0))
    child.on('error', fail)
    child.on('close', (code, signal) => done({ code, signal, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString() }))
  })
}

/** A new empty folder; release with remove(). */
export function createFolder() {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'photo2anime-'))
  return {
    folder,
    at: (...names) => path.join(folder, ...names),
    files: (...names) => readdirSync(path.join(folder, ...names)).sort(),
    remove: () => rmSync(folder, { recursive: true, force: true })
  }
}
