import type { Json } from '../../../src/contracts/json.js'
import { SECRET } from './oracle.js'

const digest = (digit: string): string => digit.repeat(64)
const at = '2026-11-21T09:30:00.000Z'

/** Documents as they are published. */
export const documents: readonly Json[] = [
  null,
  true,
  -12.5,
  SECRET,
  [],
  {},
  {
    name: SECRET,
    pool: { max: 100, min: 10, timeoutMs: 1_500.25 },
    tags: ['a', 'é', '😀', '\u2028'],
    toString: { valueOf: 1 },
  },
  {
    '': [[[[{}]]]],
    '10': 1,
    '9': 2,
    a: [0, 1e21, 1e-7, 5e-324, 9_007_199_254_740_991],
    ab: null,
    z: { b: false, c: '\\"\n\t\u0001' },
  },
  { servers: [1, 2, 3].map(index => ({ host: `h${index}.example`, port: 8000 + index, secret: SECRET })) },
]

const arm = (version: number): Json => ({
  variants: [
    { bytes: 20, digest: digest('a'), when: { region: ['eu', 'us'], tier: ['canary'] } },
    { bytes: 31, digest: digest('b') },
  ],
  version,
})

const plainRelease: Json = {
  cause: 'publish',
  epoch: '1-9f3a01bc',
  issuedAt: at,
  namespace: 'checkout/prod',
  prev: null,
  sequence: 1,
  stable: { variants: [{ bytes: 2, digest: digest('c') }], version: 1 },
  v: 1,
}

/** Release files: the smallest, and one with every member. */
export const releases: readonly Json[] = [
  { release: plainRelease, signatures: [] },
  {
    release: {
      ...plainRelease,
      activateAt: at,
      audit: digest('d'),
      candidate: arm(7),
      cause: 'promote',
      crit: ['audience', 'later'],
      audience: {
        clauses: [
          { below: 4_294_967, ids: ['0'.repeat(32), 'f'.repeat(32)], labels: { region: ['eu'] } },
          { below: 4_294_967_296 },
          {},
        ],
        salt: 'r1',
      },
      later: { note: SECRET },
      prev: digest('e'),
      readmit: [{ digest: digest('1'), reason: 'mended' }],
      evidence: { bakeMs: 300_000, measures: ['latencyMs'], reportMs: 60_000, spreadMs: 0 },
      rollout: {
        controller: 'ci',
        decideBy: at,
        activateAt: at,
        from: { epoch: '1-9f3a01bc', sequence: 5 },
        id: 'r1',
        plan: { stages: [1, 10, 100], type: 'staged', version: 1 },
        skipped: [1],
        stage: 2,
        stageStart: {
          added: 1,
          anew: 2,
          at,
          before: { control: 50, failed: 1 },
          control: 45,
          exposed: 5,
          live: 50,
          position: { epoch: '1-9f3a01bc', sequence: 40 },
        },
        state: 'running',
        why: 'stage 1 was good',
      },
      sequence: 42,
      spreadMs: 60_000,
      stable: arm(6),
      withdrawn: [digest('2'), digest('3')],
    },
    signatures: [{ protected: 'x', signature: SECRET }],
  },
]

export const marks: readonly Json[] = [
  {
    mark: {
      asOf: at,
      digest: digest('a'),
      epoch: '3-00000000',
      namespace: 'a',
      sequence: 9,
      v: 1,
      validUntil: '2026-11-21T09:30:37.500Z',
    },
    signatures: [],
  },
]

export const reports: readonly Json[] = [
  {
    clientId: 'web-1', count: 3, ephemeral: false, instanceId: 'Ab3_-x', labels: {}, namespace: 'checkout/prod', phase: 'waiting', lookMs: 300_000, nextReportWithinMs: 300_000, protection: 'none',
    role: { gates: ['prometheus'], policies: ['staged@1'], type: 'controller' }, sinceMs: 0, strategy: 'hybrid', upMs: 9, v: 1,
  },
  {
    applied: { epoch: '1-9f3a01bc', sequence: 4 }, build: '1.2.3', clientId: 'web-2', code: 'invalid-data', count: 9, digest: digest('a'), ephemeral: true, health: { before: 'none', now: 'threw' }, lookMs: 30_000,
    instanceId: 'i2', labels: { region: 'eu', tier: 'canary' }, namespace: 'checkout/prod', overridden: ['pool.size', 'a[0]'], path: 'pool.size', phase: 'rejected',
    nextReportWithinMs: 1_000, protection: 'disk', refused: digest('b'), seen: { epoch: '1-9f3a01bc', sequence: 5 }, sinceMs: 7, slot: 3, strategy: 'push', upMs: 8, v: 1, validator: 'schema',
    previous: { digest: digest('b'), end: 'abrupt', instanceId: 'i1', ranMs: 300 }, verdicts: [{ code: 'invalid-data', digest: digest('b'), overridden: true, verdict: 'rejected' }], version: 4,
  },
] // prettier-ignore

/** Instance files of the state folder. */
export const states: readonly Json[] = [
  { good: [], refused: [], savedAt: at, v: 1 },
  {
    applied: { epoch: '1-9f3a01bc', sequence: 4 }, attempts: [{ beatAt: at, bootId: 'b1', build: '', digest: digest('a'), instanceId: 'i1', owner: 'p1', ranMs: 5, slot: 0, startedAt: at }], quarantined: [{ build: '', digest: digest('d'), until: at }], current: { bytes: 12, digest: digest('a'), version: 4 },
    good: [{ bytes: 12, digest: digest('a'), version: 4 }, { bytes: 13, digest: digest('b'), version: 3 }],
    refused: [{ at, build: '', code: 'invalid-document', digest: digest('c'), path: 'pool.size', validator: 'schema' }],
    release: JSON.stringify(releases[0]), savedAt: at, seen: { epoch: '1-9f3a01bc', sequence: 5 }, v: 1,
  },
] // prettier-ignore

export const clientFiles: readonly Json[] = [{ clientId: 'web-1', v: 1 }]
