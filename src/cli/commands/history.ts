import { formatPosition } from '../../contracts/position.js'
import type { HistoryEntry } from '../../publisher/index.js'
import { BOARD_OPTIONS, type Command } from '../command.js'
import { withPublisher } from '../open-publisher.js'
import { sayInstant } from '../instant.js'
import { shortDigest, shortTime } from '../references.js'
import { readSystem } from '../../system/system.js'
import type { Cell } from '../table.js'
import { mainDigest, sayArm, variantsCell } from '../variants.js'

const DEFAULT_LIMIT = 20

export const historyCommand: Command = {
  name: 'history',
  summary: 'list what was published, by whom and why',
  usage: '[NAMESPACE]',
  text: 'Lists the releases of a namespace, newest first. Over a server this needs the token.',
  options: {
    ...BOARD_OPTIONS,
    limit: { value: 'N', text: `how many; ${DEFAULT_LIMIT} unless given, 0 for all` },
  },
  examples: ['noticeboard history checkout/prod', 'noticeboard history checkout/prod --limit 0 --json'],
  positionals: [0, 1],
  async run(context) {
    const { io, args, print, json } = context
    const nowMs = readSystem('history', io.system).clock.now()
    const asked = args.integer('limit', 0) ?? DEFAULT_LIMIT
    const limit = asked === 0 ? {} : { limit: asked }
    await withPublisher(context, { namespace: args.positionals[0] }, async ({ publisher }) => {
      const rows: Cell[][] = []
      let waits = false
      let isStaged = false
      let newer: Lasted | undefined
      for await (const entry of publisher.history(limit)) {
        const { version, position, digest, variants, cause, issuedAt, activateAt, audit } = entry
        const { candidate } = entry.release
        const lasted: Lasted = { entry, next: carriesOn(entry, newer) ? newer?.next : newer?.entry }
        newer = lasted
        waits ||= activateAt !== undefined
        isStaged ||= candidate !== undefined
        if (json)
          print.jsonLine({
            version,
            position,
            digest,
            ...(variants !== undefined && { variants }),
            ...(candidate !== undefined && { candidate }),
            cause,
            issuedAt,
            ...(activateAt !== undefined && { activateAt }),
            ...(isForEveryone(entry) && { everyone: true }),
            ...audit,
          })
        else {
          // Time, author and reason are of what a release brings.
          const { stable } = entry.release
          const brought = candidate ?? stable
          rows.push([
            brought.version,
            formatPosition(position),
            shortTime(issuedAt),
            isForEveryone(entry) ? `${cause} --everyone` : cause,
            shortDigest(mainDigest(brought)),
            variantsCell(brought.variants),
            candidate && sayArm(stable),
            sayInForce(lasted, nowMs),
            audit?.author,
            audit?.reason,
          ])
        }
      }
      if (json) return
      if (rows.length === 0) return print.note(`nothing was published in ${publisher.namespace} yet`)
      const columns = [
        'version',
        'position',
        'when',
        'cause',
        'digest',
        'variants',
        'all others run',
        'in force',
        'author',
        'reason',
      ]
      const hidden = new Set([...(waits ? [] : ['in force']), ...(isStaged ? [] : ['all others run'])])
      const isShown = (_: unknown, index: number): boolean => !hidden.has(columns[index] ?? '')
      print.table(
        columns.filter(isShown),
        rows.map(row => row.filter(isShown)),
      )
    })
  },
}

/** Whether what was published went to all clients at once: no stages follow it. */
function isForEveryone({ cause, release: { rollout, candidate } }: HistoryEntry): boolean {
  return cause === 'publish' && rollout === undefined && candidate === undefined
}

/** A release, and the one that took the place of what it brought; undefined while that lasts. */
interface Lasted {
  readonly entry: HistoryEntry
  readonly next: HistoryEntry | undefined
}

/**
 * Whether the next release goes on to wait for what this one brought: a step of its rollout, or the
 * same said again.
 */
function carriesOn({ activateAt, version, release: { rollout } }: HistoryEntry, newer?: Lasted): boolean {
  if (activateAt === undefined || newer?.entry.activateAt !== activateAt) return false
  const after = newer.entry
  return rollout === undefined ? after.version === version : after.release.rollout?.id === rollout.id
}

function sayInForce({ entry: { activateAt }, next }: Lasted, nowMs: number): string | undefined {
  if (activateAt === undefined) return undefined
  if (next === undefined || Date.parse(next.issuedAt) >= Date.parse(activateAt))
    return sayInstant(activateAt, nowMs)
  return `never: ${formatPosition(next.position)} came before ${shortTime(activateAt)}`
}
