import type { Logger } from '../contracts/system.js'
import { onAbort } from '../async/signals.js'
import { anything } from '../core/schema/anything.js'
import { createPublisher, type Publisher } from '../publisher/index.js'
import { CLI_RETRIES, withBoard, type OpenBoard } from './boards.js'
import { findChecks, type Checks } from './checks.js'
import type { CommandContext } from './command.js'
import type { RolloutPolicy } from '../rollouts/index.js'
import type { Io } from './io.js'
import { readSettings } from './settings.js'

/** A publisher that is open for one command. */
export interface Desk {
  readonly publisher: Publisher
  readonly checks: Checks
  readonly board: OpenBoard
  readonly namespace: string
  /** The policy of the configuration file; undefined where that names none. */
  readonly rollout: RolloutPolicy | undefined
}

export interface DeskOptions {
  /** A namespace that was given as a positional. */
  readonly namespace?: string | undefined
  /** Whether documents will be checked, so that a schema is looked for. */
  readonly checking?: boolean
}

/**
 * A publisher for looking around; rollouts are judged by these policies besides those that are
 * known.
 */
export function openPublisherOn(
  { store }: Pick<OpenBoard, 'store'>,
  {
    io: { system = {} },
    namespace,
    policies,
  }: {
    readonly io: Pick<Io, 'system'>
    readonly namespace: string
    readonly policies?: readonly RolloutPolicy[] | undefined
  },
): Publisher {
  return createPublisher({
    namespace,
    schema: anything,
    keepSchema: false,
    store,
    system,
    retries: CLI_RETRIES,
    ...(policies !== undefined && { policies }),
  })
}

/**
 * Opens the board and a publisher on it for a piece of work, and closes both whatever comes of
 * that.
 */
export async function withPublisher<T>(
  context: CommandContext,
  { namespace: positional, checking = false }: DeskOptions,
  work: (desk: Desk) => Promise<T>,
): Promise<T> {
  const { io, args, inputs, print } = context
  const settings = await readSettings(context, { namespace: positional })
  const namespace = settings.namespace()
  const told = new Set<string>()
  const say: Logger['warn'] = (message, { reason, damage, message: failure, times } = {}) => {
    const why = reason ?? damage ?? failure
    const line = why === undefined ? message : `${message}: ${String(why)}`
    // What was only counted since comes again when a command ends, and says nothing new.
    if (times !== undefined && told.has(line)) return
    told.add(line)
    print.warning(line)
  }
  const logger: Logger = { debug() {}, info() {}, error: say, warn: say }
  const create = args.flag('create')
  return withBoard({ io, address: settings.address(), create, logger }, async board => {
    const { store } = board
    const config = checking ? settings.checks(namespace) : {}
    const checks = await findChecks(
      { config, inputs, ...(checking && { schemaFile: settings.schemaFile, namespace, store }) },
      io.signal,
    )
    const author = args.text('author') ?? settings.author
    const { schema, validators } = checks
    // The schema of one command is for that command, unless it is to be kept for all.
    const keepSchema = checks.from === 'config' || (checks.from === 'option' && args.flag('keep-schema'))
    const { gates, policies, rollout, floor, maxBoardBytes } = settings.rollouts
    const publisher = createPublisher({
      namespace,
      schema,
      keepSchema,
      validators,
      store,
      logger,
      system: io.system ?? {},
      retries: CLI_RETRIES,
      ...(author !== undefined && { author }),
      ...(gates !== undefined && { gates }),
      ...(policies !== undefined && { policies }),
      ...(rollout !== undefined && { rollout }),
      ...(floor !== undefined && { floor }),
      ...(maxBoardBytes !== undefined && { maxBoardBytes }),
    })
    const forget = onAbort(io.signal, () => void publisher.close())
    try {
      return await work({ publisher, checks, board, namespace, rollout })
    } finally {
      forget()
      await publisher.close()
    }
  })
}
