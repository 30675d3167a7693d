import type { PlantedBug } from './bugs.js'
import type { Fault, Plan } from './plan.js'

/**
 * A history that once broke something, as plain data: what a number draws changes with the plans,
 * and this does not.
 */
export interface KeptHistory {
  readonly found: string
  /** The oracle that reported it then, and reports it again when what mended it is taken away. */
  readonly oracle: string
  /** Takes away what mended it. */
  readonly unmend: Pick<PlantedBug, 'file' | 'replace' | 'also'>
  readonly plan: KeptPlan
}

type KeptPlan = Omit<Plan, 'faults'> & { readonly faults: readonly Fault[] }

/**
 * What `runPlan` takes. Of the same happenings each draw has other chances on disk and network: a
 * change of the simulation moves them, and the one that broke something first may not come again.
 */
export function planOfKept({ plan }: KeptHistory, draw = 0): Plan {
  return { ...plan, seed: plan.seed + draw * 1_000_000, faults: new Set(plan.faults) }
}

/** Whoever reads a board leaves a pointer where it is that came later than its first look. */
const READS_REPAIR_NOTHING: Pick<PlantedBug, 'file' | 'replace'> = {
  file: 'src/node/board/reader.ts',
  replace: [
    ['isDue: before?.newest !== undefined', 'isDue: false'],
    ['sweepIntervalMs(looks.size)', 'Number.POSITIVE_INFINITY'],
  ],
}

/** The same, where nothing of the log is new either. */
const READS_SWEEP_NOTHING: Pick<PlantedBug, 'file' | 'replace'> = {
  file: 'src/node/board/reader.ts',
  replace: [['sweepIntervalMs(looks.size)', 'Number.POSITIVE_INFINITY']],
}

/** A copied machine is taken for one that died of nothing. */
const UNTOLD_DEATHS: Pick<PlantedBug, 'file' | 'replace'> = {
  file: 'tests/proof/sim/client-actor.ts',
  replace: [
    [
      'twin.inherit({ refused, deaths, tried: triedNow() })',
      'twin.inherit({ refused, deaths: new Map(), tried: [] })',
    ],
  ],
}

