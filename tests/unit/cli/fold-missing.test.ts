import { expect, test } from 'vitest'
import { foldMissing } from '../../../src/cli/fold-missing.js'
import { sayRange } from '../../../src/cli/instant.js'
import type { FleetMember } from '../../../src/publisher/index.js'

function member(state: FleetMember['state'], host: string, silentMs: number, app = 'checkout'): FleetMember {
  const report = { clientId: host, instanceId: host, labels: { app, host } }
  return { state, silentMs, report: report as unknown as FleetMember['report'] }
}

const minutes = (count: number): number => count * 60_000

test('pods that are gone after some rollouts are one row for each age, below what matters', () => {
  const rejected = member('rejected', 'pod-0', 1_000)
  const gone = Array.from({ length: 12 }, (_, index) =>
    member('missing', `gone-${index}`, minutes(20 + index)),
  )
  const old = Array.from({ length: 9 }, (_, index) => member('missing', `old-${index}`, minutes(120 + index)))
  const { single, groups } = foldMissing([rejected, ...gone, ...old])
  expect(single).toEqual([rejected])
  expect(groups.map(({ members, labels, silentMs }) => [members.length, labels, silentMs])).toEqual([
    [12, { app: 'checkout' }, [minutes(20), minutes(31)]],
    [9, { app: 'checkout' }, [minutes(120), minutes(128)]],
  ])
})

test('other labels are other rows, and a few are told one by one', () => {
  const shop = Array.from({ length: 4 }, (_, index) =>
    member('missing', `shop-${index}`, minutes(20), 'shop'),
  )
  const till = Array.from({ length: 3 }, (_, index) =>
    member('missing', `till-${index}`, minutes(20), 'till'),
  )
  const more = Array.from({ length: 4 }, (_, index) =>
    member('missing', `more-${index}`, minutes(20), 'more'),
  )
  const { single, groups } = foldMissing([...shop, ...till, ...more])
  expect(single).toEqual(till)
  expect(groups.map(({ labels }) => labels)).toEqual([{ app: 'shop' }, { app: 'more' }])
})

test('a few pods of which each has a label of its own are one row as well', () => {
  const gone = Array.from({ length: 6 }, (_, index) => member('missing', `gone-${index}`, minutes(20)))
  const { single, groups } = foldMissing(gone)
  expect(single).toEqual([])
  expect(groups.map(({ members, labels }) => [members.length, labels])).toEqual([[6, { app: 'checkout' }]])
})

test('two ages that read alike are told once', () => {
  expect([sayRange(7_100, 7_400), sayRange(7_100, 68_000)]).toEqual(['7 s', '7 s to 1 min 8 s'])
})
