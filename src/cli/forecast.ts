import type { Rollout } from '../publisher/index.js'
import type { Checks } from './checks.js'
import { printable } from './style.js'

/** How a dry run calls what the document was checked by. */
const CHECKED: Readonly<Record<Checks['from'], string>> = {
  option: 'the JSON Schema that was named',
  config: 'the schema of the configuration file',
  board: 'the JSON Schema kept on the board',
  none: 'no schema at all, since none is known',
}

/**
 * What a dry run foresees, a line each: whom every stage would expose and what it can see, and which builds
 * of the fleet are known to refuse the document.
 *
 * ```ts
 * for (const line of forecastLines(rollout, checks)) print.data(`${line}\n`)
 * ```
 */
export function forecastLines(
  { forecast, builds }: Pick<Rollout, 'forecast' | 'builds'>,
  { from }: Pick<Checks, 'from'>,
): readonly string[] {
  const stages = forecast.flatMap(({ stage, canSee, clients }) => [
    `  ${stage}: ${canSee}`,
    ...(clients.length > 0
      ? [`    ${clients.map(printable).join(', ')}${clients.length < 10 ? '' : ', …'}`]
      : []),
  ])
  const refusing = builds.map(({ build, clients, refuses, why = '' }) => {
    const count = clients === 1 ? '1 client' : `${clients} clients`
    const what = refuses === 'refused' ? `refused this document before: ${printable(why)}` : 'not known'
    return `  build ${build === undefined ? 'without a name' : printable(build)}, ${count}: ${what}`
  })
  const checked = `checked by ${CHECKED[from]}; builds do not report their own schema, so what they refuse is known from refusals alone`
  return [...stages, checked, ...refusing]
}
