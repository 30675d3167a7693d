import { BOARD_OPTIONS, type Command } from '../command.js'
import { withPublisher } from '../open-publisher.js'
import { AUTHOR_OPTION, readReason, REASON_OPTION } from '../reason.js'
import { parseReference } from '../references.js'
import { printRollout } from './publish.js'

export const rollbackCommand: Command = {
  name: 'rollback',
  summary: 'go back to an earlier version',
  usage: '[NAMESPACE]',
  text: `Publishes an earlier version again and withdraws the one that runs, so that no client falls back to it. Without --to it is the
newest earlier version that was not withdrawn. Nothing is validated and nothing stands in the way.`,
  options: {
    ...BOARD_OPTIONS,
    reason: REASON_OPTION,
    to: {
      value: 'VERSION',
      text: 'a version, a position (what was stable there), or the first 8 digits of a digest',
    },
    author: AUTHOR_OPTION,
  },
  examples: [
    'noticeboard rollback checkout/prod --reason "pool too small"',
    'noticeboard rollback checkout/prod --to 5 --reason "the last that worked"',
  ],
  positionals: [0, 1],
  async run(context) {
    const { args } = context
    const reason = readReason(args, 'say why: --reason "pool too small"; it is kept in the history')
    const to = args.text('to')
    const target = to === undefined ? {} : { to: parseReference(to) }
    await withPublisher(context, { namespace: args.positionals[0] }, async desk => {
      printRollout(context, desk, await desk.publisher.rollback({ reason, ...target }), 'rolled-back')
    })
  },
}
