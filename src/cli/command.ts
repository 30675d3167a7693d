import type { Arguments, OptionSpecs } from './arguments.js'
import type { ExitStatus } from './exit.js'
import type { Inputs } from './inputs.js'
import type { Io } from './io.js'
import type { Printer } from './printer.js'

/** What a command works with. */
export interface CommandContext {
  readonly io: Io
  readonly args: Arguments
  readonly inputs: Inputs
  readonly print: Printer
  /** Whether the user asked for JSON. */
  readonly json: boolean
}

/** One command: what help shows of it, and what it does. */
export interface Command {
  readonly name: string
  /** One line, for the list. */
  readonly summary: string
  /** What may follow the name: `FILE`. */
  readonly usage: string
  /** What it does, in a paragraph. */
  readonly text: string
  readonly options: OptionSpecs
  readonly examples: readonly string[]
  /** Set where it lasts until it is interrupted; others end within a bound. */
  readonly lasts?: true
  /** How many positionals it takes. */
  readonly positionals: readonly [minimum: number, maximum: number]
  /**
   * Resolves when it is done, to another status than `ok` where that says more. What it throws
   * decides the exit status.
   */
  run(context: CommandContext): Promise<ExitStatus | void>
}

/** Every command takes these. */
export const COMMON_OPTIONS: OptionSpecs = {
  json: { text: 'print JSON; one document a line for watch and history' },
  help: { short: 'h', text: 'this help' },
}

/** Commands that read or write a board take these. */
export const BOARD_OPTIONS: OptionSpecs = {
  url: { value: 'URL', text: 'the server; NOTICEBOARD_URL, or "url" in the configuration file' },
  board: { value: 'FOLDER', text: 'a board on this machine, instead of a server' },
  namespace: {
    value: 'NAME',
    short: 'n',
    text: 'such as checkout/prod; NOTICEBOARD_NAMESPACE, or "namespace" in the configuration file',
  },
  'token-file': { value: 'FILE', text: 'holds the token for writing; or set NOTICEBOARD_TOKEN' },
  config: {
    value: 'FILE',
    text: 'the configuration file; noticeboard.config.js, .mjs or .json here or in a folder above',
  },
}

/** Commands that may make a board take this. */
export const CREATE_OPTION = {
  text: 'make the board where there is none; without it a mistyped folder is refused',
} as const
