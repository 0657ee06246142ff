/* api.test.js - the same cases of the API in Node and in headless Chromium: threads on and off, relaxed SIMD on and off */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import process from 'node:process'
import v8 from 'node:v8'
import vm from 'node:vm'

import { Engine } from '../../wasm/js/engine.js'
import { P2AError, createConverter } from '../../wasm/js/index.js'
import { measureMany } from '../bench/many.mjs'
import { launch, listen } from '../page/browser.js'
import { cases, endurance, picture, recycling } from './cases.js'
import { createApiServer } from './server.js'

const VARIANTS = [['simd', 1], ['relaxed', 1], ['simd', 2], ['relaxed', 2]]
const MEMORY_TOLERANCE = 1.1

/* Of processor time, as other programs may run beside this one, against 12 pictures, where the making of the one converter still
   counts; on a quiet machine and against 32 it is 3 and more (tests/bench/many.mjs). One that is made anew has 1. */
const MANY_GAIN = 1.5

/** All 50 where it is cheapest; elsewhere enough to see it. */
const abortsOf = (variant, threads) => (variant === 'relaxed' && threads === 2 ? 50 : 8)

/** Pages that make the next step of the C core really trap, once, after /arm.txt was asked for. */
function trappingPages() {
  let armed = false
  return {
    '/arm.txt': () => {
      armed = true
      return 'armed'
    },
    '/trap.txt': () => {
      const now = armed
      armed = false
      return String(now)
    },
    '/trapping/p2a-simd.mjs': `
      import create from '/wasm/dist/p2a-simd.mjs'
      const mayTrap = () => {
        const request = new XMLHttpRequest()
        request.open('GET', '/trap.txt', false) /* a step cannot wait for a promise */
        request.send()
        return request.responseText === 'true'
      }
      export default async (options) => {
        const core = await create(options)
        return Object.create(core, { _p2a_job_step: { value: (job, out) => core._p2a_job_step(mayTrap() ? 0xfffffff0 : job, out) } })
      }`
  }
}

async function pictureFile() {
  const engine = await Engine.create({ variant: 'simd', threads: 1 })
  const { data, width, height } = picture(40, 30)
  const file = engine.encode(engine.createImage(data, width, height))
  engine.dispose()
  return Buffer.from(file)
}

/** Bytes of these processes that are in memory now. */
function residentOf(pids) {
  return pids.reduce((sum, pid) => sum + Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024, 0)
}

/** Node's own memory, without what only waits to be collected. */
function residentOfNode() {
  v8.setFlagsFromString('--expose-gc')
  vm.runInNewContext('gc')()
  return process.memoryUsage().rss
}

describe('the API', () => {
  let server
  before(async () => {
    const file = await pictureFile()
    server = await listen(createApiServer({ '/picture.png': file, '/': '<!doctype html><title>cases</title>', ...trappingPages() }))
  })
  after(() => server.close())

  function checkEndurance({ before, after, started, ended }) {
    assert.ok(after.bytes <= before.bytes * MEMORY_TOLERANCE && after.heapBytes <= before.heapBytes * MEMORY_TOLERANCE, JSON.stringify({ before, after }))
    assert.ok(ended <= started * MEMORY_TOLERANCE, `${started} bytes became ${ended}`)
    console.log(`        wasm heap ${before.heapBytes} -> ${after.heapBytes} bytes, process ${(started / 1e6).toFixed(0)} -> ${(ended / 1e6).toFixed(0)} MB`)
  }

  function checkRecycling({ grown, later, width }) {
    assert.ok(later < grown / 2 && width === 9, `${grown} bytes became ${later}`)
    console.log(`        wasm heap ${(grown / 1e6).toFixed(0)} -> ${(later / 1e6).toFixed(0)} MB`)
  }

  describe('in Node', () => {
    for (const [variant, threads] of VARIANTS) {
      describe(`${variant}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`, () => {
        for (const [title, run] of Object.entries(cases)) {
          it(title, async () => {
            const said = await run({ createConverter, P2AError, variant, threads, base: server.url, aborts: abortsOf(variant, threads) })
            if (said) console.log(`        ${said}`)
          })
        }
      })
    }

    const context = { createConverter, variant: 'simd', threads: 1 }
    it('holds within 10 % as much memory after 200 pictures as before', async () => {
      checkEndurance(await endurance({ ...context, resident: residentOfNode }))
    })

    it('gives back a worker whose heap has grown', async () => checkRecycling(await recycling(context)))

    it(`converts small pictures at least ${MANY_GAIN} times as cheaply by convertMany() as by a fresh converter each, pixel for pixel`, async () => {
      const { fresh, each, many, busyGain, unequal } = await measureMany(12, { variant: 'relaxed', threads: 1 })
      console.log(`        12 of 256x256: fresh ${fresh.toFixed(2)} s, one after another ${each.toFixed(2)} s, convertMany ${many.toFixed(2)} s: ${(fresh / many).toFixed(1)} times, ${busyGain.toFixed(1)} times in processor time`)
      assert.deepEqual(unequal, [])
      assert.ok(busyGain >= MANY_GAIN, `${busyGain} times`)
    })
  })

  describe('in Chromium', () => {
    let browser
    let page
    before(async () => {
      browser = await launch()
      page = await browser.newPage()
      const [all, own] = [await browser.newBrowserCDPSession(), await page.context().newCDPSession(page)]
      await page.exposeFunction('resident', async () => {
        await own.send('HeapProfiler.collectGarbage')
        const { processInfo } = await all.send('SystemInfo.getProcessInfo')
        return residentOf(processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id))
      })
      await page.goto(`${server.url}/`)
    })
    after(() => browser?.close())

    for (const [variant, threads] of VARIANTS) {
      describe(`${variant}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`, () => {
        for (const title of Object.keys(cases)) {
          it(title, async () => {
            const said = await page.evaluate(async ([title, variant, threads, aborts]) => {
              const { cases } = await import('/tests/api/cases.js')
              return cases[title]({ ...(await import('/wasm/js/index.js')), variant, threads, aborts, base: location.origin })
            }, [title, variant, threads, abortsOf(variant, threads)])
            if (said) console.log(`        ${said}`)
          })
        }
      })
    }

    /* in Node: tests/js/client.test.js */
    it('goes on in a fresh worker after each of 20 traps, and only the call that trapped fails', async () => {
      const seen = await page.evaluate(async () => {
        const { createConverter } = await import('/wasm/js/index.js')
        const converter = await createConverter({ variant: 'simd', threads: 1, assets: '/trapping/' })
        const picture = { data: new Uint8ClampedArray(12 * 12 * 4).fill(99), width: 12, height: 12 }
        const seen = []
        for (let i = 0; i < 20; i++) {
          await fetch('/arm.txt')
          const [bad, good] = await Promise.allSettled([converter.convert(picture), converter.convert(picture)])
          seen.push([bad.reason?.code ?? 'no error', good.value?.width ?? String(good.reason)])
        }
        await converter.dispose()
        return seen
      })
      assert.deepEqual(seen, Array(20).fill(['TRAP', 12]))
    })

    const runAlone = (name) =>
      page.evaluate(async (name) => {
        const alone = await import('/tests/api/cases.js')
        return alone[name]({ ...(await import('/wasm/js/index.js')), variant: 'simd', threads: 1, resident: () => globalThis.resident() })
      }, name)
    it('holds within 10 % as much memory after 200 pictures as before', async () => checkEndurance(await runAlone('endurance')))
    it('gives back a worker whose heap has grown', async () => checkRecycling(await runAlone('recycling')))
  })
})
