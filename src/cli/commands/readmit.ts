import { BOARD_OPTIONS, type Command } from '../command.js'
import { usageError } from '../exit.js'
import { withPublisher } from '../open-publisher.js'
import { AUTHOR_OPTION, readReason, REASON_OPTION } from '../reason.js'
import { printRollout } from './publish.js'

export const readmitCommand: Command = {
  name: 'readmit',
  summary: 'end the quarantine of a document, on every client',
  usage: '[NAMESPACE]',
  text: `Clients that refused a document, took it back or have it under quarantine forget that, for this document and no other, and try it
again. The newest release has to name it, as stable or as the candidate of a rollout; noticeboard status shows what is under quarantine.
A document that was withdrawn comes back with noticeboard publish --readmit. To end it on one machine alone see docs/operations.md.`,
  options: {
    ...BOARD_OPTIONS,
    digest: { value: 'DIGEST', text: 'which document: the first 8 digits of its digest, or more' },
    reason: REASON_OPTION,
    author: AUTHOR_OPTION,
  },
  examples: ['noticeboard readmit checkout/prod --digest 3f9a01bc --reason "the driver was to blame"'],
  positionals: [0, 1],
  async run(context) {
    const { args } = context
    const digest = args.text('digest')
    if (digest === undefined || !/^[0-9a-f]{8,64}$/.test(digest))
      throw usageError('the document is missing: pass --digest with the first 8 digits of its digest or more')
    const reason = readReason(args, 'say why: --reason "the driver was to blame"; it is kept in the history')
    await withPublisher(context, { namespace: args.positionals[0] }, async desk =>
      printRollout(context, desk, await desk.publisher.readmit({ digest, reason }), 'readmitted'),
    )
  },
}
