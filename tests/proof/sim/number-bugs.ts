import type { PlantedBug } from './bugs.js'

/**
 * The list of planted bugs about numbers that somebody forged, and clocks that are wrong. Each is
 * hunted in the scene `numbers` alone, of seeds that nothing was written with.
 */
export const NUMBER_BUGS: readonly PlantedBug[] = [
  {
    name: 'any-position-is-followed',
    file: 'src/core/release/leap.ts',
    replace: [
      [
        'if (sequences > MAX_SEQUENCE_LEAP || epochs > MAX_CONFIRMED_EPOCH_LEAP) return',
        'if (sequences < 0 && epochs < 0) return',
      ],
      ['epochs > MAX_EPOCH_LEAP ?', 'epochs < 0 ?'],
    ],
    oracles: ['no-number-deafens', 'leaps-are-bounded', 'what-is-forged-is-told'],
  },
  {
    name: 'a-sequence-may-leap-in-a-new-epoch',
    file: 'src/core/release/leap.ts',
    replace: [
      [
        'to.sequence - (from?.epoch === to.epoch ? from.sequence : 0)',
        'from?.epoch === to.epoch ? to.sequence - from.sequence : 0',
      ],
      ['epochs > MAX_CONFIRMED_EPOCH_LEAP)', 'epochs > MAX_EPOCH_LEAP)'],
    ],
    oracles: ['no-number-deafens', 'what-is-forged-is-told'],
  },
  {
    name: 'leaps-measured-from-the-last-one',
    file: 'src/core/release/leaps.ts',
    replace: [['leapOf(this.#stood[0], to)', 'leapOf(this.#newest, to)']],
    oracles: ['leaps-are-bounded'],
  },
  {
    name: 'a-far-leap-needs-no-patience',
    file: 'src/core/release/leaps.ts',
    replace: [['nowMs - this.#leapt.sinceMs >= LEAP_CONFIRMED_MS && this.#take(to)', 'this.#take(to)']],
    oracles: ['no-number-deafens', 'leaps-are-bounded', 'what-is-forged-is-told'],
  },
  {
    name: 'who-is-deaf-keeps-quiet',
    file: 'src/client/receive/release-order.ts',
    replace: [
      [
        'this.#leaps.older() ? this.#behind(who, position) : undefined',
        'this.#leaps.older() && this.seen === undefined ? this.#behind(who, position) : undefined',
      ],
    ],
    oracles: ['who-is-deaf-says-so'],
  },
  {
    name: 'a-leap-is-told-as-an-outage',
    file: 'src/client/receive/release-order.ts',
    replace: [['told: !this.#leapTold.now()', 'told: this.#leapTold.now()']],
    oracles: ['what-is-forged-is-told'],
  },
  {
    name: 'newcomers-count-like-the-fleet',
    file: 'src/fleet/claims.ts',
    replace: [
      [
        'Date.parse(receivedAt) - Date.parse(firstHeardAt) >= LISTENED_MS',
        'Date.parse(receivedAt) >= Date.parse(firstHeardAt)',
      ],
    ],
    oracles: ['a-stranger-stops-nobody', 'an-epoch-leaves-room'],
  },
  {
    name: 'an-epoch-follows-the-highest-claim',
    file: 'src/fleet/claims.ts',
    replace: [
      [
        'claims?.counted === undefined ? own : Math.max(own, epochNumber(claims.counted.epoch))',
        'claims === undefined ? own : Math.max(own, epochNumber(claims.highest.epoch))',
      ],
    ],
    oracles: ['an-epoch-leaves-room', 'a-stranger-stops-nobody'],
  },
  {
    name: 'an-epoch-follows-no-claim',
    file: 'src/fleet/claims.ts',
    replace: [
      [
        'claims?.counted === undefined ? own : Math.max(own, epochNumber(claims.counted.epoch))',
        'claims?.counted === undefined ? own : own',
      ],
    ],
    oracles: ['an-epoch-is-above-all', 'everybody-gets-there'],
  },
  {
    name: 'no-claim-counts',
    file: 'src/fleet/claims.ts',
    replace: [['before + 1 >= needed', 'before >= needed + voters.length']],
    oracles: ['a-store-behind-refuses'],
  },
  {
    name: 'a-mark-is-judged-by-its-time',
    file: 'src/client/receive/release-order.ts',
    replace: [
      [
        "type: isRepeated ? 'nothing' : 'current'",
        "type: isRepeated || fleetClock.now() > Date.parse(mark.validUntil) ? 'nothing' : 'current'",
      ],
    ],
    // With one of the two alone everybody stays ready.
    also: [
      {
        file: 'src/client/receive/fleet-clock.ts',
        replace: [['if (earlier.count < MARKS_IN_A_ROW) return', 'if (earlier.count > 0) return']],
      },
    ],
    oracles: ['all-is-well-is-said'],
  },
  {
    name: 'a-clock-that-was-ahead-stays',
    file: 'src/client/receive/fleet-clock.ts',
    replace: [['if (earlier.count < MARKS_IN_A_ROW) return', 'if (earlier.count > 0) return']],
    oracles: ['activation-is-kept'],
  },
  {
    name: 'a-foolish-time-is-kept',
    file: 'src/async/backoff.ts',
    replace: [
      [
        'Math.min(Math.max(retryAfterMs, 0), maxRetryAfterMs)',
        'Math.min(Math.max(retryAfterMs, 0), 60 * maxRetryAfterMs)',
      ],
    ],
    oracles: ['a-wrong-number-is-no-exile'],
  },
]
