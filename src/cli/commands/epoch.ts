import { BOARD_OPTIONS, type Command } from '../command.js'
import { sourceFor } from '../documents.js'
import { withPublisher } from '../open-publisher.js'
import { AUTHOR_OPTION, readReason, REASON_OPTION } from '../reason.js'
import { printRollout } from './publish.js'

export const epochCommand: Command = {
  name: 'epoch',
  summary: 'go on in a new epoch, after a board was restored, copied or damaged',
  usage: '[NAMESPACE]',
  text: `Starts the log anew above everything that the board and its clients know. The new epoch begins with what the board's newest
release names, or with --document. Look at the board first: what clients saw and the board lost is gone.`,
  options: {
    ...BOARD_OPTIONS,
    reason: REASON_OPTION,
    document: { value: 'FILE', text: 'what the epoch begins with, JSON or YAML' },
    schema: { value: 'FILE', text: 'check the document by this JSON Schema instead' },
    author: AUTHOR_OPTION,
    'ignore-reports': { text: 'go above the board alone, not above what clients claim to have seen' },
  },
  examples: ['noticeboard epoch checkout/prod --reason "restored from the backup of Monday"'],
  positionals: [0, 1],
  async run(context) {
    const { args, io } = context
    const reason = readReason(args, 'say why: --reason "restored from the backup of Monday"')
    const file = args.text('document')
    const document = file === undefined ? {} : { document: await sourceFor(context, file).read(io.signal) }
    await withPublisher(context, { namespace: args.positionals[0], checking: true }, async desk => {
      printRollout(
        context,
        desk,
        await desk.publisher.openEpoch({ reason, ...document, ignoreReports: args.flag('ignore-reports') }),
      )
    })
  },
}
