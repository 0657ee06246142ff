/* plot.mjs - the comparison's rows -> bars in an SVG, one group for each place, size and number of threads */
import { writeFileSync } from 'node:fs'

import { engineName } from './engines.mjs'

const COLOURS = {
  'photo2anime, relaxed': '#b3365b',
  'photo2anime, simd': '#e08aa4',
  'photo2anime, relaxed, int8': '#8a5a14',
  'photo2anime, simd, int8': '#d9b26a',
  'onnxruntime-web': '#5b6f8a',
  'onnxruntime-node': '#aab6c6',
  'tfjs-backend-wasm': '#7d9a7a'
}
const [WIDTH, BAR, GAP, LEFT] = [780, 18, 12, 220]

/** Processor seconds where they are known (Node, one thread). */
const msOf = (row) => row.cpuMs ?? row.ms

/** @param {any[]} rows @param {string} file */
export function writePlot(rows, file) {
  const shown = rows.filter((row) => row.ms)
  const longest = Math.max(1, ...shown.map(msOf))
  const groups = [...new Set(shown.map((row) => `${row.where}, ${row.size}x${row.size}, ${row.threads} thread${row.threads > 1 ? 's' : ''}`))]
  const parts = []
  let y = 30
  for (const group of groups) {
    parts.push(`<text x="8" y="${y + 13}">${group}</text>`)
    for (const row of shown.filter((one) => group === `${one.where}, ${one.size}x${one.size}, ${one.threads} thread${one.threads > 1 ? 's' : ''}`)) {
      const label = engineName(row)
      const length = Math.max(2, (msOf(row) / longest) * (WIDTH - LEFT - 210))
      parts.push(`<rect x="${LEFT}" y="${y}" width="${length.toFixed(1)}" height="${BAR - 3}" fill="${COLOURS[label]}"/>`)
      parts.push(`<text x="${(LEFT + length + 6).toFixed(1)}" y="${y + 12}">${(msOf(row) / 1000).toFixed(2)} s  ${label}</text>`)
      y += BAR
    }
    y += GAP
  }
  writeFileSync(file, `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y}" viewBox="0 0 ${WIDTH} ${y}" font-family="sans-serif" font-size="12" fill="#222">
<rect width="${WIDTH}" height="${y}" fill="#fff"/>
<text x="8" y="18" font-weight="bold">AnimeGANv3's graph: seconds a picture (in Node: of the processor), shorter is better</text>
${parts.join('\n')}
</svg>
`)
}
