import type { PlantedBug } from './bugs.js'

/**
 * The list of planted bugs about who may do what, and who waits for what nobody has published. Each
 * is hunted in the scene `access` alone, of seeds that nothing was written with.
 */
export const ACCESS_BUGS: readonly PlantedBug[] = [
  {
    name: 'who-lost-a-token-stays',
    file: 'src/server/handler.ts',
    replace: [['changed: () => hub.dismiss()', 'changed: () => {}']],
    oracles: ['who-may-not-stay-goes'],
  },
  {
    name: 'a-stream-brings-what-was-asked-for',
    file: 'src/server/http/responder.ts',
    replace: [
      [
        'filter(namespace => guard.mayRead(caller, namespace))',
        'filter(namespace => namespace && guard && caller)',
      ],
    ],
    oracles: ['strangers-learn-nothing'],
  },
  {
    name: 'what-has-expired-holds',
    file: 'src/server/access/keyring.ts',
    replace: [
      ['found !== undefined && clock.now() < found.expiresMs', 'found !== undefined && 0 < found.expiresMs'],
    ],
    oracles: ['a-token-is-what-it-says'],
  },
  {
    name: 'what-cannot-be-read-is-gone',
    file: 'src/server/access/keyring.ts',
    replace: [
      [
        'if (settle()) changed() } isReady = true',
        'named = new Map(); if (settle()) changed() } isReady = true',
      ],
    ],
    oracles: ['a-token-is-what-it-says', 'told-at-once'],
  },
  {
    name: 'who-may-revert-may-do-all',
    file: 'src/server/access/judge-release.ts',
    replace: [['if (revert === undefined) return ALLOWED', 'if (revert !== "") return ALLOWED']],
    oracles: ['a-scope-is-all-it-says'],
  },
  {
    name: 'who-may-control-resumes',
    file: 'src/server/access/control-rule.ts',
    replace: [
      [
        "const GOES_ON: ReadonlySet<string> = new Set(['running', 'watching'])",
        "const GOES_ON: ReadonlySet<string> = new Set(['running', 'watching', 'paused'])",
      ],
    ],
    oracles: ['a-scope-is-all-it-says'],
  },
  {
    name: 'a-bound-token-speaks-for-all',
    file: 'src/server/http/responder.ts',
    replace: [
      ['grant === undefined || speaksFor(grant, clientId)', 'grant === undefined || clientId !== ""'],
    ],
    oracles: ['who-is-bound-speaks-for-his-own'],
  },
  {
    name: 'a-sweep-that-fails-is-the-last',
    file: 'src/server/stream/unpublished.ts',
    replace: [
      [
        'if (lists) listAtMs = clock.monotonic() + LISTING_MS }',
        'if (lists) listAtMs = clock.monotonic() + LISTING_MS; return }',
      ],
    ],
    oracles: ['told-at-once'],
  },
  {
    name: 'a-crowd-is-asked-for-at-once',
    file: 'src/server/stream/unpublished.ts',
    replace: [['const NAMES_A_SWEEP = 32', 'const NAMES_A_SWEEP = 100_000']],
    oracles: ['a-crowd-costs-no-more'],
  },
  {
    name: 'a-first-stage-may-be-everyone',
    file: 'src/server/access/staged-rule.ts',
    replace: [
      [
        "if (live >= FEW_CLIENTS && (stage.by === 'all' || exposed === live)) return EVERYONE_FIRST",
        "if (live < 0 && (stage.by === 'all' || exposed === live)) return EVERYONE_FIRST",
      ],
    ],
    oracles: ['a-scope-is-all-it-says'],
  },
  {
    name: 'a-fleet-is-as-small-as-is-said',
    file: 'src/server/access/staged-rule.ts',
    replace: [
      [
        'if (isAwaited && clients.length >= FEW_CLIENTS && live < FEW_CLIENTS)',
        'if (isAwaited && clients.length < 0 && live < FEW_CLIENTS)',
      ],
    ],
    oracles: ['a-scope-is-all-it-says'],
  },
  {
    name: 'a-rollout-begins-at-any-stage',
    file: 'src/server/access/staged-rule.ts',
    replace: [
      ["if (rollout.state !== 'running' || rollout.stage !== 0 ||", "if (rollout.state !== 'running' ||"],
    ],
    oracles: ['a-scope-is-all-it-says'],
  },
  {
    name: 'who-has-stopped-is-counted',
    file: 'src/server/access/staged-rule.ts',
    replace: [
      [
        "if (role === undefined && phase !== 'stopped' && !isMissing)",
        'if (role === undefined && !isMissing)',
      ],
    ],
    oracles: ['a-scope-is-all-it-says'],
  },
]
