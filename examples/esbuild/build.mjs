import { cpSync } from 'node:fs'
import { build } from 'esbuild'

// esbuild does not look into new Worker(): the worker is an entry of its own, and must be called worker.js.
// What only Node asks for stays in pieces of its own, which a browser never loads.
await build({
  entryPoints: { main: 'main.js', worker: 'photo2anime/worker' },
  bundle: true,
  splitting: true,
  external: ['node:*'],
  format: 'esm',
  minify: true,
  outdir: 'dist'
})
cpSync('index.html', 'dist/index.html')
cpSync('node_modules/photo2anime/wasm/dist', 'dist/photo2anime/wasm', { recursive: true })
cpSync('node_modules/photo2anime/models', 'dist/photo2anime/models', { recursive: true })
