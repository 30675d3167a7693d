import type { OptionSpecs } from './arguments.js'
import { COMMON_OPTIONS, type Command } from './command.js'
import type { Style } from './style.js'

/** The list of commands. */
export function overview(commands: readonly Command[], style: Style): string {
  const width = Math.max(...commands.map(({ name }) => name.length))
  return [
    'Live configuration for a fleet of applications.',
    '',
    `${style('bold', 'Usage:')} noticeboard COMMAND [OPTION]…`,
    '',
    style('bold', 'Commands:'),
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'noticeboard COMMAND --help says more. Data goes to stdout, progress to stderr.',
    'Exit status: 0 ok, 1 failed, 2 usage, 3 refused, 4 conflict, 5 unreachable, 130 interrupted;',
    'of what was waited for: 6 rolled back, 7 paused, 8 still running, 10 refused by clients;',
    '9 an alarm (status --check), 11 no model fits (compare).',
    '',
  ].join('\n')
}

/** The help of one command. */
export function helpFor({ name, usage, text, options, examples }: Command, style: Style): string {
  return [
    `${style('bold', 'Usage:')} noticeboard ${name}${usage === '' ? '' : ` ${usage}`} [OPTION]…`,
    '',
    ...wrap(text),
    '',
    style('bold', 'Options:'),
    ...optionLines({ ...options, ...COMMON_OPTIONS }),
    '',
    style('bold', 'Examples:'),
    ...examples.map(example => `  ${example}`),
    '',
  ].join('\n')
}

const WIDTH = 90

/**
 * A paragraph in lines that fit a terminal.
 *
 * ```ts
 * for (const line of wrap(text)) print.data(`${line}\n`)
 * ```
 */
export function wrap(text: string): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > WIDTH) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

function optionLines(options: OptionSpecs): readonly string[] {
  const lines = Object.entries(options).map(([name, { short, value, text }]) => ({
    left: `${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`,
    text,
  }))
  const width = Math.max(...lines.map(({ left }) => left.length))
  return lines.map(({ left, text }) => `  ${left.padEnd(width)}  ${text}`)
}
