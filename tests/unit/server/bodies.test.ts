import { describe, expect, test } from 'vitest'
import { MAX_HELD_BODIES_BYTES, MAX_REPORTS_BYTES, MAX_REPORTS_MARKS } from '../../../src/core/limits.js'
import { createHandler } from '../../../src/server/index.js'
import { exceedsMarks } from '../../../src/server/http/marks.js'
import { createTurns } from '../../../src/server/http/turns.js'
import { encodeText } from '../../../src/core/json/text.js'
import { digestOf } from '../../../src/core/release/digest.js'
import { systemClock, systemHasher } from '../../../src/system/system.js'
import { memory } from '../../../src/transports/memory.js'
import { floodWith, openBody } from '../../support/endless-bodies.js'

const URL_OF_REPORTS = 'http://board.test/v1/shop/prod/~reports'
const TOKEN = 'a-token'

function post(
  handler: ReturnType<typeof createHandler>,
  body: string | ReadableStream<Uint8Array>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const init = {
    method: 'POST',
    body,
    duplex: 'half',
    headers: { 'content-type': 'application/json', ...headers },
  }
  return handler.fetch(new Request(URL_OF_REPORTS, init as RequestInit))
}

const REPORTS = JSON.stringify({ reports: [] })

const flood = (
  handler: ReturnType<typeof createHandler>,
): Promise<{ readonly answers: readonly Promise<Response>[] }> => floodWith(body => post(handler, body))

describe('a flood of bodies that never end', () => {
  test('is held up to a bound: one of the largest hears 429 and when to come back', async () => {
    const handler = createHandler(memory())
    const answer = await Promise.race((await flood(handler)).answers)
    expect(answer.status).toBe(429)
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    expect(await answer.json()).toMatchObject({ error: { code: 'rate-limited' } })
  })

  test('hides from nobody that a body is longer than any may be', async () => {
    const handler = createHandler(memory())
    await flood(handler)
    const announced = { 'content-length': String(MAX_HELD_BODIES_BYTES + 1) }
    expect((await post(handler, REPORTS, announced)).status).toBe(413)
  })

  test('leaves a writer room for a snapshot as large as the store takes it', async () => {
    const size = MAX_HELD_BODIES_BYTES + 1_048_576
    const store = { ...memory(), maxSnapshotBytes: size }
    const handler = createHandler(store, { write: { token: TOKEN } })
    const snapshot = encodeText(JSON.stringify('a'.repeat(size - 2)))
    const digest = digestOf(systemHasher, snapshot)
    const answer = await handler.fetch(
      new Request(`http://board.test/v1/shop/prod/snapshots/${digest}.json`, {
        method: 'PUT',
        body: snapshot,
        headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` },
      }),
    )
    expect(answer.status).not.toBe(429)
  })

  test('costs five hundred clients that send what clients send nothing', async () => {
    const handler = createHandler(memory())
    await flood(handler)
    const bodies = Array.from({ length: 500 }, openBody)
    const answers = bodies.map(({ stream }) => post(handler, stream))
    for (const { send } of bodies) await send(encodeText(REPORTS))
    for (const { end } of bodies) await end()
    const statuses = await Promise.all(answers.map(async answer => (await answer).status))
    expect(new Set(statuses)).toEqual(new Set([204]))
  })

  test('does not reach the bodies of who has the writing token', async () => {
    const handler = createHandler(memory(), { write: { token: TOKEN } })
    await flood(handler)
    const long = `${REPORTS}${' '.repeat(MAX_REPORTS_BYTES - REPORTS.length)}`
    const headers = { 'content-length': String(MAX_REPORTS_BYTES) }
    expect((await post(handler, long, headers)).status).toBe(429)
    const authorization = `Bearer ${TOKEN}`
    expect((await post(handler, long, { ...headers, authorization })).status).toBe(204)
  })

  test('is refused before it is read, where its length says that it would be given up', async () => {
    const handler = createHandler(memory())
    await flood(handler)
    const untouched = new ReadableStream<Uint8Array>(
      {
        pull: () => {
          throw new Error('the body was read')
        },
      },
      { highWaterMark: 0 },
    )
    const headers = { 'content-length': String(MAX_REPORTS_BYTES) }
    expect((await post(handler, untouched, headers)).status).toBe(429)
  })
})

describe('a body of many small values', () => {
  test('is refused before it is read as JSON', async () => {
    const values = `{"reports":[${'0,'.repeat(MAX_REPORTS_MARKS)}0]}`
    expect((await post(createHandler(memory()), values)).status).toBe(413)
    const escapes = `{"reports":[],"x":"${'\\n'.repeat(MAX_REPORTS_MARKS)}"}`
    expect((await post(createHandler(memory()), escapes)).status).toBe(413)
  })

  test('is told from one with long texts, whatever characters these hold', () => {
    const texts = JSON.stringify({ reports: [',{}[]'.repeat(100), 'a', 'b'] })
    expect(exceedsMarks(encodeText(texts), 6)).toBe(false)
    expect(exceedsMarks(encodeText(texts), 5)).toBe(true)
    const quoted = JSON.stringify(['",",', ','.repeat(20)])
    expect(exceedsMarks(encodeText(quoted), 5)).toBe(false)
    expect(exceedsMarks(encodeText(quoted), 4)).toBe(true)
  })

  test('has its turn after everything else that is ready, and each before the next', async () => {
    const turns = createTurns(systemClock)
    const order: string[] = []
    const first = turns(() => order.push('first'))
    const failed = turns(() => {
      throw new Error('not JSON')
    })
    const second = turns(() => order.push('second'))
    setImmediate(() => order.push('a read'))
    await expect(failed).rejects.toThrow('not JSON')
    await Promise.all([first, second])
    expect(order).toHaveLength(3)
    expect(order.indexOf('a read')).toBeLessThan(order.indexOf('second'))
  })
})
