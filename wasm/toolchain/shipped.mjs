/*
 * shipped.mjs - everything in the package that others wrote -> wasm/dist/THIRD_PARTY_NOTICES.txt and
 * sbom.cdx.json (CycloneDX 1.5); licences are read from the sources themselves
 */
import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Refusal, root, run, sha256, toolchain } from './folders.mjs'
import { getEmscripten } from './get-emscripten.mjs'
import { getSources, sources } from './get-sources.mjs'
import { ensurePackages } from './packages.mjs'

const dist = path.join(root, 'wasm/dist')

/* SPDX name of each of get-sources.mjs, and where its text stands; from, to: what surrounds it in a source file. */
const licenses = {
  xnnpack: { id: 'BSD-3-Clause', file: 'LICENSE' },
  pthreadpool: { id: 'BSD-2-Clause', file: 'LICENSE' },
  fp16: { id: 'MIT', file: 'LICENSE' },
  fxdiv: { id: 'MIT', file: 'LICENSE' },
  stb: { id: 'MIT', file: 'stb_image.h', from: 'This software is available under 2 licenses', to: '*/' },
  jsmn: { id: 'MIT', file: 'jsmn.h', from: 'MIT License', to: '*/' }
}

/* What Emscripten links into every module; texts in its own folder. */
const emscriptenParts = [
  { name: 'Emscripten', what: "JavaScript glue and thread support", id: 'MIT', file: 'emcc.py', from: '# Copyright', to: '"""', mit: true },
  { name: 'musl', what: 'the C library', id: 'MIT', file: 'system/lib/libc/musl/COPYRIGHT' },
  { name: 'dlmalloc', what: 'malloc', id: 'CC0-1.0', file: 'system/lib/dlmalloc.c', from: 'This is a version', to: '*' },
  { name: 'compiler-rt', what: 'arithmetic that wasm lacks', id: 'Apache-2.0 WITH LLVM-exception', file: 'system/lib/compiler-rt/lib/builtins/int_lib.h', from: '// Part of the LLVM', to: '//===--' }
]

function sourceFolder({ name, variable }) {
  return process.env[variable] || path.join(toolchain, 'sources', name)
}

/* The licence's text: the whole file, or what stands between two words of it. */
function readText(file, { from, to }) {
  if (!existsSync(file)) throw new Refusal(`expected a licence in ${file}, found no file`)
  const text = readFileSync(file, 'utf8')
  if (!from) return text.trim()
  const begin = text.indexOf(from)
  const end = text.indexOf(to, begin + from.length)
  if (begin < 0 || end < 0) throw new Refusal(`expected "${from}" and "${to}" in ${file}, found none`)
  return text.slice(begin, end).split('\n').map((line) => line.replace(/^\s*(\*|#|\/\/)? ?/, '')).join('\n').replace(/-{20,}\n/g, '').trim()
}

/* [{name, what, id, text, version, sha256}] */
async function findShipped() {
  await getSources()
  await ensurePackages()
  const { emcc, version } = await getEmscripten()
  const emscripten = path.dirname(emcc)
  const jsmn = sources.find(({ name }) => name === 'jsmn')
  const permission = readText(path.join(sourceFolder(jsmn), 'jsmn.h'), { from: 'Permission is hereby granted', to: '*/' })
  const list = sources.map((source) => {
    const license = licenses[source.name]
    if (!license) throw new Refusal(`expected a licence for ${source.name} in shipped.mjs, found none`)
    const parts = source.what.match(/^(\S+) (?:of )?([^,]+)/)
    return { name: parts[1], what: source.what, id: license.id, version: parts[2], sha256: source.sha256, text: readText(path.join(sourceFolder(source), license.file), license) }
  })
  for (const part of emscriptenParts) {
    const text = readText(path.join(emscripten, part.file), part)
    list.push({ name: part.name, what: `${part.what}, of Emscripten ${version}`, id: part.id, version, text: part.mit ? `${text}\n\n${permission}` : text })
  }
  const zip = path.join(root, 'node_modules/client-zip')
  const { version: zipVersion, license } = JSON.parse(readFileSync(path.join(zip, 'package.json'), 'utf8'))
  list.push({ name: 'client-zip', what: 'ZIP files in the page', id: license, version: zipVersion, text: readText(path.join(zip, 'LICENSE.txt'), {}) })
  return list
}

/* npm packages that the package can use and does not hold. */
function optionalPackages() {
  const { optionalDependencies = {} } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
  return Object.keys(optionalDependencies).map((name) => {
    const { version, license, description } = JSON.parse(readFileSync(path.join(root, 'node_modules', name, 'package.json'), 'utf8'))
    return { ...component({ name, version, id: license, what: description }), scope: 'optional' }
  })
}

function notices(list) {
  const rule = '-'.repeat(78)
  const parts = list.map(({ name, what, id, text }) => `${rule}\n${name}: ${what}\nLicence: ${id}\n\n${text}\n`)
  return `What photo2anime ships that others wrote: ${list.map(({ name }) => name).join(', ')}.\n` +
    `The model files are this project's own; models/manifest.json says under which terms each stands.\n\n${parts.join('\n')}`
}

function component({ name, version, id, sha256: hash, what }) {
  return {
    type: 'library',
    'bom-ref': `${name}@${version}`,
    name,
    version,
    description: what,
    licenses: [id.includes(' ') ? { expression: id } : { license: { id } }],
    ...(hash ? { hashes: [{ alg: 'SHA-256', content: hash }] } : {})
  }
}

function modelComponent({ name, file, sha256: hash, license }) {
  return { type: 'machine-learning-model', 'bom-ref': `model:${name}`, name, licenses: [{ license: { name: license } }], hashes: [{ alg: 'SHA-256', content: hash }], properties: [{ name: 'file', value: file }] }
}

function bom(list) {
  const { name, version, license } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
  const manifest = JSON.parse(readFileSync(path.join(root, 'models/manifest.json'), 'utf8'))
  for (const model of manifest) {
    const found = sha256(readFileSync(path.join(root, 'models', model.file)))
    if (found !== model.sha256) throw new Refusal(`expected sha256 ${model.sha256} of models/${model.file}, got ${found}`)
  }
  const components = [...list.map(component), ...optionalPackages(), ...manifest.map(modelComponent)]
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    serialNumber: `urn:uuid:${randomUUID()}`,
    version: 1,
    metadata: { timestamp: new Date().toISOString(), component: { type: 'application', 'bom-ref': name, name, version, licenses: [{ license: { id: license } }] } },
    components,
    dependencies: [{ ref: name, dependsOn: components.map((one) => one['bom-ref']) }]
  }
}

/** Write both files. @returns {Promise<{notices: string, sbom: string}>} where they lie */
export async function writeShipped() {
  const list = await findShipped()
  mkdirSync(dist, { recursive: true })
  const files = { notices: path.join(dist, 'THIRD_PARTY_NOTICES.txt'), sbom: path.join(dist, 'sbom.cdx.json') }
  writeFileSync(files.notices, notices(list))
  writeFileSync(files.sbom, `${JSON.stringify(bom(list), null, 1)}\n`)
  return files
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await run(async () => {
    for (const file of Object.values(await writeShipped())) process.stdout.write(`${path.relative(root, file)}: ${readFileSync(file, 'utf8').length} characters\n`)
  })
}
