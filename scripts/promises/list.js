// Compares the sentences that promise something with the list of what tries them.
import { createHash } from 'node:crypto'

/**
 * A sentence that promises something, and where it stands.
 * @typedef {object} Promised
 * @property {string} file relative to the project
 * @property {number} line
 * @property {string} text
 * @property {readonly string[]} by which patterns it matches
 */

/**
 * What the list says of a sentence: how it begins, and exactly one of the others.
 * @typedef {object} Entry
 * @property {string} says
 * @property {string | string[]} [test] `path > title`, of tests that try what it names
 * @property {string} [command] a step of `.ci/run`, a script of package.json or a file that runs it
 * @property {string} [why] why there is nothing of ours to try
 * @property {string} [open] what is not tried
 */

/**
 * @typedef {object} List
 * @property {number} open how many entries may be open
 * @property {Record<string, number>} unread how many sentences under a path have no entry yet
 * @property {Record<string, Record<string, Entry>>} promises by file, then by the key of a sentence
 */

/** The kinds of an entry, in the order in which they are counted. */
export const KINDS = /** @type {const} */ (['test', 'command', 'why', 'open'])

/** How much of a sentence an entry repeats, in characters, so that a reader finds it. */
const SAYS = 60

/** @param {string} text @returns {string} eight digits that change with the words of a sentence */
export function keyOf(text) {
  const words = text.toLowerCase().replaceAll(/[^\p{L}\p{N}%.<>=$/-]+/gu, ' ')
  return createHash('sha256').update(words.trim()).digest('hex').slice(0, 8)
}

/** How a sentence begins. @param {string} text */
export function beginningOf(text) {
  if (text.length <= SAYS) return text
  return text.slice(0, text.lastIndexOf(' ', SAYS) > 0 ? text.lastIndexOf(' ', SAYS) : SAYS)
}

/**
 * What is wrong with the list, a line each.
 *
 * @param {readonly Promised[]} found
 * @param {List} list
 * @param {{ test(name: string): string | undefined, command(name: string): string | undefined }}
 *   tell what is wrong with the name of a test or a command
 * @returns {string[]}
 */
export function complaintsOf(found, list, tell) {
  const present = new Set(found.map(({ file, text }) => `${file} ${keyOf(text)}`))
  const vanished = Object.entries(list.promises).flatMap(([file, entries]) =>
    Object.entries(entries)
      .filter(([key]) => !present.has(`${file} ${key}`))
      .map(([key, entry]) => ({ file, key, entry })),
  )
  const left = new Map(vanished.map(gone => [`${gone.file} ${gone.key}`, gone]))
  /** @type {string[]} */
  const complaints = []
  /** @type {Map<string, Promised[]>} */
  const without = new Map(Object.keys(list.unread).map(path => [path, []]))
  for (const sentence of found) {
    const { file, text } = sentence
    const entry = list.promises[file]?.[keyOf(text)]
    const place = `${file}:${sentence.line}`
    if (entry) {
      for (const wrong of faultsOf(entry, text, tell)) complaints.push(`${place}  ${keyOf(text)}: ${wrong}`)
      continue
    }
    const before = [...left.values()].find(gone => gone.file === file && isAlike(gone.entry.says, text))
    if (before) {
      left.delete(`${file} ${before.key}`)
      complaints.push(
        `${place}  changed, ${before.key} is now ${keyOf(text)}: see that its entry still tries "${text}", and rename it`,
      )
      continue
    }
    const path = [...without.keys()].find(under => file.startsWith(under))
    if (path === undefined)
      complaints.push(
        `${place}  new, ${keyOf(text)} (${sentence.by.join(', ')}): name in docs/promises.json what tries "${text}"`,
      )
    else without.get(path)?.push(sentence)
  }
  for (const { file, key, entry } of left.values())
    complaints.push(`docs/promises.json  ${file} ${key} has vanished: remove "${entry.says}"`)
  for (const [path, sentences] of without) {
    const allowed = list.unread[path] ?? 0
    if (sentences.length > allowed)
      complaints.push(
        `${path}  ${sentences.length} sentences have no entry, and ${allowed} may: name what tries the new ones, of ` +
          sentences.map(({ file, line }) => `${file}:${line}`).join(' '),
      )
    else if (sentences.length < allowed)
      complaints.push(`docs/promises.json  "unread" of ${path} is ${sentences.length} now: lower it`)
  }
  const open = countsOf(list).get('open') ?? 0
  if (open > list.open)
    complaints.push(`docs/promises.json  ${open} entries are open, and ${list.open} may be: try one of them`)
  else if (open < list.open) complaints.push(`docs/promises.json  "open" is ${open} now: lower it`)
  return complaints
}

/**
 * @param {Entry} entry @param {string} text @param {Parameters<typeof complaintsOf>[2]} tell
 * @returns {string[]}
 */
function faultsOf(entry, text, tell) {
  const kinds = KINDS.filter(kind => entry[kind] !== undefined)
  if (kinds.length !== 1) return [`give it one of ${KINDS.join(', ')}`]
  const wrong = entry.says === beginningOf(text) ? [] : [`"says" is how it begins: "${beginningOf(text)}"`]
  for (const name of [entry.test ?? []].flat()) wrong.push(...[tell.test(name) ?? []].flat())
  if (entry.command !== undefined) wrong.push(...[tell.command(entry.command) ?? []].flat())
  return wrong
}

/** Whether a sentence may be the one that began so. @param {string} says @param {string} text */
function isAlike(says, text) {
  const words = (/** @type {string} */ of) => new Set(of.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [])
  const before = [...words(says)]
  const now = words(text)
  return before.filter(word => now.has(word)).length > 0.7 * before.length
}

/** How many entries are of each kind. @param {List} list @returns {Map<string, number>} */
export function countsOf(list) {
  const entries = Object.values(list.promises).flatMap(of => Object.values(of))
  return new Map(KINDS.map(kind => [kind, entries.filter(entry => entry[kind] !== undefined).length]))
}
