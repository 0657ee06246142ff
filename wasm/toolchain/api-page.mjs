/* api-page.mjs - the JSDoc of wasm/js -> docs/api.md; --check only says whether that is current */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Refusal, root, run } from './folders.mjs'

const page = path.join(root, 'docs/api.md')

/* What stands on the page, in order: [file, kind, name, heading]. */
const parts = [
  ['index.js', 'function', 'createConverter', 'createConverter(options)'],
  ['client.js', 'typedef', 'ConverterOptions', 'ConverterOptions'],
  ['client.js', 'class', 'Converter', 'Converter'],
  ['input.js', 'line', 'Input', 'Input'],
  ['client.js', 'typedef', 'OwnConvertOptions', 'ConvertOptions'],
  ['options.js', 'typedef', 'PaintOptions', 'ConvertOptions: painting'],
  ['options.js', 'typedef', 'FaceOptions', 'FaceOptions'],
  ['client.js', 'typedef', 'ConvertResult', 'ConvertResult'],
  ['video.js', 'typedef', 'VideoOptions', 'VideoOptions'],
  ['video.js', 'class', 'VideoSession', 'VideoSession'],
  ['video.js', 'typedef', 'PaintedFrame', 'PaintedFrame'],
  ['input.js', 'line', 'Frame', 'Frame'],
  ['protocol.js', 'line', 'Progress', 'Progress'],
  ['face.js', 'typedef', 'Face', 'Face'],
  ['conversion.js', 'line', 'FoundFaces', 'FoundFaces'],
  ['models.js', 'typedef', 'ModelEntry', 'ModelEntry'],
  ['errors.js', 'file', 'P2AError', 'P2AError']
]

/* Members that the page leaves out: what other members call for the caller. */
const inner = new Set(['constructor', 'open'])

/** A comment without its stars. */
const strip = (comment) => comment.replace(/^\s*\/\*\*\s?|\s*\*\/\s*$/g, '').split('\n').map((line) => line.replace(/^\s*\* ?/, '')).join('\n').trim()

/** {text, tags: [{tag, type, name, optional, text}]} of a comment. */
function parse(comment) {
  const [text, ...rest] = strip(comment).split(/(?:^|\s)@(?=(?:param|returns|throws|property|template|typedef|type)\b)/)
  const tags = rest.map((entry) => {
    const tag = entry.match(/^\w+/)[0]
    let left = entry.slice(tag.length).trim()
    let type = ''
    if (left.startsWith('{')) {
      let depth = 0
      let end = 0
      do depth += { '{': 1, '}': -1 }[left[end]] ?? 0
      while (depth > 0 && ++end < left.length)
      type = left.slice(1, end)
      left = left.slice(end + 1).trim()
    }
    const named = /^(param|property|typedef)$/.test(tag) ? left.match(/^(\[[^\]]*\]|[\w$.]+)\s*/) : undefined
    const name = named ? named[1].replace(/[[\]]/g, '').replace(/=.*/, '') : ''
    return { tag, type, name, optional: named?.[1].startsWith('[') ?? false, text: (named ? left.slice(named[0].length) : left).replace(/\s+/g, ' ') }
  })
  return { text: text.replace(/\s+/g, ' ').trim(), tags }
}

const cell = (text) => text.replace(/\|/g, '\\|').replace(/</g, '&lt;')
/** What a message's result is, in place of the name that it has inside. */
function resultTypes() {
  const source = readFileSync(path.join(root, 'wasm/js/protocol.js'), 'utf8')
  const { tags } = parse(comments(source).find(({ text }) => text.includes('@typedef {object} Results')).text)
  return Object.fromEntries(tags.filter(({ tag }) => tag === 'property').map(({ name, type: of }) => [name, of]))
}
const type = (text) =>
  `\`${text.replace(/(?:import\('[^']*'\)\.)?Results\['(\w+)'\]/g, (_, name) => resultTypes()[name]).replace(/(?:typeof )?import\('[^']*'\)\./g, '').replace(/\s+/g, ' ')}\``

function table(tags) {
  if (tags.length === 0) return ''
  return ['| name | type | meaning |', '| --- | --- | --- |', ...tags.map(({ name, type: of, text, optional }) => `| \`${name}\`${optional ? '' : ' (required)'} | ${type(of).replace(/\|/g, '\\|')} | ${cell(text)} |`), ''].join('\n')
}

