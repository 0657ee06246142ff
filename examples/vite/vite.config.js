import { cpSync } from 'node:fs'

const from = 'node_modules/photo2anime'
cpSync(`${from}/wasm/dist`, 'public/photo2anime/wasm', { recursive: true })
cpSync(`${from}/models`, 'public/photo2anime/models', { recursive: true })

// threads need a cross-origin isolated page; your host must send these headers too
const headers = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }

export default {
  base: './',
  build: { target: 'es2022' },
  worker: { format: 'es' },
  server: { headers },
  preview: { headers }
}
