import { defaultDeltas } from '#default-deltas'
import type { DeltaCodec, HeldSnapshot } from '../../contracts/deltas.js'
import { canonicalize } from '../../core/json/canonical.js'
import { encodeText } from '../../core/json/text.js'
import { digestOf } from '../../core/release/digest.js'
import { encodeBytes } from '../../server/encodings/encoders.js'
import { seededDice } from '../../sim/index.js'
import { systemHasher } from '../../system/system.js'
import type { Making, MakingCosts } from '../costs/costs.js'
import { median, round } from './figures.js'

/** How many flags the two documents have whose difference says what a kilobyte costs. */
const FEW_FLAGS = 200
const MANY_FLAGS = 2_000

/**
 * Measures what deltas and encodings cost to make and to apply, in this process: on documents full
 * of flags, of which one changes. Undefined where this runtime has no deltas.
 *
 * ```ts
 * const making = await measureMaking({ rounds: 40, signal })
 * ```
 */
export async function measureMaking({
  rounds,
  signal,
}: {
  readonly rounds: number
  readonly signal: AbortSignal
}): Promise<MakingCosts | undefined> {
  const codec = await defaultDeltas.codec()
  if (codec === undefined) return undefined
  const [few, many] = [pairOf(FEW_FLAGS), pairOf(MANY_FLAGS)]
  const line = async (act: (pair: Pair) => unknown): Promise<Making> => {
    const msOf = (pair: Pair) => medianMs(rounds, () => act(pair), signal)
    return lineThrough([few.next.length, await msOf(few)], [many.next.length, await msOf(many)])
  }
  const deltas = new Map([few, many].map(pair => [pair, deltaOf(codec, pair)]))
  return {
    delta: await line(pair => deltaOf(codec, pair)),
    applied: await line(pair =>
      codec.decode({
        base: pair.base,
        delta: deltas.get(pair) ?? new Uint8Array(),
        length: pair.next.length,
      }),
    ),
    encoding: await line(({ next }) => encodeBytes('br', next)),
  }
}

/** A document, and the same with one flag changed. */
interface Pair {
  readonly base: HeldSnapshot
  readonly next: Uint8Array
}

function pairOf(count: number): Pair {
  const bytes = flagsOf(count, false)
  return { base: { digest: digestOf(systemHasher, bytes), bytes }, next: flagsOf(count, true) }
}

/** Flags as people have them: names alike, values that chance draws, always the same. */
function flagsOf(count: number, isChanged: boolean): Uint8Array {
  const { number } = seededDice(1, 'flags')
  const flags = Array.from({ length: count }, (_, index): [string, object] => [
    `service-${index % 23}.feature-${index}`,
    {
      enabled: number() < 0.5 || (isChanged && index === count >> 1),
      share: number(),
      owner: `team-${Math.floor(number() * 40)}`,
    },
  ])
  return encodeText(canonicalize(Object.fromEntries([...flags, ['round', isChanged ? 2 : 1]])))
}

function deltaOf(codec: DeltaCodec, { base, next }: Pair): Uint8Array | undefined {
  return codec.encode({ base, bytes: next })
}

/** Processor time of one of several, threads included, after as many that warm up. */
async function medianMs(rounds: number, act: () => unknown, signal: AbortSignal): Promise<number> {
  const found: number[] = []
  for (let round = 0; round < 2 * rounds; round += 1) {
    signal.throwIfAborted()
    const before = process.cpuUsage()
    await act()
    const { user, system } = process.cpuUsage(before)
    if (round >= rounds) found.push((user + system) / 1_000)
  }
  return median(found)
}

/** What a making costs, by what two documents of so many bytes took. */
function lineThrough(
  [fewBytes, fewMs]: readonly [bytes: number, ms: number],
  [manyBytes, manyMs]: readonly [bytes: number, ms: number],
): Making {
  const msPerKB = Math.max(0, ((manyMs - fewMs) * 1_000) / (manyBytes - fewBytes))
  return { ms: round(Math.max(0, fewMs - (msPerKB * fewBytes) / 1_000)), msPerKB: round(msPerKB) }
}
