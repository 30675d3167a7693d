import { expect, test } from 'vitest'
import { runPlan } from './history.js'
import type { Fault } from './plan.js'
import { planOf } from './plan-of.js'

/** Outages of other systems, as faults of the simulation: docs/guarantees.md says which system each was. */
const REPLAYS: readonly (readonly [name: string, what: string, faults: readonly Fault[]])[] = [
  ['agollo-48', 'a stale answer with a tag does not leave anybody behind', ['stale-proxy', 'stale-proxy']],
  ['ld-458', 'reconnects do not multiply', ['server-kill', 'refusals', 'server-kill', 'refusals']],
  ['ld-198', 'a phantom stream is noticed', ['partitions', 'partitions']],
  ['edge-lag', 'a slow reader gets the newest', ['slow-links', 'bytewise']],
  [
    'edge-ahead',
    'clients that are ahead of a restored server follow its new epoch',
    ['server-backup', 'client-kill', 'server-backup'],
  ],
  [
    'flagd-bad-payload-ready',
    'a damaged answer does not make anybody ready',
    ['mangling-proxy', 'client-kill'],
  ],
  ['replane-eof-loop', 'streams that end at once are not opened in a loop', ['cut-bodies', 'cut-bodies']],
  ['replane-callback-throws', 'a participant that throws leaves everybody as they were', ['veto', 'veto']],
  [
    'consul-index-back',
    'an index that goes back does not silence anybody',
    ['server-backup', 'server-kill', 'server-backup'],
  ],
  ['knight-1-of-8', 'nobody is missed', ['client-pause', 'client-kill', 'partitions']],
]

test.each(REPLAYS)(
  '%s: %s',
  async (_name, _what, faults) => {
    for (const seed of [1, 2, 3, 4]) {
      const { violations } = await runPlan(planOf({ seed, faults }))
      expect(violations).toEqual([])
    }
  },
  120_000,
)
