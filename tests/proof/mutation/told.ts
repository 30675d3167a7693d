/** A mutant that no test can fail for, and why. */
export interface Told {
  readonly file: string
  /** A piece of the line, which tells it from the others of its file. */
  readonly line: string
  /** What is replaced there, and by what; any unless given. */
  readonly from?: string
  readonly to?: string
  readonly why: string
}

/**
 * Survivors that were read and are no bug. Each must fit its source: one whose line is gone is
 * forgotten here.
 */
export const TOLD: readonly Told[] = [
  {
    file: 'src/rollouts/next-rehearsal.ts',
    line: "throw new TypeError('a plan has stages')",
    why: 'a plan is read with one stage at least, which its type cannot say',
  },
  {
    file: 'src/rollouts/members.ts',
    line: 'a.instanceId < b.instanceId ? -1 : 1',
    from: '1',
    to: '(1 + 1)',
    why: 'an order asks only for the sign of a difference',
  },
  {
    file: 'src/strategies/on-demand.ts',
    line: "checkOptions('onDemand()', options",
    from: 'true',
    to: 'false',
    why: 'only the names are read, and the type allows no other value',
  },
  {
    file: 'src/server/stream/follower.ts',
    line: 'if (delayMs > 0) await clock.sleep(delayMs, signal)',
    from: '0',
    to: '(0 + 1)',
    why: 'no delay of a backoff is as short as a millisecond: the least is a tenth of its base',
  },
  {
    file: 'src/server/stream/fan-out.ts',
    line: 'return reader.compressed !== true || isCompressed(frame)',
    why: 'what is prepared already is prepared once more at once, and sent alike',
  },
  {
    file: 'src/fleet/interner.ts',
    line: 'const MOST_REMEMBERED = 2_048',
    why: 'how many texts are remembered shows in memory alone, where one more or less is no matter',
  },
  {
    file: 'src/core/json/json-hints.ts',
    line: 'const rest = text.slice(at, at + 12)',
    from: '12',
    to: '(12 + 1)',
    why: 'no hint goes by more than the first ten characters',
  },
  {
    file: 'src/controller/options.ts',
    line: 'lookMs: true,',
    from: 'true',
    to: 'false',
    why: 'only the names are read, and the type allows no other value',
  },
  {
    file: 'src/node/state/clean-exit.ts',
    line: '{ [OURS]: true }',
    from: 'true',
    to: 'false',
    why: 'whether the mark is there is asked, and not what it says',
  },
  {
    file: 'src/node/state/clean-exit.ts',
    line: 'if (isHandled) return',
    why: 'tests/system/protection/signals.test.ts fails for it, in processes of its own, which no run of mutants sees',
  },
]
