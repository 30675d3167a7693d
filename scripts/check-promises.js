// Each sentence that promises something is in docs/promises.json with what tries it:
// `node scripts/check-promises.js [--list [path]]`.
//
//   (nothing) prints `file:line  what is wrong, and what to do`, and exits 1 when there is anything
//   --list    prints the sentences that promise something, with their keys and entries
//
// Read are README.md, docs/*.md and the doc comments of what the entry points export; what makes a
// sentence a promise stands in scripts/promises/patterns.js.
import { readFileSync, readdirSync } from 'node:fs'
import { root } from './entry-points.js'
import { docComments } from './promises/doc-comments.js'
import { KINDS, beginningOf, complaintsOf, countsOf, keyOf } from './promises/list.js'
import { faultOfCommand, faultOfTest } from './promises/names.js'
import { promisesIn } from './promises/patterns.js'
import { sentencesOf } from './promises/sentences.js'

const read = (/** @type {string} */ file) => readFileSync(`${root}/${file}`, 'utf8')

const pages = readdirSync(`${root}/docs`)
  .filter(name => name.endsWith('.md'))
  .map(name => `docs/${name}`)
const texts = [
  ...['README.md', ...pages].map(file => ({ file, line: 1, text: read(file) })),
  ...docComments(),
]
const found = texts
  .flatMap(({ file, line, text }) => sentencesOf(text, line).map(sentence => ({ file, ...sentence })))
  .map(sentence => ({ ...sentence, by: promisesIn(sentence.text) }))
  .filter(({ by }) => by.length > 0)

/** @type {import('./promises/list.js').List} */
const list = JSON.parse(read('docs/promises.json'))

if (process.argv.includes('--list')) {
  const under = process.argv[process.argv.indexOf('--list') + 1] ?? ''
  for (const { file, line, text, by } of found.filter(sentence => sentence.file.startsWith(under))) {
    const { says, ...entry } = list.promises[file]?.[keyOf(text)] ?? { says: beginningOf(text) }
    process.stdout.write(
      `${file}:${line}  ${keyOf(text)} (${by.join(', ')})\n  ${text}\n  ${JSON.stringify(entry)}\n`,
    )
  }
} else {
  const complaints = complaintsOf(found, list, { test: faultOfTest, command: faultOfCommand })
  if (complaints.length > 0) {
    process.stdout.write(`${complaints.join('\n')}\n`)
    process.exitCode = 1
  }
  const counts = countsOf(list)
  const unread = Object.values(list.unread).reduce((sum, count) => sum + count, 0)
  process.stdout.write(
    `${found.length} sentences promise something: ${KINDS.map(kind => `${kind} ${counts.get(kind)}`).join(', ')}` +
      ` (${list.open} may be open), not listed yet ${unread}\n`,
  )
}
