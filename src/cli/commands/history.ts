import { formatPosition } from '../../contracts/position.js'
import { BOARD_OPTIONS, type Command } from '../command.js'
import { withPublisher } from '../open-publisher.js'
import { sayInstant } from '../instant.js'
import { shortDigest, shortTime } from '../references.js'
import { readSystem } from '../../system/system.js'
import type { Cell } from '../table.js'
import { variantsCell } from '../variants.js'

const DEFAULT_LIMIT = 20

export const historyCommand: Command = {
  name: 'history',
  summary: 'list what was published, by whom and why',
  usage: '[NAMESPACE]',
  text: 'Lists the releases of a namespace, newest first. Over a server this wants the token.',
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
      for await (const entry of publisher.history(limit)) {
        const { version, position, digest, variants, cause, issuedAt, activateAt, audit } = entry
        waits ||= activateAt !== undefined
        if (json)
          print.jsonLine({
            version,
            position,
            digest,
            ...(variants !== undefined && { variants }),
            cause,
            issuedAt,
            ...(activateAt !== undefined && { activateAt }),
            ...audit,
          })
        else
          rows.push([
            version,
            formatPosition(position),
            shortTime(issuedAt),
            cause,
            shortDigest(digest),
            variantsCell(variants),
            activateAt && sayInstant(activateAt, nowMs),
            audit?.author,
            audit?.reason,
          ])
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
        'in force',
        'author',
        'reason',
      ]
      const isShown = (_: unknown, index: number): boolean => waits || columns[index] !== 'in force'
      print.table(
        columns.filter(isShown),
        rows.map(row => row.filter(isShown)),
      )
    })
  },
}
