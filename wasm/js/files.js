/**
 * files.js - Node only: files in, files out, nothing half-written
 */
import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { lstat, open, readFile, rename, stat, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { P2AError } from './errors.js'

const MODELS = new URL('../../models/', import.meta.url)

/** A photo of 100 megapixels is below this in every format; more is a mistake. */
export const FILE_BYTES_MAX = 1 << 30

const REASONS = /** @type {Record<string, string>} */ ({
  ENOENT: 'there is no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is not a folder',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space is left on the device',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file would be larger than is allowed here',
  ENAMETOOLONG: 'the name is too long',
  EMFILE: 'too many files are open',
  ELOOP: 'the links go round in a circle',
  EPIPE: 'nobody reads it any more'
})

/**
 * @param {string} what "read" or "write"
 * @param {string} path
 * @param {unknown} cause
 * @returns {P2AError}
 */
function ioError(what, path, cause) {
  const { code, message } = /** @type {NodeJS.ErrnoException} */ (cause)
  return new P2AError('IO', `cannot ${what} ${path}: ${REASONS[code ?? ''] ?? message}`, { cause })
}

/**
 * @param {string} path
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 * @throws {P2AError} IO
 */
export async function readInput(path) {
  try {
    const { size } = await stat(path)
    if (size > FILE_BYTES_MAX) {
      throw new P2AError('IO', `expected a file of at most ${FILE_BYTES_MAX} bytes, ${path} has ${size}`)
    }
    return new Uint8Array(await readFile(path))
  } catch (cause) {
    throw cause instanceof P2AError ? cause : ioError('read', path, cause)
  }
}

/** @returns {Promise<Uint8Array<ArrayBuffer>>} all of stdin */
export async function readStdin() {
  const chunks = []
  let length = 0
  for await (const chunk of process.stdin) {
    chunks.push(chunk)
    length += chunk.length
    if (length > FILE_BYTES_MAX) {
      throw new P2AError('IO', `expected at most ${FILE_BYTES_MAX} bytes on stdin, got more`)
    }
  }
  return new Uint8Array(Buffer.concat(chunks))
}

/** @param {string} path @returns {Promise<boolean>} whether it is there and is something else than a file, a device say */
async function isSpecial(path) {
  try {
    return !(await stat(path)).isFile()
  } catch {
    return false
  }
}

/**
 * Write a file so that it is there whole or not at all: a temporary name beside it, flushed, renamed.
 * @param {string} path
 * @param {Uint8Array} bytes
 * @throws {P2AError} IO; nothing is left behind
 */
export async function writeOutput(path, bytes) {
  if (await isSpecial(path)) {
    await writeDirectly(path, bytes)
    return
  }
  const temporary = join(dirname(path), `.${basename(path).slice(0, 100)}.${randomBytes(6).toString('hex')}.tmp`)
  let file
  try {
    await lstat(dirname(path))
    file = await open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o666)
    await file.writeFile(bytes)
    await file.sync()
    await file.close()
    file = undefined
    await rename(temporary, path)
  } catch (cause) {
    await file?.close().catch(() => {})
    await unlink(temporary).catch(() => {})
    throw ioError('write', path, cause)
  }
}

/**
 * A device or a pipe cannot be renamed onto.
 * @param {string} path
 * @param {Uint8Array} bytes
 */
async function writeDirectly(path, bytes) {
  let file
  try {
    file = await open(path, 'w')
    await file.writeFile(bytes)
  } catch (cause) {
    throw ioError('write', path, cause)
  } finally {
    await file?.close().catch(() => {})
  }
}

/**
 * @param {Uint8Array} bytes
 * @returns {Promise<void>} when all of it is handed over
 * @throws {P2AError} IO
 */
export function writeStdout(bytes) {
  return new Promise((done, fail) => {
    process.stdout.write(bytes, (cause) => (cause ? fail(ioError('write', 'to stdout', cause)) : done()))
  })
}

/** @type {import('./models.js').ReadModelFile} from the package's own models/ folder */
export async function readPackagedModel(path) {
  return readInput(fileURLToPath(new URL(path, MODELS)))
}
