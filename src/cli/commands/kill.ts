import type { Json } from '../../contracts/json.js'
import { readJsonText } from '../../core/json/json-text.js'
import { BOARD_OPTIONS, type Command, type CommandContext } from '../command.js'
import { refusing, usageError } from '../exit.js'
import { inputPath, readText } from '../inputs.js'
import { withPublisher } from '../open-publisher.js'
import { AUTHOR_OPTION, readReason, REASON_OPTION } from '../reason.js'
import { printRollout } from './publish.js'

export const killCommand: Command = {
  name: 'kill',
  summary: 'patch every document that runs, at once and for everybody',
  usage: '[NAMESPACE]',
  text: `Applies a JSON Merge Patch to the stable document and to the candidate of a rollout, at once and for everybody, and pauses that
rollout. Nothing is staged, and neither a schema nor a gate stands in the way; a full disk does not either, once: the board keeps a reserve for that. To undo it,
publish another document, or the one from before with --readmit "why it may come back".`,
  options: {
    ...BOARD_OPTIONS,
    patch: { value: 'JSON', text: 'what changes: \'{"newCheckout":false}\'; null takes a member away' },
    'patch-file': { value: 'FILE', text: 'the same, in a file' },
    reason: REASON_OPTION,
    author: AUTHOR_OPTION,
  },
  examples: ['noticeboard kill checkout/prod --patch \'{"newCheckout":false}\' --reason "it loses orders"'],
  positionals: [0, 1],
  async run(context) {
    const { args } = context
    const reason = readReason(args, 'say why: --reason "it loses orders"; it is kept in the history')
    const patch = await readPatch(context)
    await withPublisher(context, { namespace: args.positionals[0], checking: true }, async desk =>
      printRollout(context, desk, await desk.publisher.kill({ patch, reason }), 'killed'),
    )
  },
}

async function readPatch({ args, io, inputs }: CommandContext): Promise<Json> {
  const written = args.text('patch')
  const file = args.text('patch-file')
  if ((written === undefined) === (file === undefined))
    throw usageError('the patch is missing: pass --patch \'{"newCheckout":false}\', or --patch-file FILE')
  return refusing(async () => {
    const text = written ?? (await readText(inputs, inputPath(io, file ?? ''), 'the patch file'))
    return readJsonText(text, { what: 'the patch' })
  })
}
