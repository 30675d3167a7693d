import type { Namespace } from '../../contracts/names.js'
import { formatPosition } from '../../contracts/position.js'
import { isInstant } from '../../core/release/instant.js'
import type { HistoryEntry } from '../../publisher/index.js'
import { readSystem } from '../../system/system.js'
import { withBoard } from '../boards.js'
import { BOARD_OPTIONS, type Command, type CommandContext } from '../command.js'
import { usageError } from '../exit.js'
import { openPublisherOn } from '../open-publisher.js'
import { shortTime } from '../references.js'
import { givenNamespaces, readSettings } from '../settings.js'

const DEFAULT_DAYS = 30
const DAY_MS = 86_400_000

export const auditCommand: Command = {
  name: 'audit',
  summary: 'tell who did what, in all namespaces, by the log',
  usage: '[NAMESPACE]…',
  text: `Lists every release of the namespaces that are named, else of all, the newest first: who wrote it, what it did, and why. Steps that a
controller took name it and the verdict that they rest on. An author is what the writer said, unless its token is bound to one: then the
server refused every other.`,
  options: {
    ...BOARD_OPTIONS,
    since: {
      value: 'TIME',
      text: `from then on, such as 2026-11-01; the last ${DEFAULT_DAYS} days unless given`,
    },
    author: { value: 'NAME', text: 'what this author did, or this controller' },
    cause: {
      value: 'CAUSE',
      multiple: true,
      text: 'publish, rollback, kill, promote, abort, …; several are allowed',
    },
  },
  examples: [
    'noticeboard audit',
    'noticeboard audit checkout/prod --since 2026-11-01 --cause rollback --cause kill',
  ],
  positionals: [0, 64],
  async run(context) {
    const { io, args, print, json } = context
    const settings = await readSettings(context)
    const sinceMs = sinceFrom(context)
    const given = givenNamespaces(args, settings)
    const author = args.text('author')
    const causes = new Set(args.texts('cause'))
    await withBoard({ io, address: settings.address() }, async ({ store, name }) => {
      const namespaces = given.length > 0 ? given : ((await store.namespaces?.(io.signal)) ?? [])
      const deeds: Deed[] = []
      for (const namespace of namespaces)
        for await (const entry of openPublisherOn({ store }, { io, namespace }).history()) {
          if (Date.parse(entry.issuedAt) < sinceMs) break
          const deed = deedOf(namespace, entry)
          const isMeant = author === undefined || deed.who === author
          if (isMeant && (causes.size === 0 || causes.has(entry.cause))) deeds.push(deed)
        }
      deeds.sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0))
      if (json) return deeds.forEach(deed => print.jsonLine(deed))
      if (deeds.length === 0) return print.note(`nothing was done in ${name} in that time`)
      print.table(
        ['when', 'who', 'did', 'namespace', 'position', 'version', 'why'],
        deeds.map(({ at, who, did, verdict, namespace, position, version, why }) => [
          shortTime(at),
          who,
          verdict === undefined ? did : `${did} (${verdict})`,
          namespace,
          position,
          version,
          why,
        ]),
      )
    })
  },
}

/** What one release did. */
interface Deed {
  readonly at: string
  /** The author of the audit record, else the controller that wrote the step. */
  readonly who: string | undefined
  readonly did: string
  /** What a step of a controller rests on. */
  readonly verdict?: string
  readonly namespace: Namespace
  readonly position: string
  readonly version: number
  readonly why: string | undefined
}

function deedOf(
  namespace: Namespace,
  { issuedAt, cause, position, version, release, audit }: HistoryEntry,
): Deed {
  const verdict = audit?.evidence?.verdict
  return {
    at: issuedAt,
    who: audit?.author ?? release.rollout?.controller,
    did: cause,
    ...(verdict !== undefined && { verdict }),
    namespace,
    position: formatPosition(position),
    version: release.candidate?.version ?? version,
    why: audit?.reason ?? release.rollout?.why,
  }
}

function sinceFrom({ io, args }: CommandContext): number {
  const text = args.text('since')
  if (text === undefined) return readSystem('audit', io.system).clock.now() - DEFAULT_DAYS * DAY_MS
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00.000Z` : text
  if (isInstant(time)) return Date.parse(time)
  throw usageError('--since must be a day such as 2026-11-01, or a time such as 2026-11-01T12:00:00.000Z')
}
