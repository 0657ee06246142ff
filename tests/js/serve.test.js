/* serve.test.js - the page's server: what it serves, with which headers, and what it refuses */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { gunzipSync } from 'node:zlib'

import { createPageServer } from '../../wasm/bin/serve.js'
import { COMMAND, run } from './command.js'

const read = (name) => readFileSync(new URL(`../../${name}`, import.meta.url))

describe('serve', () => {
  let server
  let port

  before(async () => {
    server = createPageServer()
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
    port = server.address().port
  })
  after(() => {
    server.closeAllConnections()
    server.close()
  })

  /** A path as it is, not cleaned up as fetch() would. */
  function get(path, method = 'GET', headers = {}) {
    return new Promise((done, fail) => {
      request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
        const chunks = []
        response.on('data', (chunk) => chunks.push(chunk))
        response.on('end', () => done({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }))
      }).on('error', fail).end()
    })
  }

  for (const [path, file, type] of [
    ['/', 'web/index.html', 'text/html; charset=utf-8'],
    ['/index.html?x=1', 'web/index.html', 'text/html; charset=utf-8'],
    ['/app.js', 'web/app.js', 'text/javascript; charset=utf-8'],
    ['/style.css', 'web/style.css', 'text/css; charset=utf-8'],
    ['/icon.svg', 'web/icon.svg', 'image/svg+xml'],
    ['/wasm/js/index.js', 'wasm/js/index.js', 'text/javascript; charset=utf-8'],
    ['/wasm/dist/p2a-simd.mjs', 'wasm/dist/p2a-simd.mjs', 'text/javascript; charset=utf-8'],
    ['/wasm/dist/p2a-simd.wasm', 'wasm/dist/p2a-simd.wasm', 'application/wasm'],
    ['/models/manifest.json', 'models/manifest.json', 'application/json; charset=utf-8'],
    ['/models/weights/miyazaki.safetensors', 'models/weights/miyazaki.safetensors', 'application/octet-stream']
  ]) {
    it(`serves ${path} as ${type}`, async () => {
      const { status, headers, body } = await get(path)
      assert.equal(status, 200)
      assert.equal(headers['content-type'], type)
      assert.deepEqual(body, read(file))
    })
  }

  it('isolates the page and forbids every other origin, on every answer', async () => {
    for (const [path, method] of [['/', 'GET'], ['/wasm/js/worker.js', 'GET'], ['/nowhere', 'GET'], ['/', 'POST'], ['/', 'HEAD']]) {
      const { headers } = await get(path, method)
      assert.equal(headers['cross-origin-opener-policy'], 'same-origin')
      assert.equal(headers['cross-origin-embedder-policy'], 'require-corp')
      assert.equal(headers['cross-origin-resource-policy'], 'same-origin')
      assert.equal(headers['x-content-type-options'], 'nosniff')
      assert.equal(headers['referrer-policy'], 'no-referrer')
      const rules = Object.fromEntries(headers['content-security-policy'].split(';').map((rule) => rule.trim().split(/ (.*)/).slice(0, 2)))
      assert.equal(rules['default-src'], "'none'")
      assert.equal(rules['connect-src'], "'self'")
      assert.equal(rules['script-src'], "'self' 'wasm-unsafe-eval'")
      for (const sources of Object.values(rules)) assert.doesNotMatch(sources, /http|\*|unsafe-inline|'unsafe-eval'/)
    }
  })

  it('sends gzip to those who accept it, of what gets smaller by it', async () => {
    for (const [accepted, path, gzipped] of [['gzip, br', '/style.css', true], ['br', '/style.css', false], ['br, gzip;q=0', '/style.css', false], ['gzip', '/sample.jpg', false]]) {
      const { headers, body } = await get(path, 'GET', { 'Accept-Encoding': accepted })
      assert.equal(headers['content-encoding'], gzipped ? 'gzip' : undefined, `${path} for ${accepted}`)
      assert.equal(headers.vary, 'Accept-Encoding')
      assert.deepEqual(gzipped ? gunzipSync(body) : body, read(`web${path}`))
    }
  })

  it('sends nothing again to those who have it', async () => {
    const first = await get('/style.css')
    const again = await get('/style.css', 'GET', { 'If-None-Match': first.headers.etag })
    assert.deepEqual([again.status, again.body.length], [304, 0])
    assert.equal((await get('/style.css', 'GET', { 'If-None-Match': 'W/"another"' })).status, 200)
  })

  it('answers HEAD with the same length and no body', async () => {
    const { status, headers, body } = await get('/style.css', 'HEAD')
    assert.equal(status, 200)
    assert.equal(Number(headers['content-length']), read('web/style.css').length)
    assert.equal(body.length, 0)
  })

  for (const path of [
    '/../package.json', '/%2e%2e/package.json', '/..%2fpackage.json', '/%2e%2e%2fpackage.json', '/wasm/js/../../package.json',
    '/models/../package.json', '/models/..%2f..%2fpackage.json', '/wasm/js/..%5c..%5cpackage.json', '//etc/passwd', '/.git/config',
    '/models/.hidden.json', '/wasm/bin/photo2anime.js', '/wasm/toolchain/build.mjs', '/models/train/generator.py', '/models/weights', '/models/',
    '/package.json', '/index.html%00.css', '/%', '/nowhere.html', '/app.js/'
  ]) {
    it(`does not find ${path}`, async () => {
      const { status, body } = await get(path)
      assert.equal(status, 404)
      assert.equal(body.toString(), 'there is no such page\n')
    })
  }

  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
    it(`refuses ${method}`, async () => {
      const { status, headers } = await get('/', method)
      assert.equal(status, 405)
      assert.equal(headers.allow, 'GET, HEAD')
    })
  }

  it('outlives what is no HTTP, and a client that goes away', async () => {
    await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.write('\x00\x01 nonsense\r\n\r\n'))
      socket.on('error', resolve).on('close', resolve).resume()
    })
    await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.write('GET /models/weights/miyazaki.safetensors HTTP/1.1\r\nHost: x\r\n\r\n')
        socket.once('data', () => socket.destroy())
      })
      socket.on('close', resolve)
    })
    assert.equal((await get('/')).status, 200)
  })

  /** Everything that a raw connection answers until it is closed. */
  function talk(to, text, more) {
    return new Promise((done) => {
      let heard = ''
      const socket = connect(to, '127.0.0.1', () => {
        socket.write(text)
        more?.(socket)
      })
      socket.on('data', (chunk) => (heard += chunk))
      socket.on('error', () => {}).on('close', () => done(heard))
    })
  }

  it('refuses headers above 16 kB, and requests that are no requests', async () => {
    assert.match(await talk(port, `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'a'.repeat(20_000)}\r\n\r\n`), /^HTTP\/1\.1 431 /)
    assert.match(await talk(port, `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`), /^HTTP\/1\.1 431 /)
    assert.match(await talk(port, 'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n'), /^HTTP\/1\.1 400 /)
    assert.match(await talk(port, 'GET / HTTP/1.1\r\n\r\n'), /^HTTP\/1\.1 400 /)
    for (const method of ['BREW', 'get', '']) assert.match(await talk(port, `${method} / HTTP/1.1\r\nHost: x\r\n\r\n`), /^HTTP\/1\.1 400 /, method)
    for (const method of ['TRACE', 'CONNECT']) {
      assert.doesNotMatch(await talk(port, `${method} / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`), /^HTTP\/1\.1 2/, method)
    }
    assert.equal((await get('/')).status, 200)
  })

  it('cuts off clients that are slow with their request, and serves others meanwhile', async () => {
    const strict = createPageServer({ headersTimeout: 400, connectionsCheckingInterval: 100 })
    await new Promise((resolve) => strict.listen(0, '127.0.0.1', resolve))
    try {
      const to = strict.address().port
      const start = performance.now()
      const slow = Array.from({ length: 100 }, () => talk(to, 'GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ', (socket) => {
        const timer = setInterval(() => socket.write('a'), 50)
        socket.on('close', () => clearInterval(timer))
      }))
      assert.equal((await fetch(`http://127.0.0.1:${to}/`)).status, 200)
      for (const heard of await Promise.all(slow)) assert.match(heard, /^(HTTP\/1\.1 408 |$)/)
      assert.ok(performance.now() - start < 20_000)
    } finally {
      strict.closeAllConnections()
      strict.close()
    }
    assert.ok(server.headersTimeout <= 10_000 && server.requestTimeout <= 30_000 && server.maxConnections <= 512)
  })

  it('can be reached from this machine only, unless told otherwise', async () => {
    const child = spawn(process.execPath, [COMMAND, 'serve', '--port', '0'])
    try {
      const address = new URL(await new Promise((resolve) => child.stdout.once('data', (text) => resolve(String(text).match(/http:\S+/)[0]))))
      assert.equal(address.hostname, '127.0.0.1')
      const others = Object.values(networkInterfaces()).flat().filter(({ family, internal }) => family === 'IPv4' && !internal)
      for (const { address: other } of [...others, { address: '127.0.0.2' }]) {
        await assert.rejects(fetch(`http://${other}:${address.port}/`), other)
      }
    } finally {
      child.kill('SIGINT')
    }
  })

  it('says which port is in use, and exits with 1', async () => {
    const done = await run(['serve', '--port', String(port)])
    assert.equal(done.code, 1)
    assert.match(done.stderr, new RegExp(`expected a free port, ${port} on 127\\.0\\.0\\.1 is in use`))
  })

  it('refuses wrong usage with exit code 2', async () => {
    for (const args of [['serve', '--port', 'high'], ['serve', '--port', '70000'], ['serve', 'here']]) assert.equal((await run(args)).code, 2)
  })

  it('prints its address, serves, and ends with 0 when it is interrupted', async () => {
    const child = spawn(process.execPath, [COMMAND, 'serve', '--port', '0'])
    const address = await new Promise((resolve) => child.stdout.once('data', (text) => resolve(String(text).match(/http:\S+/)[0])))
    assert.equal((await fetch(address)).status, 200)
    child.kill('SIGINT')
    assert.equal(await new Promise((resolve) => child.on('close', resolve)), 0)
  })
})
