// Prose is at most 100 columns wide: Markdown, and comments that stand on lines of their own.
// Prints `file:line  columns` for what is wider, and exits 1; with `--write` wraps it instead.
// Tables, code, headings and what has no place to break stay as they are.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import ts from 'typescript'
import { root } from './entry-points.js'

const WIDTH = 100

/**
 * What would be another thing at the beginning of a line: a list, a heading, a quotation, a tag, a
 * table.
 */
const STARTS_ANOTHER = /^(?:[-+*]|\d+[.)]|#{1,6}|>|@\w+|\|.*|`{3,}.*)$/

/**
 * A line of prose, without what stands before it on each line of its kind.
 * @typedef {{ text: string, indent: string, verbatim: boolean, starts: boolean }} Line
 */

const write = process.argv.includes('--write')
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter(file => /\.(?:md|ts|tsx|js|mjs|cjs)$/.test(file) && !file.startsWith('docs/api/'))
/** @type {string[]} */
const wide = []
for (const file of files) {
  const before = readFileSync(`${root}/${file}`, 'utf8')
  const after = file.endsWith('.md') ? wrapMarkdown(before) : wrapComments(file, before)
  if (after === before) continue
  if (write) writeFileSync(`${root}/${file}`, after)
  else wide.push(`${file}:${firstDifference(before, after)}  is wider than ${WIDTH} columns`)
}
if (wide.length > 0) {
  process.stdout.write(`${wide.join('\n')}\nnode scripts/check-width.js --write wraps them.\n`)
  process.exitCode = 1
}

/** @param {string} before @param {string} after */
function firstDifference(before, after) {
  const others = after.split('\n')
  return before.split('\n').findIndex((line, index) => line !== others[index]) + 1
}

/** @param {string} source */
function wrapMarkdown(source) {
  return wrapLines(source.split('\n'), '').join('\n')
}

/** @param {string} file @param {string} source */
function wrapComments(file, source) {
  const parsed = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true)
  const ranges = commentsOf(parsed)
  let result = ''
  let from = 0
  for (const { pos, end, kind } of ranges) {
    const lineStart = source.lastIndexOf('\n', pos - 1) + 1
    const indent = source.slice(lineStart, pos)
    if (indent.trim() !== '' || pos < from) continue
    const lineEnd = source.indexOf('\n', end)
    if (kind === ts.SyntaxKind.MultiLineCommentTrivia) {
      if (source.slice(end, lineEnd === -1 ? undefined : lineEnd).trim() !== '') continue
      result += source.slice(from, lineStart) + wrapBlock(source.slice(pos, end), indent)
      from = end
    } else {
      const last = lastOfRun(source, end, indent)
      const lines = source.slice(lineStart, last).split('\n')
      result += source.slice(from, lineStart) + wrapRun(lines, indent).join('\n')
      from = last
    }
  }
  return result + source.slice(from)
}

/** @param {ts.SourceFile} parsed */
function commentsOf(parsed) {
  const text = parsed.text
  /** @type {Map<number, ts.CommentRange>} */
  const found = new Map()
  /** @param {ts.Node} node */
  const visit = node => {
    if (ts.isJsxText(node)) return
    for (const range of ts.getLeadingCommentRanges(text, node.getFullStart()) ?? [])
      found.set(range.pos, range)
    node.getChildren(parsed).forEach(visit)
  }
  // The tokens alone: a doc comment has nodes of its own.
  parsed.getChildren(parsed).forEach(visit)
  return [...found.values()].toSorted((a, b) => a.pos - b.pos)
}

/**
 * Where the last of the comments ends that follow on lines of their own. @param {string} source
 * @param {number} end @param {string} indent
 */
function lastOfRun(source, end, indent) {
  let last = end
  for (;;) {
    const next = source.slice(last).match(/^\n([ \t]*)\/\/.*/)
    if (next === null || next[1] !== indent) return last
    last += next[0].length
  }
}