/** Every history that is kept. */
export const KEPT_HISTORIES: readonly KeptHistory[] = [
  {
    found: 'a clock set forward made a client remove the snapshot that it was about to name',
    oracle: 'a-restart-begins-from-what-ran',
    unmend: {
      file: 'src/node/state/state-folder.ts',
      replace: [
        ['removeSnapshots(namespace, saved.changedMs)', 'removeSnapshots(namespace, clock.now())'],
        ['&& !unnamed.has(path)', ''],
      ],
      // A client that writes a snapshot and a state in turn does not come between itself.
      also: [
        {
          file: 'src/client/state/state-writer.ts',
          replace: [
            [
              'if (snapshot !== undefined) this.#unwritten.set(snapshot.digest, snapshot.bytes)',
              'if (snapshot !== undefined) return void this.#storage.writeSnapshot({ namespace: this.#options.namespace, ...snapshot }).then(() => this.update({}), () => {})',
            ],
          ],
        },
      ],
    },
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
    unmend: {
      file: 'src/node/board/tail.ts',
      replace: [
        ['sweepAtMs = Math.min(sweepAtMs, clock.monotonic() + pollIntervalMs)', 'void pollIntervalMs'],
      ],
      also: [READS_REPAIR_NOTHING],
    },
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
    unmend: {
      file: 'src/server/stream/fan-out.ts',
      replace: [
        [
          'if (await settlesWithin(composing, { clock, timeoutMs: PATIENCE_MS })) await composing',
          'await composing',
        ],
      ],
    },
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
    found: 'a disk that failed while a board was opened was answered with 500',
    oracle: 'one-error-class',
    unmend: {
      file: 'src/node/board/file-store.ts',
      replace: [
        [
          'doing(`open the board in ${paths.root}`, () => openBoardFolder(board, reserve))',
          'openBoardFolder(board, reserve)',
        ],
      ],
    },
    plan: {
      seed: 487,
      chaosMs: 15428,
      last: 'rollback',
      calm: 'publish',
      faults: ['server-power', 'disk-sync-error'],
      clients: [{ name: 'client-0', strategy: 'hybrid', relayed: false, state: true, region: 'eu' }],
      actions: [
        { atMs: 1255, type: 'fault', fault: 'server-power', lastsMs: 2932 },
        { atMs: 4015, type: 'fault', fault: 'disk-sync-error', lastsMs: 9639 },
        { atMs: 8259, type: 'publish' },
      ],
    },
  },
  {
    found: 'a pointer whose writer died stayed behind while only pull clients read',
    oracle: 'pointer-follows-the-log',
    unmend: READS_REPAIR_NOTHING,
    plan: {
      seed: 74446,
      chaosMs: 15551,
      last: 'nothing',
      calm: 'publish',
      faults: ['client-pause', 'second-server', 'board-rot'],
      clients: [
        { name: 'client-0', strategy: 'pull', relayed: false, state: true, region: 'us' },
        { name: 'client-1', strategy: 'pull', relayed: true, state: false, region: 'us' },
      ],
      actions: [
        { atMs: 1390, type: 'publish' },
        { atMs: 7185, type: 'fault', fault: 'board-rot', lastsMs: 18319 },
        { atMs: 8950, type: 'fault', fault: 'second-server', lastsMs: 10353 },
        { atMs: 9832, type: 'fault', fault: 'client-pause', lastsMs: 3953 },
        { atMs: 11664, type: 'candidate' },
      ],
    },
  },
  {
    found: 'a board was put back of which the pointer was behind, while only pull clients read',
    oracle: 'pointer-follows-the-log',
    unmend: READS_SWEEP_NOTHING,
    plan: {
      seed: 22963,
      chaosMs: 19630,
      last: 'nothing',
      calm: 'rollback',
      faults: ['refusals', 'disk-sync-error', 'board-back'],
      clients: [
        { name: 'client-0', strategy: 'pull', relayed: true, state: true, region: 'us', defaults: true },
      ],
      actions: [
        { atMs: 5961, type: 'publish' },
        { atMs: 6063, type: 'fault', fault: 'disk-sync-error', lastsMs: 19997 },
        { atMs: 8394, type: 'fault', fault: 'board-back', lastsMs: 10158 },
        { atMs: 8579, type: 'publish' },
        { atMs: 9472, type: 'fault', fault: 'board-back', lastsMs: 10158 },
      ],
    },
  },
  {
    found: 'a digest of a damaged state file was waited for, which nobody had',
    oracle: 'asked-in-time',
    unmend: {
      file: 'src/node/state/state-folder.ts',
      replace: [['read?.damaged ? await salvaged(namespace, read) : read', 'read']],
      also: [
        {
          file: 'src/client/apply/fetch-snapshot.ts',
          replace: [["query.isFallback === true && answer.code === 'not-found'", 'false']],
        },
      ],
    },
    plan: {
      seed: 34942,
      chaosMs: 9824,
      last: 'nothing',
      calm: 'rollback',
      faults: ['disk-sync-error', 'disk-rot', 'redeploy'],
      clients: [
        {
          name: 'client-0',
          strategy: 'push',
          relayed: false,
          state: true,
          region: 'eu',
          defaults: true,
          builds: ['b2', 'b1'],
        },
      ],
      actions: [
        { atMs: 23, type: 'publish' },
        { atMs: 2200, type: 'fault', fault: 'disk-sync-error', lastsMs: 9864 },
        { atMs: 4237, type: 'fault', fault: 'redeploy', lastsMs: 13617 },
        { atMs: 5987, type: 'fault', fault: 'disk-rot', lastsMs: 3048 },
        { atMs: 7765, type: 'fault', fault: 'redeploy', lastsMs: 13617 },
        { atMs: 8451, type: 'fault', fault: 'redeploy', lastsMs: 13617 },
        { atMs: 8626, type: 'publish' },
      ],
    },
  },
  {
    found: 'a copied machine was not known to hold what the disk that it was given holds',
    oracle: 'reports-are-true',
    unmend: UNTOLD_DEATHS,
    plan: {
      seed: 579014408,
      chaosMs: 12945,
      last: 'publish',
      calm: 'publish',
      faults: ['clone', 'crash-on-poison'],
      clients: [{ name: 'client-0', strategy: 'hybrid', relayed: false, state: true, region: 'eu' }],
      actions: [
        { atMs: 3375, type: 'fault', fault: 'crash-on-poison', lastsMs: 15451 },
        { atMs: 3399, type: 'crasher' },
        { atMs: 7549, type: 'fault', fault: 'clone', lastsMs: 9463 },
      ],
    },
  },
  {
    found: 'a machine was copied while it tried what it had died of',
    oracle: 'reports-are-true',
    unmend: UNTOLD_DEATHS,
    plan: {
      seed: 579014409,
      chaosMs: 24000,
      last: 'publish',
      calm: 'publish',
      faults: ['clone', 'crash-on-poison'],
      clients: [{ name: 'client-0', strategy: 'hybrid', relayed: false, state: true, region: 'eu' }],
      actions: [
        { atMs: 3375, type: 'fault', fault: 'crash-on-poison', lastsMs: 15451 },
        { atMs: 3399, type: 'crasher' },
        { atMs: 5000, type: 'fault', fault: 'clone', lastsMs: 18000 },
      ],
    },
  },
]
