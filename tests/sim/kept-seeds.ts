import type { Fault, Plan } from './plan.js'

/** A history that once broke something, as plain data: what a number draws changes with the plans, and this does not. */
export interface KeptHistory {
  readonly found: string
  /** The oracle that reported it then, and reports it again when what mended it is taken away. */
  readonly oracle: string
  readonly plan: KeptPlan
}

type KeptPlan = Omit<Plan, 'faults'> & { readonly faults: readonly Fault[] }

/** What `runPlan` takes. */
export function planOfKept({ plan }: KeptHistory): Plan {
  return { ...plan, faults: new Set(plan.faults) }
}

/** Every history that is kept. */
export const KEPT_HISTORIES: readonly KeptHistory[] = [
  {
    found: 'a clock set forward made a client remove the snapshot that it was about to name',
    oracle: 'a-restart-begins-from-what-ran',
    plan: {
      seed: 7037,
      chaosMs: 28785,
      last: 'publish',
      calm: 'race',
      faults: ['duplicates', 'bytewise', 'refusals', 'client-pause', 'clock-jumps', 'server-power', 'poison'],
      clients: [
        { name: 'client-0', strategy: 'hybrid', relayed: false, state: true, region: 'eu' },
        { name: 'client-1', strategy: 'push', relayed: false, state: true, region: 'eu' },
      ],
      actions: [
        { atMs: 818, type: 'publish' },
        { atMs: 2661, type: 'publish' },
        { atMs: 4269, type: 'fault', fault: 'client-pause', lastsMs: 19917 },
        { atMs: 5199, type: 'fault', fault: 'refusals', lastsMs: 18384 },
        { atMs: 5617, type: 'fault', fault: 'poison', lastsMs: 14147 },
        { atMs: 5634, type: 'fault', fault: 'duplicates', lastsMs: 28591 },
        { atMs: 5727, type: 'rollback' },
        { atMs: 8429, type: 'fault', fault: 'client-pause', lastsMs: 4694 },
        { atMs: 9471, type: 'fault', fault: 'clock-jumps', lastsMs: 5290 },
        { atMs: 10679, type: 'fault', fault: 'duplicates', lastsMs: 8694 },
        { atMs: 12234, type: 'fault', fault: 'clock-jumps', lastsMs: 10402 },
        { atMs: 12658, type: 'publish' },
        { atMs: 13269, type: 'fault', fault: 'bytewise', lastsMs: 18891 },
        { atMs: 13438, type: 'fault', fault: 'clock-jumps', lastsMs: 25996 },
        { atMs: 16494, type: 'fault', fault: 'refusals', lastsMs: 5294 },
        { atMs: 21274, type: 'poison' },
        { atMs: 22729, type: 'fault', fault: 'server-power', lastsMs: 18325 },
        { atMs: 24753, type: 'fault', fault: 'client-kill', lastsMs: 722 },
        { atMs: 24893, type: 'candidate' },
        { atMs: 25194, type: 'fault', fault: 'client-kill', lastsMs: 1869 },
        { atMs: 25658, type: 'publish' },
        { atMs: 26267, type: 'fault', fault: 'refusals', lastsMs: 7990 },
        { atMs: 27666, type: 'fault', fault: 'client-pause', lastsMs: 22532 },
      ],
    },
  },
  {
    found: 'the pointer stayed behind because its writer died',
    oracle: 'pointer-follows-the-log',
    plan: {
      seed: 223,
      chaosMs: 21018,
      last: 'nothing',
      calm: 'race',
      faults: [
        'duplicates',
        'refusals',
        'client-kill',
        'client-pause',
        'clock-jumps',
        'server-kill',
        'server-backup',
        'disk-sync-error',
      ],
      clients: [{ name: 'client-0', strategy: 'hybrid', relayed: false, state: true, region: 'eu' }],
      actions: [
        { atMs: 22, type: 'publish' },
        { atMs: 3444, type: 'fault', fault: 'client-pause', lastsMs: 5111 },
        { atMs: 3624, type: 'fault', fault: 'duplicates', lastsMs: 5384 },
        { atMs: 3719, type: 'fault', fault: 'client-pause', lastsMs: 13807 },
        { atMs: 3793, type: 'fault', fault: 'client-kill', lastsMs: 8595 },
        { atMs: 5241, type: 'fault', fault: 'disk-sync-error', lastsMs: 11664 },
        { atMs: 6791, type: 'fault', fault: 'duplicates', lastsMs: 998 },
        { atMs: 7262, type: 'fault', fault: 'server-kill', lastsMs: 6784 },
        { atMs: 10090, type: 'fault', fault: 'disk-sync-error', lastsMs: 9457 },
        { atMs: 11519, type: 'fault', fault: 'clock-jumps', lastsMs: 1790 },
        { atMs: 11853, type: 'candidate' },
        { atMs: 11990, type: 'publish' },
        { atMs: 14453, type: 'publish' },
        { atMs: 15458, type: 'publish' },
        { atMs: 16083, type: 'fault', fault: 'disk-sync-error', lastsMs: 5872 },
        { atMs: 16403, type: 'fault', fault: 'server-kill', lastsMs: 16973 },
        { atMs: 18983, type: 'fault', fault: 'duplicates', lastsMs: 3833 },
        { atMs: 19228, type: 'fault', fault: 'refusals', lastsMs: 2796 },
        { atMs: 20416, type: 'fault', fault: 'server-backup', lastsMs: 9008 },
        { atMs: 20859, type: 'fault', fault: 'server-kill', lastsMs: 11961 },
      ],
    },
  },
  {
    found: 'a relay held a release back while a snapshot that was superseded hung',
    oracle: 'told-at-once',
    plan: {
      seed: 11242,
      chaosMs: 22411,
      last: 'publish',
      calm: 'publish',
      faults: [
        'lossy-links',
        'duplicates',
        'buffering-proxy',
        'clock-jumps',
        'server-backup',
        'disk-full',
        'poison',
      ],
      clients: [
        { name: 'client-0', strategy: 'push', relayed: false, state: true, region: 'eu' },
        { name: 'client-1', strategy: 'push', relayed: true, state: true, region: 'eu' },
      ],
      actions: [
        { atMs: 1635, type: 'fault', fault: 'disk-full', lastsMs: 19775 },
        { atMs: 1713, type: 'publish' },
        { atMs: 5137, type: 'candidate' },
        { atMs: 11015, type: 'poison' },
        { atMs: 11309, type: 'fault', fault: 'lossy-links', lastsMs: 7844 },
        { atMs: 11938, type: 'fault', fault: 'disk-full', lastsMs: 9204 },
        { atMs: 12073, type: 'fault', fault: 'buffering-proxy', lastsMs: 605 },
        { atMs: 13432, type: 'fault', fault: 'client-kill', lastsMs: 1519 },
        { atMs: 13955, type: 'fault', fault: 'server-backup', lastsMs: 2784 },
        { atMs: 14451, type: 'fault', fault: 'client-kill', lastsMs: 944 },
        { atMs: 14802, type: 'fault', fault: 'duplicates', lastsMs: 805 },
        { atMs: 15265, type: 'fault', fault: 'disk-full', lastsMs: 11355 },
        { atMs: 16377, type: 'fault', fault: 'buffering-proxy', lastsMs: 8977 },
        { atMs: 17833, type: 'fault', fault: 'server-backup', lastsMs: 19340 },
        { atMs: 19326, type: 'fault', fault: 'lossy-links', lastsMs: 15464 },
        { atMs: 20261, type: 'fault', fault: 'poison', lastsMs: 9552 },
        { atMs: 20810, type: 'fault', fault: 'lossy-links', lastsMs: 18283 },
        { atMs: 21833, type: 'fault', fault: 'clock-jumps', lastsMs: 10564 },
      ],
    },
  },
  {
    found: 'a flipped bit in a state file looked like a fork',
    oracle: 'everybody-gets-there',
    plan: {
      seed: 17759,
      chaosMs: 10589,
      last: 'publish',
      calm: 'publish',
      faults: ['bytewise', 'login-page', 'client-kill', 'clock-jumps', 'server-backup', 'disk-rot', 'poison'],
      clients: [{ name: 'client-0', strategy: 'hybrid', relayed: true, state: true, region: 'eu' }],
      actions: [
        { atMs: 841, type: 'publish' },
        { atMs: 1399, type: 'fault', fault: 'client-kill', lastsMs: 3047 },
        { atMs: 1595, type: 'fault', fault: 'bytewise', lastsMs: 14828 },
        { atMs: 1789, type: 'fault', fault: 'clock-jumps', lastsMs: 15839 },
        { atMs: 1951, type: 'fault', fault: 'bytewise', lastsMs: 6602 },
        { atMs: 2888, type: 'fault', fault: 'server-backup', lastsMs: 11945 },
        { atMs: 3493, type: 'poison' },
        { atMs: 3896, type: 'fault', fault: 'disk-rot', lastsMs: 18519 },
        { atMs: 4078, type: 'fault', fault: 'client-kill', lastsMs: 15033 },
        { atMs: 4989, type: 'fault', fault: 'login-page', lastsMs: 12303 },
        { atMs: 5190, type: 'fault', fault: 'clock-jumps', lastsMs: 4793 },
        { atMs: 6840, type: 'fault', fault: 'poison', lastsMs: 17761 },
        { atMs: 7825, type: 'fault', fault: 'poison', lastsMs: 13206 },
        { atMs: 7860, type: 'fault', fault: 'client-kill', lastsMs: 18221 },
        { atMs: 8653, type: 'fault', fault: 'client-kill', lastsMs: 1970 },
        { atMs: 8655, type: 'fault', fault: 'login-page', lastsMs: 11621 },
        { atMs: 8713, type: 'fault', fault: 'login-page', lastsMs: 19178 },
        { atMs: 9247, type: 'fault', fault: 'disk-rot', lastsMs: 11874 },
        { atMs: 9481, type: 'fault', fault: 'client-kill', lastsMs: 782 },
        { atMs: 10024, type: 'race' },
      ],
    },
  },
]
