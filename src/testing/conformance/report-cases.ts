import type { ClientReport, HeardReports } from '../../contracts/report.js'
import type { ReportTransport, Store, Transport } from '../../contracts/transport.js'
import { canonicalize } from '../../core/json/canonical.js'
import { isClient } from '../../core/report/is-client.js'
import { isInstant } from '../../core/release/instant.js'
import { systemClock } from '../../system/system.js'
import type { CaseDefinition } from './case.js'
import { expectEqual, fail, within } from './expect.js'
import { sampleLog, sampleReport } from './fixture.js'
import type { OpenedTransport } from './opened.js'

/** `report`, and where the receiver can be asked, what it heard. */
export const reportCases: readonly CaseDefinition<OpenedTransport>[] = [
  {
    name: 'reports are taken: one, none, the same one twice, and a late one after its successor',
    capability: 'report',
    async run({ opened: { transport, publish }, namespace, signal, step }) {
      const report = reporterOf(transport)
      await step('publish', publish(sampleLog(namespace).next()))
      const [first, second] = [
        sampleReport(namespace),
        sampleReport(namespace, { count: 2, phase: 'healthy' }),
      ]
      for (const states of [[first], [], [first], [second], [first]])
        await step('report', report(states, signal))
    },
  },
  {
    name: 'the last word of each instance is heard, in whatever order words arrive',
    capability: 'report',
    needs: ['heard'],
    async run({ opened, namespace, signal, step, hook, timeoutMs }) {
      const { transport, publish } = opened
      const report = reporterOf(transport)
      await step('publish', publish(sampleLog(namespace).next()))
      const [first, second, third] = [1, 2, 3].map(count =>
        sampleReport(namespace, { count, phase: count === 3 ? 'stopped' : 'applied' }),
      )
      const other = sampleReport(namespace, { instanceId: 'instance-0002', clientId: 'host-b', count: 7 })
      if (first === undefined || second === undefined || third === undefined) fail('no samples')
      for (const states of [[second, other], [first], [third], [third, other], [second]])
        await step('report', report(states, signal))
      await heardInTime(() => hook('heard').call(opened, { namespace }), [third, other], timeoutMs)
    },
  },
  {
    name: 'whoever hears reports says since when, and stamps when an instance was heard first and last',
    capability: 'report',
    needs: ['heard'],
    async run({ opened, namespace, signal, step, hook, timeoutMs }) {
      const { transport, publish } = opened
      const report = reporterOf(transport)
      const heard = async (): Promise<HeardReports> =>
        ofClients(await hook('heard').call(opened, { namespace }))
      await step('publish', publish(sampleLog(namespace).next()))
      // What a client says of the times is its own invention.
      const times = { receivedAt: '1999-12-31T00:00:00.000Z', firstHeardAt: '1999-12-31T00:00:00.000Z' }
      const [first, second] = [sampleReport(namespace), sampleReport(namespace, { count: 2 })]
      await step('report', report([{ ...first, ...times }], signal))
      await heardInTime(heard, [first], timeoutMs)
      const before = stampsOf(await step('heard', heard()))
      await step('report', report([{ ...second, ...times }], signal))
      await heardInTime(heard, [second], timeoutMs)
      const after = stampsOf(await step('heard', heard()))
      if (after.since !== before.since) fail('`since` moved although nothing was lost')
      if (after.firstHeardAt !== before.firstHeardAt)
        fail('`firstHeardAt` moved with a later report of the same instance')
      if (after.receivedAt < before.receivedAt) fail('`receivedAt` went back')
    },
  },
  {
    name: 'several hundred reports in one call all arrive, each in its own namespace',
    capability: 'report',
    needs: ['heard'],
    async run({ opened, namespace, signal, step, hook, timeoutMs }) {
      const { transport, publish } = opened
      const report = reporterOf(transport)
      const names = [namespace, `${namespace}/inner`]
      for (const name of names) await step('publish', publish(sampleLog(name).next()))
      const states = Array.from({ length: 250 }, (_, index) =>
        sampleReport(names[index % 2] ?? namespace, {
          instanceId: `instance-${index}`,
          clientId: `host-${index}`,
        }),
      )
      await step('one report() with 250 reports', report(states, signal))
      for (const name of names) {
        const expected = states.filter(state => state.namespace === name)
        await heardInTime(() => hook('heard').call(opened, { namespace: name }), expected, timeoutMs)
      }
    },
  },
]

/** Waits until exactly these words were heard; transports may pass reports on in their own time. */
export async function heardInTime(
  heard: () => Promise<HeardReports>,
  expected: readonly ClientReport[],
  timeoutMs: number,
): Promise<void> {
  const never = new AbortController().signal
  const endMs = systemClock.monotonic() + timeoutMs
  for (;;) {
    const { reports: words } = ofClients(await within('heard()', heard(), timeoutMs))
    const problem = difference(words, expected)
    if (problem === undefined) return
    if (systemClock.monotonic() > endMs) fail(problem)
    await systemClock.sleep(20, never)
  }
}

/** What was heard of clients: a server that decides rollouts reports in its namespaces as well. */
export function ofClients(heard: HeardReports): HeardReports {
  return { ...heard, reports: heard.reports.filter(isClient) }
}

/** The times of an answer about one instance, each in the one spelling that is used. */
function stampsOf({ since, asOf, reports: [word] }: HeardReports): {
  readonly since: string
  readonly receivedAt: string
  readonly firstHeardAt: string
} {
  const { receivedAt = '', firstHeardAt = '' } = word ?? {}
  for (const [name, time] of Object.entries({ since, asOf, receivedAt, firstHeardAt }))
    if (!isInstant(time)) fail(`\`${name}\` must be a time such as 2026-11-21T09:30:00.000Z`)
  if (since > asOf) fail('`since` must not be later than `asOf`')
  if (firstHeardAt > receivedAt) fail('`firstHeardAt` must not be later than `receivedAt`')
  if (firstHeardAt.startsWith('1999') || receivedAt.startsWith('1999'))
    fail('the times are what the client says, and not when it was heard')
  return { since, receivedAt, firstHeardAt }
}

function difference(words: readonly ClientReport[], expected: readonly ClientReport[]): string | undefined {
  const byInstance = new Map(words.map(word => [word.instanceId, word]))
  if (byInstance.size < words.length)
    return (
      'the report of one instance was heard twice. If the store lists keys by pages: the keys of a page ' +
      'must descend, and come before `before`, without it'
    )
  if (words.length !== expected.length)
    return `${words.length} instances were heard, and ${expected.length} reported`
  for (const own of expected) {
    const word = byInstance.get(own.instanceId)
    if (word === undefined) return `nothing was heard of ${own.instanceId}`
    if (word.count !== own.count)
      return `of ${own.instanceId} report ${word.count} counts, and ${own.count} is its last`
    // When it was heard is said by whoever heard it.
    const { receivedAt: _, firstHeardAt: __, ...said } = word
    if (canonicalize(said) !== canonicalize(own))
      return `the report of ${own.instanceId} was changed on the way`
  }
  return undefined
}

export function reportsOf(store: Store): NonNullable<Store['reports']> {
  const { reports } = store
  if (reports === undefined) return fail("the store has no `reports`; say so: without: { reports: '…' }")
  return reports.bind(store)
}

export function reporterOf(transport: Transport & Partial<ReportTransport>): ReportTransport['report'] {
  const { report } = transport
  if (report === undefined) return fail("the transport has no `report`; say so: without: { report: '…' }")
  expectEqual('report', typeof report, 'function')
  return report.bind(transport)
}
