import { expect, test } from 'vitest'
import type { Delivery } from '../../../../src/contracts/transport.js'
import { virtualClock } from '../../../../src/sim/virtual-clock.js'
import { createWatcher } from '../../../../src/transports/http/watcher.js'

const namespace = 'checkout/prod'
const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const release = (text: string): Delivery => ({ type: 'release', namespace, bytes: encode(text) })
const mark = (text: string): Delivery => ({ type: 'mark', namespace, bytes: encode(text) })
const said = (delivery: Delivery): string =>
  delivery.type === 'alive' ? 'alive' : `${delivery.type} ${new TextDecoder().decode(delivery.bytes)}`

function setUp() {
  const clock = virtualClock()
  const controller = new AbortController()
  const watcher = createWatcher({ namespaces: [namespace], inline: false }, clock)
  const read = async (): Promise<readonly string[]> => {
    const got: string[] = []
    const reading = (async () => {
      for await (const delivery of watcher.deliveries(controller.signal)) got.push(said(delivery))
    })()
    await clock.advance(0)
    controller.abort()
    await reading
    return got
  }
  return { watcher, read }
}

test('deliveries are read in the order in which they came', async () => {
  const { watcher, read } = setUp()
  watcher.give(release('1'))
  watcher.give(mark('of 1'))
  watcher.give({ type: 'alive' })
  expect(await read()).toEqual(['release 1', 'mark of 1', 'alive'])
})

test('a newer release takes the place of one that waits, and the marks from before it are dropped', async () => {
  const { watcher, read } = setUp()
  watcher.give(release('1'))
  watcher.give(mark('of 1'))
  watcher.give(release('2'))
  watcher.give(mark('of 2'))
  expect(await read()).toEqual(['release 2', 'mark of 2'])
})

test('a release that is repeated is only a sign of life', async () => {
  const { watcher, read } = setUp()
  watcher.give(release('1'))
  watcher.give(release('1'))
  expect(await read()).toEqual(['release 1', 'alive'])
})

test('what belongs to a namespace that is not read is left out', async () => {
  const { watcher, read } = setUp()
  watcher.give({ type: 'release', namespace: 'other/prod', bytes: encode('1') })
  watcher.give({ type: 'mark', namespace: 'other/prod', bytes: encode('1') })
  expect(await read()).toEqual([])
})