const comments = (source) => [...source.matchAll(/\/\*\*[\s\S]*?\*\//g)].map((match) => ({ text: match[0], after: source.slice(match.index + match[0].length) }))

/** Every member of a class with a comment, in order. */
function members(source, name) {
  const body = source.slice(source.indexOf(`export class ${name} `))
  return comments(body).flatMap(({ text, after }) => {
    const [, , found] = after.match(/^\n {2}(?:(?:async |get |\*)*)()(?!async |get )([\w$]+|\[Symbol\.asyncDispose\])\(/) ?? []
    const getter = /^\n {2}get /.test(after)
    return found && !inner.has(found) ? [{ name: found, getter, ...parse(text) }] : []
  })
}

/** A generic name is what it may be at most: the caller's own options. */
function plain(tags) {
  const generic = tags.find(({ tag }) => tag === 'template')
  return tags.map((tag) => (generic && tag.tag === 'param' ? { ...tag, type: tag.type.replace(/^O$/, generic.type) } : tag))
}

function describe({ text, tags: given }) {
  const tags = plain(given)
  const said = [text, '']
  const params = tags.filter(({ tag }) => tag === 'param')
  if (params.length) said.push(table(params))
  for (const { tag, type: of, text: more } of tags) {
    if (tag === 'returns') said.push(`Returns ${type(of)}${more ? `: ${more}` : ''}`, '')
    if (tag === 'throws') said.push(`Throws ${type(of)}: ${more}`, '')
  }
  return said.join('\n')
}

function section([file, kind, name, heading]) {
  const source = readFileSync(path.join(root, 'wasm/js', file), 'utf8')
  const found = (test) => comments(source).find(test) ?? (() => { throw new Refusal(`expected ${kind} ${name} in wasm/js/${file}, found none`) })()
  const title = `## ${heading}\n`
  if (kind === 'function') return `${title}\n${describe(parse(found(({ after }) => after.startsWith(`\nexport async function ${name}(`)).text))}`
  if (kind === 'typedef') {
    const { text, tags } = parse(found(({ text: one }) => new RegExp(`@typedef \\{object\\} ${name}\\b`).test(one)).text)
    return `${title}\n${text ? `${text}\n\n` : ''}${table(tags.filter(({ tag }) => tag === 'property'))}`
  }
  if (kind === 'line') {
    const { text, tags } = parse(found(({ text: one }) => new RegExp(`@typedef [\\s\\S]*\\} ${name}\\b`).test(one)).text)
    const entry = tags.find(({ tag, name: of }) => tag === 'typedef' && of === name)
    return `${title}\n${text ? `${text}\n\n` : ''}${type(entry.type)}${entry.text ? `: ${entry.text}` : ''}\n`
  }
  if (kind === 'file') return `${title}\n${strip(comments(source)[0].text).split('\n').slice(1).join('\n').trim()}\n\n\`error.code\` is one of the codes, \`error.message\` names the value and the rule, \`error.fatal\` says that the worker (or engine) is gone.\nAn abort rejects with the signal's reason, an \`AbortError\` unless another was given.\n`
  const list = members(source, name)
  if (list.length === 0) throw new Refusal(`expected members of ${name} in wasm/js/${file}, found none`)
  return `${title}\n${list.map((member) => `### ${name === 'Converter' ? 'converter' : 'session'}.${member.name.replace(/^\[/, '[')}${member.getter ? '' : '()'}\n\n${describe(member)}`).join('\n')}`
}

/** The page as the sources are now. */
export function makePage() {
  const head = '# The API\n\nMade from the JSDoc of `wasm/js` by `npm run docs`. The types are in the package.\n\n```js\nimport { createConverter, P2AError } from \'photo2anime\'\n```\n'
  return `${[head, ...parts.map(section)].join('\n').replace(/\n{3,}/g, '\n\n').trimEnd()}\n`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await run(() => {
    const made = makePage()
    if (!process.argv.includes('--check')) writeFileSync(page, made)
    else if (readFileSync(page, 'utf8') !== made) throw new Refusal('expected docs/api.md to be what `npm run docs` makes, got another text')
  })
}
