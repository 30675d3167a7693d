import type { CommandContext } from '../command.js'
import type { ServePlan } from './plan.js'

/** Says what is served, where, and by how many processes where there are several. */
export function sayServing(
  { print, json }: Pick<CommandContext, 'print' | 'json'>,
  { folder, workers, options: { tokenFile } }: ServePlan,
  { url, metrics }: { readonly url: string; readonly metrics: string | undefined },
): void {
  if (json) {
    print.jsonLine({
      url,
      board: folder,
      ...(tokenFile !== undefined && { tokenFile }),
      ...(metrics !== undefined && { metrics }),
      ...(workers !== undefined && { workers }),
    })
    return
  }
  const by = workers === undefined ? '' : ` by ${workers} ${workers === 1 ? 'worker' : 'workers'}`
  const token = tokenFile === undefined ? 'read only' : `the token for writing is in ${tokenFile}`
  print.data(`serving ${folder} at ${url}${by}\n${token}\n`)
  if (metrics !== undefined) print.data(`metrics are at ${metrics}\n`)
}
