import { describe, expect, test } from 'vitest'
import { readsOf, rowsOf, whoRan } from '../../../examples/demo/figures.js'
import type { ClientEvent } from '../../../examples/demo/event-file.js'
import type { Story } from '../../../examples/demo/figures.js'

const issuedAt = 10_000
const story: Story = {
  title: 'a change',
  at: 9_990,
  until: 12_000,
  expect: 'runs',
  since: 'issued',
  namespace: 'shop/service',
  digest: 'new',
  clients: { pull: [], push: ['push-01', 'push-02', 'push-03', 'push-04'], hybrid: [] },
  boundsMs: { pull: 1_000, push: 1_000, hybrid: 1_000 },
}

const line = (client: string, at: number, more: Partial<ClientEvent>): ClientEvent => ({
  at,
  client,
  event: 'runs',
  requests: 0,
  bytes: 0,
  ...more,
})
const ran = (client: string, at: number, more: Partial<ClientEvent> = {}): ClientEvent =>
  line(client, at, { namespace: 'shop/service', digest: 'new', issuedAt, ...more })
const push = (clients: Record<string, ClientEvent[]>, told: Partial<Story> = {}) =>
  rowsOf({ ...story, ...told }, new Map(Object.entries(clients)))[1]

describe('the figures of the demo', () => {
  test('count each client from the release, and miss those that are late or never come', () => {
    const row = push({
      'push-01': [ran('push-01', 10_100)],
      'push-02': [ran('push-02', 10_200), ran('push-02', 10_900, { digest: 'newer' })],
      'push-03': [ran('push-03', 11_500)],
      'push-04': [ran('push-04', 10_050, { digest: 'old' })],
    })
    expect(row).toMatchObject({ clients: 4, halfMs: 200, mostMs: undefined, allMs: undefined })
    expect(row?.missed).toEqual(['push-03', 'push-04'])
  })

  test('take no notice of other namespaces, nor of what was before or after', () => {
    const row = push({
      'push-01': [ran('push-01', 10_100, { namespace: 'shop/flags' })],
      'push-02': [ran('push-02', 9_000)],
      'push-03': [ran('push-03', 12_001)],
      'push-04': [],
    })
    expect(row?.missed).toHaveLength(4)
  })

  test('count those who began from their own start, and only what they said after it', () => {
    const started = (client: string, at: number) => line(client, at, { event: 'started' })
    const clients = { pull: [], push: ['push-01', 'push-02'], hybrid: [] }
    const row = push(
      {
        'push-01': [ran('push-01', 9_995), started('push-01', 10_500), ran('push-01', 10_800)],
        'push-02': [ran('push-02', 10_800)],
      },
      { since: 'started', clients },
    )
    expect(row).toMatchObject({ halfMs: 300, allMs: undefined, missed: ['push-02'] })
  })

  test('add up what was asked and received during the story, over a restart too', () => {
    const traffic = (at: number, requests: number, bytes: number, event: ClientEvent['event'] = 'reads') =>
      line('push-01', at, { event, requests, bytes })
    const row = push({
      'push-01': [
        traffic(9_000, 5, 500),
        traffic(9_990, 7, 700),
        traffic(10_500, 10, 1_000),
        traffic(10_600, 0, 0, 'started'),
        traffic(11_000, 4, 400),
        traffic(12_500, 50, 5_000),
      ],
      'pull-01': [traffic(10_500, 90, 9_000)],
    })
    expect(row).toMatchObject({ requests: 3 + 4, bytes: 300 + 400 })
  })

  test('add up reads, and find who ran a document', () => {
    const clients = new Map([
      ['push-01', [line('push-01', 1, { event: 'reads', count: 10, failed: 1 }), ran('push-01', 2)]],
      ['pull-01', [line('pull-01', 1, { event: 'reads', count: 5, failed: 0 })]],
    ])
    expect(readsOf(clients)).toEqual({ count: 15, failed: 1 })
    expect(whoRan('new', clients)).toEqual(['push-01'])
  })
})