/** @param {readonly string[]} lines @param {string} indent */
function wrapRun(lines, indent) {
  const prefix = `${indent}// `
  if (lines.some(line => /^\s*\/\/(?:\s*(?:@ts-|eslint|oxlint|prettier|#)|\/)/.test(line))) return lines
  const texts = lines.map(line => line.slice(indent.length + 2).replace(/^ /, ''))
  return wrapLines(texts, prefix).map(text => (text === '' ? `${indent}//` : `${prefix}${text}`))
}

/** @param {string} comment @param {string} indent */
function wrapBlock(comment, indent) {
  const opening = comment.startsWith('/**') ? '/**' : '/*'
  const lines = comment.split('\n')
  if (lines.every(line => indent.length + line.trimStart().length <= WIDTH)) return `${indent}${comment}`
  const body = comment.slice(opening.length, -2)
  const isOneLine = lines.length === 1
  const texts = isOneLine
    ? [body.trim()]
    : body.split('\n').map(line => line.replace(/^\s*\* ?/, '').trimEnd())
  if (!isOneLine) {
    if (texts[0]?.trim() === '') texts.shift()
    if (texts.at(-1)?.trim() === '') texts.pop()
  }
  const prefix = `${indent} * `
  const wrapped = wrapLines(texts, prefix)
  return [
    `${indent}${opening}`,
    ...wrapped.map(text => (text === '' ? `${indent} *` : `${prefix}${text}`)),
    `${indent} */`,
  ].join('\n')
}

/**
 * Wraps the paragraphs that have a line which is too wide. @param {readonly string[]} lines
 * @param {string} prefix @returns {string[]}
 */
function wrapLines(lines, prefix) {
  const room = WIDTH - prefix.length
  /** @type {string[]} */
  const result = []
  /** @type {string[]} */
  let paragraph = []
  let fence = ''
  const end = () => {
    const isWide = paragraph.some(line => line.length > room)
    result.push(...(isWide ? fill(paragraph, room) : paragraph))
    paragraph = []
  }
  for (const line of lines) {
    const opened = /^\s*(?:>\s*)?(`{3,}|~{3,})/.exec(line)?.[1] ?? ''
    if (fence !== '' || opened !== '') {
      end()
      result.push(line)
      if (fence === '') fence = opened
      else if (opened.startsWith(fence)) fence = ''
      continue
    }
    const isList = /^\s*(?:[-+*]|\d+[.)])\s/.test(line)
    const isAlone = line.trim() === '' || /^\s*(?:\||#{1,6}\s|<|\[[^\]]+\]:|-{3,}|={3,})/.test(line)
    const isCode = paragraph.length === 0 && /^ {4,}/.test(line) && !isList
    if (isList || isAlone || isCode || /^\s*@\w/.test(line)) end()
    if (isAlone || isCode) result.push(line)
    else paragraph.push(line)
    // Two spaces or a backslash at the end are a line break.
    if (/(?: {2}|\\)$/.test(line)) end()
  }
  end()
  return result
}

/** @param {readonly string[]} lines @param {number} room @returns {string[]} */
function fill(lines, room) {
  const first = /^\s*(?:> ?)*(?:(?:[-+*]|\d+[.)])\s+)?/.exec(lines[0] ?? '')?.[0] ?? ''
  const second = lines[1] === undefined ? undefined : /^\s*(?:> ?)*/.exec(lines[1])?.[0]
  const isTag = /^\s*@\w/.test(lines[0] ?? '')
  const hanging = second ?? (isTag ? first : first.replace(/[^>\s]/g, ' '))
  const words = wordsOf(
    [(lines[0] ?? '').slice(first.length), ...lines.slice(1).map(line => line.replace(/^\s*(?:> ?)*/, ''))]
      .join(' ')
      .trim(),
  )
  /** @type {string[]} */
  const result = []
  let line = first
  let isEmpty = true
  for (const word of words) {
    const fits = isEmpty || line.length + 1 + word.length <= room
    if (fits || STARTS_ANOTHER.test(word)) {
      line += isEmpty ? word : ` ${word}`
    } else {
      result.push(line)
      line = hanging + word
    }
    isEmpty = false
  }
  return [...result, line]
}

/**
 * Words, where code and the address of a link are one each. @param {string} text
 * @returns {string[]}
 */
function wordsOf(text) {
  return text.match(/(?:`+[^`]*`+|\{@\w+ [^}]*\}|\]\([^)]*\)|@\w+ \{[^}]*\}|[^\s])+/g) ?? []
}
