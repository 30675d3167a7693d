import type { NoticeboardError } from '../contracts/errors.js'
import { PART_WORD } from '../compare/run/part-calls.js'
import { keepAlive } from '../async/keep-alive.js'
import { readArguments, suggest } from './arguments.js'
import { bounded, type Terminal } from './bounded.js'
import { COMMON_OPTIONS, type Command } from './command.js'
import { COMMANDS } from './commands/index.js'
import { asError, EXIT, statusOf, usageError, type ExitStatus } from './exit.js'
import { helpFor, overview } from './help.js'
import { createInputs } from './inputs.js'
import type { Io } from './io.js'
import { createPrinter, type Awaited } from './printer.js'
import { packageVersion } from './package-version.js'

/**
 * Runs one command line, without the names of the program, to its end. Never rejects; the process
 * is kept alive meanwhile.
 */
export async function run(args: readonly string[], io: Io): Promise<ExitStatus> {
  const awaited: Awaited = {}
  const print = createPrinter(io, awaited)
  const [name, ...rest] = args
  try {
    return await keepAlive(dispatch(name, rest, { io: observed(io, awaited), print, awaited }))
  } catch (thrown) {
    if (io.signal.aborted) return EXIT.interrupted
    const error = asError(thrown)
    const command = COMMANDS.some(known => known.name === name) ? (name ?? '') : ''
    print.error(error, { command, json: args.includes('--json') })
    return statusOf(error)
  }
}

function observed(io: Io, awaited: Awaited): Io {
  return {
    ...io,
    asking(proxy) {
      awaited.proxy = proxy
    },
    holdingBack(source) {
      awaited.heldBackFor = source
    },
  }
}

async function dispatch(
  name: string | undefined,
  rest: readonly string[],
  { io, print, awaited }: Terminal,
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
  const status = await bounded(command, { io, print, awaited }, own =>
    command.run({ io: own, args, inputs: createInputs(own), print, json: args.flag('json') }),
  )
  return io.signal.aborted ? EXIT.interrupted : (status ?? EXIT.ok)
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
