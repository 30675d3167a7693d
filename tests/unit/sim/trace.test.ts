import { expect, test } from 'vitest'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import { soundLink } from '../../../src/sim/link.js'
import { simFetch } from '../../../src/sim/network.js'
import { startProcess } from '../../../src/sim/process.js'
import { seededDice } from '../../../src/sim/dice.js'
import { createTrace } from '../../../src/sim/trace.js'

/**
 * The hash of a history in which somebody sends one text and is given another, on a stream or at
 * once.
 */
async function hashOf(sent: string, given: string, type = 'application/json'): Promise<string> {
  const clock = virtualClock({ turns: 1 })
  const world = { clock, seed: 1 }
  const trace = createTrace(clock.monotonic)
  const host = {
    process: startProcess('server.1', world),
    fetch: () => Promise.resolve(new Response(given, { headers: { 'content-type': type } })),
  }
  const fetch = simFetch({
    world: clock,
    trace,
    dice: seededDice(1, 'net'),
    client: startProcess('client.1', world),
    host: () => host,
    link: soundLink(),
  })
  const { signal } = new AbortController()
  let text: string | undefined
  void fetch('http://board.test/v1', { method: 'POST', headers: {}, body: new TextEncoder().encode(sent), signal, redirect: 'manual', cache: 'no-store' })
    .then(response => response.text())
    .then(whole => (text = whole)) // prettier-ignore
  await clock.runUntil(() => text !== undefined, 1_000)
  expect(text).toBe(given)
  return trace.hash()
}

test('one other byte in a request, in an answer or on a stream gives another hash, and the same bytes give the same', async () => {
  const hash = await hashOf('{"n":1}', '{"n":2}')
  expect(await hashOf('{"n":1}', '{"n":2}')).toBe(hash)
  expect(await hashOf('{"n":0}', '{"n":2}')).not.toBe(hash)
  expect(await hashOf('{"n":1}', '{"n":3}')).not.toBe(hash)
  const stream = await hashOf('', 'data: 1\n\n', 'text/event-stream')
  expect(await hashOf('', 'data: 1\n\n', 'text/event-stream')).toBe(stream)
  expect(await hashOf('', 'data: 2\n\n', 'text/event-stream')).not.toBe(stream)
})
