import type { Json } from '../contracts/json.js'
import type { VariantDocument } from '../publisher/index.js'
import type { CommandContext } from './command.js'
import { sourceFor } from './documents.js'
import { usageError } from './exit.js'

/** The option of commands that publish documents for clients with certain labels. */
export const VARIANT_OPTION = {
  value: 'LABELS:FILE',
  multiple: true,
  text: 'what clients with these labels get, the first that fits: region=eu:eu.yaml, "region=eu,us tier=gold:gold.yaml"',
} as const

const WRITTEN = /^([^\s=:]+=[^\s=:]+(?: +[^\s=:]+=[^\s=:]+)*):(.+)$/

/**
 * The documents that `--variant` names, read, in the order in which they were given. Throws a usage
 * error for what names none.
 *
 * ```ts
 * const variants = await readVariants(context) // of --variant region=eu:eu.yaml
 * ```
 */
export async function readVariants(
  context: Pick<CommandContext, 'io' | 'args' | 'inputs'>,
): Promise<readonly VariantDocument<Json>[]> {
  const written = context.args.texts('variant').map(parseVariant)
  return Promise.all(
    written.map(async ({ when, file }) => ({
      when,
      document: await sourceFor(context, file).read(context.io.signal),
    })),
  )
}

function parseVariant(written: string): { readonly when: Record<string, string[]>; readonly file: string } {
  const [, labels = '', file] = WRITTEN.exec(written) ?? []
  if (file === undefined)
    throw usageError(
      '--variant must be labels and a file: region=eu:eu.yaml, or "region=eu,us tier=gold:gold.yaml"',
    )
  const pairs = labels.split(/ +/).map(pair => {
    const [name = '', values = ''] = pair.split('=')
    return [name, values.split(',')] as const
  })
  return { when: Object.fromEntries(pairs.map(([name, values]) => [name, [...values]])), file }
}
