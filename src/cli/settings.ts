import { join, resolve } from 'node:path'
import { parseNamespace, type Namespace } from '../contracts/names.js'
import type { Arguments } from './arguments.js'
import { loadConfig, type CommandLineConfig, type LoadedConfig, type NamespaceConfig } from './config-file.js'
import type { CommandContext } from './command.js'
import { inputPath, readText } from './inputs.js'
import { usageError } from './exit.js'
import type { Io } from './io.js'

/** Which board is meant. */
export type BoardAddress =
  | {
      readonly type: 'url'
      readonly url: string
      readonly token: string | (() => string | Promise<string>) | undefined
    }
  | { readonly type: 'board'; readonly folder: string }

/**
 * What a command line, its environment and its configuration file say together; the first of them
 * holds.
 */
export interface Settings {
  /** Throws a usage error when none was named. */
  address(): BoardAddress
  readonly hasAddress: boolean
  /** Throws a usage error when none was named, or when it is not one. */
  namespace(): Namespace
  /** The namespace, if one was named. */
  optionalNamespace(): Namespace | undefined
  readonly author: string | undefined
  /** The JSON Schema file of the command line. */
  readonly schemaFile: string | undefined
  /** How rollouts go, as the configuration file has it. */
  readonly rollouts: Pick<
    CommandLineConfig,
    'gates' | 'policies' | 'listeners' | 'rollout' | 'floor' | 'maxBoardBytes'
  >
  /** What checks documents of a namespace, as the configuration file has it; paths are absolute. */
  checks(namespace: Namespace | undefined): NamespaceConfig
}

export interface SettingsOptions {
  /** A namespace that was given as a positional. */
  readonly namespace?: string | undefined
}

/** What settings are read from. */
export type SettingsContext = Pick<CommandContext, 'io' | 'args' | 'inputs'>

/** Reads the configuration file, the environment and the options. */
export async function readSettings(
  { io, args, inputs }: SettingsContext,
  { namespace: positional }: SettingsOptions = {},
): Promise<Settings> {
  const loaded = await loadConfig(io.cwd, args.text('config'))
  const config = loaded?.config ?? {}
  const option = args.text('namespace')
  if (option !== undefined && positional !== undefined && option !== positional) {
    throw usageError(
      `two namespaces were named, ${JSON.stringify(positional)} and ${JSON.stringify(option)}; keep one`,
    )
  }
  const named = positional ?? option ?? nonEmpty(io.env['NOTICEBOARD_NAMESPACE']) ?? config.namespace
  const token = await readToken({ io, args, inputs })
  const schemaFile = args.text('schema')
  const address = findAddress(io, args, { loaded, token })

  return {
    hasAddress: address !== undefined,
    rollouts: config,
    schemaFile: schemaFile === undefined ? undefined : inputPath(io, schemaFile),
    author: config.author ?? nonEmpty(io.env['NOTICEBOARD_AUTHOR']),
    address() {
      if (address !== undefined) return address
      throw usageError(
        'no board was named: give --url URL or --board FOLDER, set NOTICEBOARD_URL, or write noticeboard.config.json',
      )
    },
    namespace() {
      if (named === undefined)
        throw usageError(
          'no namespace was named: give --namespace NAME, such as checkout/prod, or set NOTICEBOARD_NAMESPACE',
        )
      return parseNamespace(named)
    },
    optionalNamespace: () => (named === undefined ? undefined : parseNamespace(named)),
    checks(namespace) {
      const own =
        namespace !== undefined && Object.hasOwn(config.namespaces ?? {}, namespace)
          ? config.namespaces?.[namespace]
          : undefined
      const { schema = config.schema, validators = config.validators } = own ?? {}
      return {
        ...(schema !== undefined && {
          schema: typeof schema === 'string' ? resolve(loaded?.folder ?? io.cwd, schema) : schema,
        }),
        ...(validators !== undefined && { validators }),
      }
    },
  }
}

/**
 * The namespaces of a command on several: its positionals, else `--namespace`; none where all are
 * meant. What the environment or the file names is a default for commands on one namespace.
 */
export function givenNamespaces(
  args: Arguments,
  settings: Pick<Settings, 'optionalNamespace'>,
): readonly Namespace[] {
  const named = args.positionals.map(parseNamespace)
  const usual = settings.optionalNamespace()
  return named.length === 0 && usual !== undefined && args.text('namespace') !== undefined ? [usual] : named
}

interface Sources {
  readonly loaded: LoadedConfig | undefined
  readonly token: string | undefined
}

function findAddress(io: Io, args: Arguments, { loaded, token }: Sources): BoardAddress | undefined {
  const url = args.text('url')
  const board = args.text('board')
  const at = (named: string, source: string): BoardAddress => {
    const { url: own, token: kept } = loaded?.config ?? {}
    if (token !== undefined || kept === undefined) return { type: 'url', url: named, token }
    if (own !== undefined && isSameUrl(own, named)) return { type: 'url', url: named, token: kept }
    io.holdingBack?.(source)
    return { type: 'url', url: named, token }
  }
  if (url !== undefined && board !== undefined)
    throw usageError('--url and --board name two boards; keep one')
  if (url !== undefined) return at(url, '--url')
  if (board !== undefined) return { type: 'board', folder: resolve(io.cwd, board) }
  const usual = nonEmpty(io.env['NOTICEBOARD_URL'])
  if (usual !== undefined) return at(usual, 'NOTICEBOARD_URL')
  if (loaded === undefined) return undefined
  const { config, folder } = loaded
  if (config.board !== undefined) return { type: 'board', folder: resolve(folder, config.board) }
  // The file's token belongs to the file's address, and goes nowhere else.
  return config.url === undefined ? undefined : { type: 'url', url: config.url, token: token ?? config.token }
}

function isSameUrl(one: string, other: string): boolean {
  return URL.canParse(one) && URL.canParse(other) && new URL(one).href === new URL(other).href
}

async function readToken({ io, args, inputs }: SettingsContext): Promise<string | undefined> {
  const named = args.text('token-file')
  if (named === undefined) return nonEmpty(io.env['NOTICEBOARD_TOKEN'])
  const file = inputPath(io, named)
  const token = (await readText(inputs, file, 'the token file')).trim()
  if (token !== '') return token
  throw usageError(`the token file ${file} is empty`)
}

/** Where a server that was started on a board keeps its token. */
export function tokenFileOf(folder: string): string {
  return join(folder, 'private', 'token')
}

/**
 * The board folder of `--board`, else of the configuration file: for commands that work on the
 * server's machine.
 */
export async function boardFolder({
  io,
  args,
}: Pick<CommandContext, 'io' | 'args'>): Promise<string | undefined> {
  const board = args.text('board')
  if (board !== undefined) return resolve(io.cwd, board)
  const loaded = await loadConfig(io.cwd, args.text('config'))
  return loaded?.config.board === undefined ? undefined : resolve(loaded.folder, loaded.config.board)
}

/** Where a server that was started on a board finds the tokens that may do some things. */
export function tokensOf(folder: string): string {
  return join(folder, 'private', 'tokens')
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : text
}
