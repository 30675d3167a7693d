import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { root } from '../../../../scripts/entry-points.js'
import { namespaceProblem } from '../../../../src/contracts/names.js'
import { createPublisher, everyone } from '../../../../src/publisher/index.js'
import { sampleReport } from '../../../../src/testing/conformance/fixture.js'
import type { Batch, StoreEngine } from '../../../../src/transports/store/engine.js'
import { keys, namespaceOf } from '../../../../src/transports/store/keys.js'
import { memoryEngine } from '../../../../src/transports/store/memory-engine.js'
import { storeFrom } from '../../../../src/transports/store/store-from.js'

const namespace = 'checkout/prod'
const never = new AbortController().signal

/** A key as docs/writing-a-transport.md spells it. */
const spelled = (key: string): string =>
  key
    .replace(namespace, 'NS')
    .replace(/[0-9a-f]{64}$/, 'DIGEST')
    .replace(/\d{16}$/, 'PLACE')
    .replace('instance-0001', 'INSTANCE')

/** What a store makes of what is done with it, a line a batch. */
async function traced(atomic: StoreEngine['atomic']): Promise<Record<string, readonly string[]>> {
  const inner = memoryEngine('traced')
  let batches: Batch[] = []
  const store = storeFrom({
    ...inner,
    atomic,
    write: (batch, signal) => (batches.push(batch), inner.write(batch, signal)),
  })
  const publisher = createPublisher({ namespace, schema: z.object({ pool: z.number() }), store })
  const settings = { rollout: everyone(), reason: 'a test' }
  const told: Record<string, readonly string[]> = {}
  const during = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    batches = []
    await work()
    for (const { if: conditions, put, remove } of batches) {
      const keys = [...conditions, ...put].map(({ key }) => key).concat(remove)
      // The namespace, and whether it is of reports, is the same for a whole batch.
      expect(new Set(keys.map(namespaceOf))).toEqual(new Set([namespace]))
      expect(new Set(keys.map(key => key.startsWith('reports/'))).size).toBe(1)
    }
    told[what] = batches.map(({ if: conditions, put, remove }) =>
      [
        conditions.map(({ type, key }) => `\`${type} ${spelled(key)}\``).join(', ') || '-',
        put.map(({ key }) => `\`${spelled(key)}\``).join(', ') || '-',
        remove.map(key => `\`${spelled(key)}\``).join(', ') || '-',
      ].join(' | '),
    )
  }
  await during('the first publish', () => publisher.publish({ pool: 1 }, settings))
  await during('a publish', () => publisher.publish({ pool: 2 }, settings))
  await during('a rollback', () => publisher.rollback({ reason: 'a test' }))
  await during('a report', () => store.report([sampleReport(namespace)], never))
  await during('another report of the same instance', () =>
    store.report([sampleReport(namespace, { count: 2 })], never),
  )
  if (atomic === 'batch')
    await during('a removed snapshot', async () => {
      const { digest } = (await publisher.publish({ pool: 3 }, settings)) as { digest: string }
      await publisher.rollback({ reason: 'a test' })
      batches = []
      await store.remove?.({ namespace, digest }, never)
    })
  return told
}

/** The rows of a table of the page, without its head. */
function rowsAfter(heading: string): readonly string[] {
  const page = readFileSync(`${root}/docs/writing-a-transport.md`, 'utf8')
  const [, after = ''] = page.split(heading)
  const [table = ''] = /\|[^]*?\n\n/.exec(after) ?? []
  return table.trim().split('\n').slice(2)
}

test('docs/writing-a-transport.md shows the batches that a publish, a rollback, a report and a prune make', async () => {
  const told = await traced('batch')
  const shown = Object.entries(told).flatMap(([what, batches]) =>
    batches.map((batch, at) => `| ${at === 0 ? what : ''} | ${batch} |`),
  )
  expect(rowsAfter('which a publish makes')).toEqual(shown)
})

test('where keys are written one by one each of these batches is one key, the place before the head', async () => {
  const told = await traced('key')
  const written = told['a publish']?.map(batch => batch.split(' | ')[1])
  expect(written).toEqual([
    '`board/snapshots/NS=/DIGEST`',
    '`private/audits/NS=/DIGEST`',
    '`board/log/NS=/PLACE`',
    '`board/heads/NS`',
  ])
})

test('reports are written together, up to 50 of a namespace, and never with anything else', async () => {
  const inner = memoryEngine('traced')
  const sizes: number[] = []
  const store = storeFrom({
    ...inner,
    write(batch, signal) {
      expect(batch.put.every(({ key }) => key.startsWith('reports/'))).toBe(true)
      sizes.push(batch.put.length)
      return inner.write(batch, signal)
    },
  })
  const states = Array.from({ length: 120 }, (_, at) =>
    sampleReport(namespace, { instanceId: `instance-${at}`, clientId: `host-${at}` }),
  )
  await store.report(states, never)
  expect(sizes).toEqual([50, 50, 20])
})

test('no key has more than 350 characters, and no part of one has more than 69', () => {
  const longest = [[63], [63, 63, 8, 63]].map(lengths => lengths.map(length => 'n'.repeat(length)).join('/'))
  const parts: number[] = []
  for (const name of longest) {
    expect(namespaceProblem(name)).toBeUndefined()
    for (const key of [
      keys.head(name),
      keys.place(name, Number.MAX_SAFE_INTEGER),
      keys.snapshot(name, 'a'.repeat(64)),
      keys.schema(name),
      keys.audit(name, 'a'.repeat(64)),
      keys.report(name, 'i'.repeat(64)),
      keys.listening(name),
    ]) {
      expect(key.length).toBeLessThanOrEqual(350)
      parts.push(...key.split('/').map(part => part.length))
    }
  }
  expect(Math.max(...parts)).toBe(69)
  expect(Math.min(...parts)).toBeGreaterThan(0)
})
