import type { Plugin } from 'esbuild'
import { plantingIn } from '../proof/sim/bundle.js'

/** The variable with the edits of a planted bug, in JSON. */
export const PLANTED = 'NOTICEBOARD_PLANTED'

/**
 * What a bundle has to replace that is made by a test, so that a bug that is planted is in it as
 * well; nothing outside of a hunt.
 */
export function planted(): Plugin[] {
  const edits = process.env[PLANTED]
  return edits === undefined ? [] : [plantingIn(JSON.parse(edits) as Parameters<typeof plantingIn>[0])]
}
