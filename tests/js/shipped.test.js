/* shipped.test.js - what the package holds of others is named, licensed and pinned; the lock file names no host */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'

import { root } from '../../wasm/toolchain/folders.mjs'
import { sources } from '../../wasm/toolchain/get-sources.mjs'
import { writeShipped } from '../../wasm/toolchain/shipped.mjs'

const read = (name) => readFileSync(path.join(root, name), 'utf8')

describe('what is shipped', () => {
  const manifest = JSON.parse(read('models/manifest.json'))
  let notices
  let sbom

  before(async () => {
    const files = await writeShipped()
    notices = readFileSync(files.notices, 'utf8')
    sbom = JSON.parse(readFileSync(files.sbom, 'utf8'))
  })

  it('the notices name every part that others wrote, with the text of its licence', () => {
    const parts = notices.split(/^-{78}\n/m).slice(1)
    const names = ['XNNPACK', 'pthreadpool', 'FP16', 'FXdiv', 'stb', 'jsmn', 'Emscripten', 'musl', 'dlmalloc', 'compiler-rt', 'client-zip']
    assert.deepEqual(parts.map((part) => part.match(/^[\w-]+/)[0]), names)
    for (const part of parts) {
      const [, id, text] = part.match(/\nLicence: (.+)\n\n([\s\S]*)$/)
      assert.ok(text.trim().length > 100, part)
      if (id === 'MIT') assert.match(text, /Permission is hereby granted/, part)
      if (id.startsWith('BSD')) assert.match(text, /Redistribution and use/, part)
      if (!/^(CC0|Apache)/.test(id)) assert.match(text, /copyright/i, part)
    }
  })

  it('the SBOM lists them and every model, with the checksums that are checked', () => {
    assert.equal(sbom.bomFormat, 'CycloneDX')
    const components = new Map(sbom.components.map((one) => [one['bom-ref'], one]))
    const hashes = sbom.components.flatMap((one) => one.hashes ?? []).map(({ alg, content }) => `${alg} ${content}`)
    for (const { sha256 } of [...sources, ...manifest]) assert.ok(hashes.includes(`SHA-256 ${sha256}`))
    for (const { name, license } of manifest) assert.equal(components.get(`model:${name}`).licenses[0].license.name, license)
    for (const ref of sbom.dependencies[0].dependsOn) assert.ok(components.has(ref), ref)
    assert.equal(components.size, sbom.dependencies[0].dependsOn.length)
    for (const { licenses } of components.values()) assert.equal(licenses.length, 1)
  })

  it('the package needs no other at run time; what it can use is in the SBOM', () => {
    const { dependencies = {}, optionalDependencies = {} } = JSON.parse(read('package.json'))
    assert.deepEqual(dependencies, {})
    const optional = sbom.components.filter(({ scope }) => scope === 'optional').map(({ name }) => name)
    assert.deepEqual(optional, Object.keys(optionalDependencies))
  })

  it('the lock file pins every package by its checksum, and names no registry', () => {
    const text = read('package-lock.json')
    const { packages } = JSON.parse(text)
    const entries = Object.entries(packages).filter(([name]) => name)
    assert.ok(entries.length > 30)
    for (const [name, entry] of entries) {
      assert.match(entry.integrity, /^sha512-/, name)
      assert.equal(entry.resolved, undefined, name)
    }
    assert.match(read('.npmrc'), /^omit-lockfile-registry-resolved=true$/m)
  })

  it('every source of the toolchain is pinned by a sha256', () => {
    assert.ok(sources.length >= 6)
    for (const { name, sha256 } of sources) assert.match(sha256, /^[0-9a-f]{64}$/, name)
  })
})
