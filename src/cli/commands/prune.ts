import type { NoticeboardError } from '../../contracts/errors.js'
import type { Namespace } from '../../contracts/names.js'
import { DEFAULT_RETENTION, removesNothing, type Pruned } from '../../publisher/prune.js'
import { readSystem } from '../../system/system.js'
import { namespacesOf, withBoard } from '../boards.js'
import { createBusy } from '../busy.js'
import { BOARD_OPTIONS, type Command } from '../command.js'
import { asError, statusOf, type ExitStatus } from '../exit.js'
import type { CommandStore } from '../observed-store.js'
import { openPublisherOn } from '../open-publisher.js'
import { readNumber } from '../quantities.js'
import { givenNamespaces, readSettings } from '../settings.js'

export const pruneCommand: Command = {
  name: 'prune',
  summary: 'remove old snapshots from a board, so that it does not grow for ever',
  usage: '[NAMESPACE]…',
  text: `Removes the snapshots that neither one of the newest releases names nor one that was the newest within some days, of the namespaces that
are named, else of all. What a rollback goes back to and both documents of a rollout that is under way stay, and so does what was
written within the hour. Releases and audit records stay. A server removes nothing for anybody: run it where the board is, by --board;
the server may run.`,
  options: {
    ...BOARD_OPTIONS,
    keep: {
      value: 'N',
      text: `how many of the newest releases keep what they name; ${DEFAULT_RETENTION.keepReleases} unless given, 1 at least`,
    },
    days: {
      value: 'N',
      text: `for how many days what was the newest is kept; ${DEFAULT_RETENTION.keepDays} unless given`,
    },
    'dry-run': { text: 'say what would be removed, and remove nothing' },
  },
  examples: [
    'noticeboard prune --board /var/lib/board --dry-run',
    'noticeboard prune --board /var/lib/board',
    'noticeboard prune checkout/prod --board /var/lib/board --keep 100 --days 90',
  ],
  positionals: [0, 64],
  async run(context): Promise<ExitStatus | void> {
    const { io, args, print, json } = context
    const settings = await readSettings(context)
    const keepReleases = args.integer('keep', 1)
    const keepDays = readNumber(args, 'days')
    const dryRun = args.flag('dry-run')
    const given = givenNamespaces(args, settings)
    const { doing, ...quiet } = io
    // It takes as long as the board is large, and an interrupted one goes on with the next.
    doing?.(undefined)
    const { clock } = readSystem('prune', io.system)
    const busy = createBusy({ clock, print })
    try {
      return await withBoard({ io: quiet, address: settings.address() }, async board => {
        if (board.store.remove === undefined) throw removesNothing(board.store)
        const namespaces = given.length > 0 ? given : await namespacesOf(board, io.signal)
        let failure: NoticeboardError | undefined
        for (const namespace of namespaces) {
          const store = counting(board.store, removed =>
            busy.doing(`looking for old snapshots of ${namespace}, ${removed} removed so far`),
          )
          const publisher = openPublisherOn({ store }, { io, namespace })
          try {
            const pruned = await publisher.prune({
              ...(keepReleases !== undefined && { keepReleases }),
              ...(keepDays !== undefined && { keepDays }),
              dryRun,
              signal: io.signal,
            })
            if (json) print.jsonLine({ namespace, dryRun, ...pruned })
            else print.data(`${sayPruned(namespace, pruned, dryRun)}\n`)
          } catch (error) {
            // One namespace that is damaged does not keep the others from being pruned.
            if (io.signal.aborted || namespaces.length === 1) throw error
            const { code, message } = (failure = asError(error))
            print.failure(`${namespace}: ${message} (${code})`)
          } finally {
            await publisher.close()
          }
        }
        return failure && statusOf(failure)
      })
    } finally {
      busy.end()
    }
  },
}

/** The same store, which says how many snapshots it has removed as it begins and after each. */
function counting(store: CommandStore, tell: (removed: number) => void): CommandStore {
  const { remove } = store
  let removed = 0
  tell(removed)
  if (remove === undefined) return store
  return {
    ...store,
    async remove(query, signal) {
      await remove(query, signal)
      tell((removed += 1))
    },
  }
}

function sayPruned(
  namespace: Namespace,
  { removed, removedBytes, refused, kept, lost }: Pruned,
  dryRun: boolean,
): string {
  const snapshots = (count: number): string => `${count} ${count === 1 ? 'snapshot' : 'snapshots'}`
  const length = removed === 0 ? '' : ` of ${removedBytes} bytes together`
  const outcome = dryRun
    ? `${snapshots(removed)}${length} would be removed`
    : `${snapshots(removed)}${length} removed`
  const young = refused === 0 ? '' : `, ${refused} more not yet removable`
  const gone = lost === 0 ? '' : `, ${lost} more that should be kept are not there`
  return `${namespace}: ${outcome}, ${kept} kept${young}${gone}`
}
