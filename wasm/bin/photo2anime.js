#!/usr/bin/env node
/* photo2anime.js - the command line: picks the command, prints what went wrong, sets the exit code */
import { readFileSync } from 'node:fs'
import process from 'node:process'

import { CONVERT_OPTIONS, runConvert } from './convert.js'
import { FACES_OPTIONS, runFaces } from './faces.js'
import { IMPORT_OPTIONS, runImport } from './import.js'
import { runModels } from './models.js'
import { runServe } from './serve.js'
import { UsageError, parse } from './usage.js'

const HELP = `photo2anime - turn photos into anime on this machine; nothing is uploaded

Usage:
  photo2anime convert INPUT... -o FILE|DIR|- [options]
  photo2anime faces INPUT [--json] [--masks DIR]
  photo2anime models [--json]
  photo2anime import FILE.onnx -o FILE.safetensors [options]
  photo2anime serve [--port 7860] [--host 127.0.0.1]
  photo2anime --help | --version

convert: INPUT is a JPEG or PNG file, or - for stdin. With several inputs, -o is a folder.
  -o, --output FILE|DIR|-    where the result goes; - is stdout (one input only)
  --style NAME               see photo2anime models (the default style); or a blend of them:
                             --style miyazaki=0.4,shinkai=0.6
  --edge-preserve X          0.5 (fine edges softened) to 1.5 (the photo's added); 1 as painted
  --color-shift X            0 (the photo's colours) to 1 (the style's)
  --no-faces                 do not find faces and paint them at their own scale
  --character X              faces: 0 (likeness) to 1 (the portrait network's anime face); 0
  --face-skin X, --face-eyes X, --face-lips X
                             corrections of painted faces, 0 (off) to 1; 0.5
  --face-strength X          all corrections together, 0 to 1; 1
  --face-min-px N            smaller faces are left to the scene; 16
  --max-faces N              the N largest are painted; 64
  --hair-color RRGGBB, --lip-color, --eye-color, --cloth-color
                             another colour for painted faces, shading kept (cloth: near the face)
  --commercial-only          refuse styles and networks that may not be used commercially
  --model FILE               a model file of your own instead of a style
  --statistics auto|exact|frozen
                             of imported networks that normalise over the whole picture: from the
                             picture, or from samples where memory is short (auto)
  --width original|N         width of the result in pixels, height in proportion (original)
  --format png|jpeg          from the output's name unless told, else png
  --quality N                1 to 100, for JPEG (90)
  --threads N|auto           1 to 16 (auto: as many as there are cores)
  --variant auto|simd|relaxed  the WebAssembly instructions that are used (auto)
  --precision auto|f32|int8  of the painting network (auto: int8, the faster one, where there is such a file)
  --json                     one line of JSON for each input, on stdout (stderr with -o -)
  --quiet                    no progress bar and no summary

faces: finds faces and paints nothing; boxes, points and scores, and which part of each is what.
  --masks DIR                a palette PNG of the 19 classes for each face, 512x512, upright
  --max-faces N, --face-min-px N, --threads N, --variant V, --json

models: the styles and networks of this package, with their licences.
import: a published generator in ONNX, as a model file for convert --model.
  --license TEXT             its terms, kept in the file
  --commercial-use           it may be used commercially (no unless told)
  --range LOW,HIGH           what black and white are to it (-1,1)

serve: the page, on http://127.0.0.1:7860/ unless told.

Exit codes: 0 all done, 1 some input failed (the others are done), 2 wrong usage, 130 interrupted.
`

function version() {
  const manifest = new URL('../../package.json', import.meta.url)
  return JSON.parse(readFileSync(manifest, 'utf8')).version
}

/** @param {string[]} argv @returns {Promise<number>} the exit code */
async function main(argv) {
  const [command, ...rest] = argv
  switch (command) {
    case 'convert':
      return runConvert(parse(rest, CONVERT_OPTIONS))
    case 'faces':
      return runFaces(parse(rest, FACES_OPTIONS))
    case 'models':
      return runModels(parse(rest, { json: { type: 'boolean' } }))
    case 'import':
      return runImport(parse(rest, IMPORT_OPTIONS))
    case 'serve':
      return runServe(parse(rest, { port: { type: 'string' }, host: { type: 'string' } }))
    case '--version':
    case '-v':
      process.stdout.write(`${version()}\n`)
      return 0
    case '--help':
    case '-h':
    case 'help':
      process.stdout.write(HELP)
      return 0
    case undefined:
      throw new UsageError('expected a command: convert, faces, models, import or serve')
    default:
      throw new UsageError(`expected a command (convert, faces, models, import or serve), got ${JSON.stringify(command)}`)
  }
}

/* A pipe that nobody reads any more is an error of the write that found it, not a crash. */
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (error instanceof UsageError) {
    process.stderr.write(`photo2anime: ${error.message}\nTry: photo2anime --help\n`)
    process.exitCode = 2
  } else {
    process.stderr.write(`photo2anime: ${/** @type {Error} */ (error).message}\n`)
    process.exitCode = 1
  }
}
