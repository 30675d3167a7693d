import type { NoticeboardError } from '../contracts/errors.js'
import { abortable } from '../async/signals.js'
import { PART_WORD } from '../compare/run/part-calls.js'
import { keepAlive } from '../async/keep-alive.js'
import { readArguments, suggest } from './arguments.js'
import { createBusy } from './busy.js'
import { COMMON_OPTIONS, type Command } from './command.js'
import { COMMANDS } from './commands/index.js'
import { asError, EXIT, statusOf, usageError, type ExitStatus } from './exit.js'
import { helpFor, overview } from './help.js'
import { createInputs } from './inputs.js'
import type { Io } from './io.js'
import { createPrinter, type Printer } from './printer.js'
import { readSystem } from '../system/system.js'
import { createTimeLimit } from './time-limit.js'
import { packageVersion } from './package-version.js'

/**
 * Runs one command line, without the names of the program, to its end. Never rejects; the process
 * is kept alive meanwhile.
 */
export async function run(args: readonly string[], io: Io): Promise<ExitStatus> {
  const print = createPrinter(io)
  const [name, ...rest] = args
  try {
    return await keepAlive(dispatch(name, rest, { io, print }))
  } catch (thrown) {
    if (io.signal.aborted) return EXIT.interrupted
    const error = asError(thrown)
    const command = COMMANDS.some(known => known.name === name) ? (name ?? '') : ''
    print.error(error, { command, json: args.includes('--json') })
    return statusOf(error)
  }
}

interface Terminal {
  readonly io: Io
  readonly print: Printer
}

async function dispatch(
  name: string | undefined,
  rest: readonly string[],
  { io, print }: Terminal,
): Promise<ExitStatus> {
  if (name === undefined) {
    io.stderr.write(overview(COMMANDS, print.style))
    return EXIT.usage
  }
  if (name === PART_WORD) {
    const { bePart } = await import('../compare/run/be-part.js')
    await bePart(process)
    process.exit(EXIT.ok)
  }
  if (name === '--version' || name === '-v') {
    print.data(`${await packageVersion()}\n`)
    return EXIT.ok
  }
  if (name === '--help' || name === '-h' || name === 'help') {
    const about = COMMANDS.find(command => command.name === rest[0])
    print.data(about === undefined ? overview(COMMANDS, print.style) : helpFor(about, print.style))
    return EXIT.ok
  }
  const command = COMMANDS.find(known => known.name === name)
  if (command === undefined) throw unknownCommand(name)
  const args = readArguments(rest, { ...command.options, ...COMMON_OPTIONS })
  if (args.flag('help')) {
    print.data(helpFor(command, print.style))
    return EXIT.ok
  }
  checkPositionals(command, args.positionals)
  const status = await bounded(command, { io, print }, own =>
    command.run({ io: own, args, inputs: createInputs(own), print, json: args.flag('json') }),
  )
  return io.signal.aborted ? EXIT.interrupted : (status ?? EXIT.ok)
}

/**
 * How long a command may take that neither lasts nor waits for what the user wants to wait for, in
 * milliseconds.
 */
const MOST_WAITING_MS = 300_000

/**
 * Runs a command within its time, and tells what it does once that takes long. Throws `timeout`.
 */
async function bounded<T>(
  { lasts }: Command,
  { io, print }: Terminal,
  work: (io: Io) => Promise<T>,
): Promise<T> {
  if (lasts === true) return work(io)
  const { clock } = readSystem('the command line', io.system)
  const limit = createTimeLimit({ clock, interrupted: io.signal, mostMs: MOST_WAITING_MS })
  const busy = createBusy({ clock, print })
  let waits = false
  const doing = (what: string | undefined): void => {
    if (waits) return
    if (what !== undefined) return busy.doing(what)
    waits = true
    busy.end()
    limit.lift()
  }
  try {
    return await abortable(work({ ...io, signal: limit.signal, doing }), limit.over)
  } catch (error) {
    throw limit.error ?? error
  } finally {
    busy.end()
    limit.end()
  }
}

function unknownCommand(name: string): NoticeboardError {
  const names = COMMANDS.map(command => command.name)
  if (name.startsWith('-'))
    return usageError(
      `the command comes first: noticeboard COMMAND ${JSON.stringify(name.slice(0, 60))}; commands are ${names.join(', ')}`,
    )
  return usageError(
    `there is no command ${JSON.stringify(name.slice(0, 60))}${suggest(name, names, '') || `; commands are ${names.join(', ')}`}`,
  )
}

function checkPositionals(
  { name, usage, positionals: [minimum, maximum] }: Command,
  given: readonly string[],
): void {
  if (given.length >= minimum && given.length <= maximum) return
  const problem =
    given.length < minimum
      ? 'an argument is missing'
      : `${JSON.stringify(given[maximum]?.slice(0, 60))} is one argument too many`
  throw usageError(`${problem}: noticeboard ${name} ${usage}`.trimEnd())
}
