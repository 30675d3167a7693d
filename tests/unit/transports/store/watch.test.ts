import { expect, test } from 'vitest'
import { memoryEngine } from '../../../../src/transports/store/memory-engine.js'
import { storeFrom } from '../../../../src/transports/store/store-from.js'
import { virtualClock } from '../../../../src/sim/virtual-clock.js'
import { NAMESPACE, nextOf, never, publish } from '../../../support/board-kit.js'
import { decodeRelease } from '../../../../src/core/release/release.js'

test.each([1, 2, 3])(
  'what the engine tells of while read %i of a watch is under way is delivered right after it, without a check',
  async held => {
    const clock = virtualClock()
    const engine = memoryEngine('an engine')
    const writer = storeFrom(engine, { system: { clock } })
    await publish(writer, { n: 1 })
    let reads = 0
    let written: Promise<unknown> = Promise.resolve()
    const store = storeFrom(
      {
        ...engine,
        async read(keys, signal) {
          const found = await engine.read(keys, signal)
          reads += 1
          // What was read is old by the time it arrives, and that was told meanwhile.
          if (reads === held) await (written = publish(writer, { n: `late ${held}` }))
          return found
        },
      },
      { system: { clock }, checkIntervalMs: Number.POSITIVE_INFINITY },
    )
    const watch = store.watch({ namespaces: [NAMESPACE], inline: false }, never)[Symbol.asyncIterator]()
    let published = 1
    const sequences: number[] = []
    while (sequences.at(-1) !== held + 1) {
      const next = nextOf(watch)
      await clock.advance(1)
      const delivery = await Promise.race([next, clock.advance(100).then(() => 'nothing' as const)])
      if (delivery === 'nothing') expect.fail(`read ${held}: after ${sequences.join()} nothing came`)
      if (delivery.type !== 'release') continue
      sequences.push(decodeRelease(delivery.bytes).release.sequence)
      // One more each time, until the read that is held.
      if (published < held) await publish(writer, { n: (published += 1) })
    }
    await written
    await watch.return?.()
    expect(clock.monotonic()).toBeLessThan(1_000)
  },
)
