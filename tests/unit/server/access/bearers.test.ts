import { describe, expect, onTestFinished, test } from 'vitest'
import type { Scope } from '../../../../src/contracts/access.js'
import type { Position } from '../../../../src/contracts/position.js'
import { SCOPES } from '../../../../src/core/access/scopes.js'
import { MAX_REPORTS, MAX_REPORTS_BYTES } from '../../../../src/core/limits.js'
import { releaseDigest } from '../../../../src/core/release/release.js'
import { createHandler, type Handler, type HandlerOptions } from '../../../../src/server/index.js'
import { virtualClock } from '../../../../src/sim/virtual-clock.js'
import { systemHasher } from '../../../../src/system/system.js'
import { storeFrom } from '../../../../src/transports/store/store-from.js'
import { floodWith } from '../../../support/endless-bodies.js'
import { goingBack } from '../../../support/going-back.js'
import { reportOf } from '../../../support/report-of.js'
import { makeRelease, NAMESPACE, publish } from '../../../support/server-fixtures.js'
import { tokenBox } from '../../../support/tokens.js'

async function setUp(options: HandlerOptions = {}) {
  const clock = virtualClock({ startMs: Date.parse('2026-06-01T00:00:00.000Z') })
  const box = tokenBox()
  // Known from the first request on.
  const give = (name: string, scope: Scope, namespaces: readonly string[]): string =>
    box.give({ name, scopes: [scope], namespaces })
  const tokens = Object.fromEntries(SCOPES.map(scope => [scope, give(scope, scope, ['**'])]))
  const elsewhere = give('elsewhere', 'report', ['billing/*'])
  const engine = goingBack()
  const store = storeFrom(engine, { system: { clock } })
  const first = await publish(store, { pool: 1 })
  const handler = createHandler(store, { tokens: box, system: { clock }, ...options })
  onTestFinished(async () => {
    const closed = handler.close({ drainMs: 0, graceMs: 1 })
    await clock.advance(1_000)
    await closed
  })
  return { clock, engine, store, first, handler, tokenWith: (scope: Scope) => tokens[scope], elsewhere }
}

interface Sent {
  readonly method?: 'POST' | 'PUT'
  readonly body: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>
  readonly token?: string | undefined
  readonly length?: number
}

function send(handler: Handler, path: string, { method = 'POST', body, token, length }: Sent) {
  const init = {
    method,
    body,
    duplex: 'half',
    headers: {
      'content-type': 'application/json',
      ...(length !== undefined && { 'content-length': String(length) }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
  }
  return handler.fetch(new Request(`http://board.test/v1/${NAMESPACE}/${path}`, init as RequestInit))
}

const flood = (handler: Handler, token?: string): Promise<unknown> =>
  floodWith(body => void send(handler, '~reports', { body, token }))

/** A body of reports, each of another instance. */
const batchOf = (name: string, count: number): string =>
  JSON.stringify({
    reports: Array.from({ length: count }, (_, index) =>
      reportOf({ namespace: NAMESPACE, instanceId: `${name}-${index}` }),
    ),
  })

const SPEAKING: readonly Scope[] = ['read', 'report', 'control', 'admin']
const LONG = `{"reports":[]}${' '.repeat(MAX_REPORTS_BYTES - 14)}`

describe('who reports with a token', () => {
  test.each(SPEAKING)('has room for its bodies whatever strangers send: %s', async scope => {
    const { handler, tokenWith } = await setUp()
    await flood(handler)
    const long = { body: LONG, length: MAX_REPORTS_BYTES }
    expect((await send(handler, '~reports', long)).status).toBe(429)
    expect((await send(handler, '~reports', { ...long, token: tokenWith(scope) })).status).toBe(204)
  })

  test('brings its batches past the rate of strangers of the same address', async () => {
    const { handler, tokenWith } = await setUp()
    const batch = (round: number): string => batchOf(`i-${round}`, MAX_REPORTS)
    const token = tokenWith('report')
    const statusesOf = async (given: string | undefined): Promise<readonly number[]> => {
      const statuses: number[] = []
      for (let round = 0; round <= 10_000 / MAX_REPORTS; round += 1)
        statuses.push((await send(handler, '~reports', { body: batch(round % 3), token: given })).status)
      return statuses
    }
    expect(new Set(await statusesOf(token))).toEqual(new Set([204]))
    expect((await statusesOf(undefined)).at(-1)).toBe(429)
    expect((await send(handler, '~reports', { body: batch(0), token })).status).toBe(204)
  })

  test.each(SPEAKING)('stays known when strangers fill the room: %s', async scope => {
    const { handler, tokenWith } = await setUp({ maxInstances: 20 })
    const token = tokenWith(scope)
    await send(handler, '~reports', { body: batchOf('fleet', 10), token })
    for (const name of ['a', 'b', 'c']) await send(handler, '~reports', { body: batchOf(name, 90) })
    const answer = await handler.fetch(
      new Request(`http://board.test/v1/${NAMESPACE}/~reports`, {
        headers: { authorization: `Bearer ${tokenWith('inspect')}` },
      }),
    )
    const { reports } = (await answer.json()) as {
      readonly reports: readonly { readonly instanceId: string }[]
    }
    expect(reports.filter(({ instanceId }) => instanceId.startsWith('fleet-'))).toHaveLength(10)
  })
})

test('those who report with a token hold back no writer', async () => {
  const { handler, tokenWith } = await setUp()
  await flood(handler, tokenWith('report'))
  const { digest, snapshot } = makeRelease({ text: 'a'.repeat(MAX_REPORTS_BYTES / 2) })
  const answer = await send(handler, `snapshots/${digest}.json`, {
    method: 'PUT',
    body: snapshot,
    length: snapshot.length,
    token: tokenWith('publish-staged'),
  })
  expect(answer.status).toBe(204)
})

test('a token for other namespaces is one of a stranger here', async () => {
  const { handler, elsewhere } = await setUp()
  await flood(handler)
  const long = { body: LONG, length: MAX_REPORTS_BYTES, token: elsewhere }
  expect((await send(handler, '~reports', long)).status).toBe(429)
})

describe.each(['publish-staged', 'revert', 'control'] as const)(
  'a board that went back says so to who may %s',
  scope => {
    const NEWEST = 5
    const cases: readonly [what: string, at: Position][] = [
      ['the next release of what was', { epoch: '1-9f3a01bc', sequence: NEWEST + 1 }],
      ['the next release of what is left', { epoch: '1-9f3a01bc', sequence: 2 }],
      ['a release that was', { epoch: '1-9f3a01bc', sequence: 1 }],
      ['an epoch', { epoch: '2-0badcafe', sequence: 1 }],
    ]

    test.each(cases)('whatever it sends: %s', async (_, { epoch, sequence }) => {
      const { engine, store, first, handler, tokenWith } = await setUp()
      const copied = await engine.contents()
      for (let pool = 2; pool <= NEWEST; pool += 1) await publish(store, { pool })
      await handler.fetch(new Request(`http://board.test/v1/${NAMESPACE}/release.json`))
      await engine.putBack(copied)
      const { bytes } = makeRelease(
        { pool: 1 },
        { epoch, sequence, prev: releaseDigest(systemHasher, first.bytes) },
      )
      const body = JSON.stringify({ release: new TextDecoder().decode(bytes) })
      const answer = await send(handler, '~releases', { body, token: tokenWith(scope) })
      expect([answer.status, await answer.json()]).toEqual([
        409,
        { error: expect.objectContaining({ code: 'store-damaged' }) },
      ])
    })
  },
)
