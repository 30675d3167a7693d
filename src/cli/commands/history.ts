import { formatPosition } from '../../contracts/position.js'
import { BOARD_OPTIONS, type Command } from '../command.js'
import { withPublisher } from '../open-publisher.js'
import { shortDigest, shortTime } from '../references.js'
import type { Cell } from '../table.js'

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
    const { args, print, json } = context
    const asked = args.integer('limit', 0) ?? DEFAULT_LIMIT
    const limit = asked === 0 ? {} : { limit: asked }
    await withPublisher(context, { namespace: args.positionals[0] }, async ({ publisher }) => {
      const rows: Cell[][] = []
      for await (const { version, position, digest, cause, issuedAt, audit } of publisher.history(limit)) {
        if (json) print.jsonLine({ version, position, digest, cause, issuedAt, ...audit })
        else
          rows.push([
            version,
            formatPosition(position),
            shortTime(issuedAt),
            cause,
            shortDigest(digest),
            audit?.author,
            audit?.reason,
          ])
      }
      if (json) return
      if (rows.length === 0) return print.note(`nothing was published in ${publisher.namespace} yet`)
      print.table(['version', 'position', 'when', 'cause', 'digest', 'author', 'reason'], rows)
    })
  },
}
