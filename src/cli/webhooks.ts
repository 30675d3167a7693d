import { webhook, type RolloutListener } from '../controller/index.js'
import type { OptionSpecs } from './arguments.js'
import { fetchAround } from './boards.js'
import type { CommandContext } from './command.js'
import { usageError } from './exit.js'
import { inputPath, readText } from './inputs.js'

/** Commands that move rollouts on take these. */
export const WEBHOOK_OPTIONS: OptionSpecs = {
  webhook: {
    value: 'URL',
    multiple: true,
    text: 'send each move of a rollout there, as JSON; several are allowed',
  },
  'webhook-token-file': {
    value: 'FILE',
    multiple: true,
    text: 'holds the token for the webhook; of several one for each, in their order',
  },
}

/**
 * Who is told of the moves of rollouts: those of the configuration file, and the webhooks of the
 * command line. Throws a usage error, and what the disk says of a token.
 *
 * ```ts
 * const listeners = await readListeners(context, settings.rollouts)
 * ```
 */
export async function readListeners(
  { io, args, inputs }: Pick<CommandContext, 'io' | 'args' | 'inputs'>,
  { listeners = [] }: { readonly listeners?: readonly RolloutListener[] | undefined },
): Promise<readonly RolloutListener[]> {
  const urls = args.texts('webhook')
  const files = args.texts('webhook-token-file')
  if (files.length > 0 && files.length !== urls.length)
    throw usageError('give --webhook-token-file once for each --webhook, in their order, or not at all')
  // What is no list is refused by whoever takes it.
  if (urls.length === 0 || !Array.isArray(listeners)) return listeners
  const { fetch = await fetchAround(io.env) } = io
  const webhooks: RolloutListener[] = []
  for (const [index, url] of urls.entries()) {
    const named = files[index]
    const token = named === undefined ? undefined : await readToken(inputPath(io, named), inputs)
    webhooks.push(webhook({ url, ...(token !== undefined && { token }), ...(fetch && { fetch }) }))
  }
  return [...listeners, ...webhooks]
}

async function readToken(file: string, inputs: CommandContext['inputs']): Promise<string> {
  const token = (await readText(inputs, file, 'the token file')).trim()
  if (token !== '') return token
  throw usageError(`the token file ${file} is empty`)
}
