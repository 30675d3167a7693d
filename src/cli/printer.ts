import type { NoticeboardError } from '../contracts/errors.js'
import { sayIssue } from '../core/say-issues.js'
import { byFlags } from './by-flags.js'
import { hintFor } from './exit.js'
import type { Io } from './io.js'
import { printable, styleFor, type Style } from './style.js'
import { formatTable, type Cell } from './table.js'

/** Where a command's words go: data to stdout, everything else to stderr. */
export interface Printer {
  readonly style: Style
  /** A text, as it is. */
  data(text: string | Uint8Array): void
  /** One JSON document on a line. */
  jsonLine(value: unknown): void
  table(headings: readonly string[], rows: readonly (readonly Cell[])[]): void
  /** Progress; one line, which begins with `time` where a log is written. */
  note(text: string, time?: string): void
  warning(text: string, time?: string): void
  /** Something failed, and the command goes on. */
  failure(text: string, time?: string): void
  /** Why the command ends, and what to do next. */
  error(error: NoticeboardError, about: { readonly command: string; readonly json: boolean }): void
}

/** What a command waited for last. */
export interface Awaited {
  /** The variable that names the proxy through which a server is asked, if it is. */
  proxy?: string | undefined
  /** Where the address is from for which the token of the configuration file is not. */
  heldBackFor?: string
  /** Whether it is what the user hands in, and no board. */
  isInput?: boolean
}

/** `awaited` may change while the command runs. */
export function createPrinter(
  { stdout, stderr, env }: Pick<Io, 'stdout' | 'stderr' | 'env'>,
  awaited: Awaited = {},
): Printer {
  const style = styleFor(stdout, env)
  const aside = styleFor(stderr, env)
  const say = (text: string): void => void stderr.write(`${text}\n`)
  const at = (time: string | undefined): string => (time === undefined ? '' : `${time} `)
  return {
    style,
    data: text => void stdout.write(text),
    jsonLine: value => void stdout.write(`${JSON.stringify(value)}\n`),
    table: (headings, rows) => void stdout.write(formatTable(headings, rows, style)),
    note: (text, time) => say(`${at(time)}${printable(byFlags(text))}`),
    warning: (text, time) => say(`${at(time)}${aside('yellow', 'warning:')} ${printable(byFlags(text))}`),
    failure: (text, time) => say(`${at(time)}${aside('red', 'error:')} ${printable(byFlags(text))}`),
    error(error, { command, json }) {
      const { code, issues } = error
      const message = byFlags(error.message)
      if (json) return say(JSON.stringify({ error: { code, message, ...(issues.length > 0 && { issues }) } }))
      const listed = code === 'invalid-document' && issues.length > 1
      const headline = listed ? (message.split(': ')[0] ?? message) : message
      say(`${aside('red', `error (${code}):`)} ${printable(headline)}`)
      for (const issue of listed ? issues : []) say(`  ${printable(sayIssue(issue))}`)
      const hint = hintFor(error, { command, ...awaited })
      if (hint !== undefined) say(aside('dim', hint))
    },
  }
}
