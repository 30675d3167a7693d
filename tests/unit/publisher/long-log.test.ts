import { expect, test } from 'vitest'
import { anything } from '../../../src/core/schema/anything.js'
import { createPublisher, everyone } from '../../../src/publisher/index.js'
import { scriptedStore, type ScriptedStore } from './scripted-store.js'

/** More than is read without asking first whether it need be. */
const LENGTH = 100

/** A store with a long log, and a publisher that knows nothing of it, as a command line has. */
async function longLog(): Promise<ScriptedStore> {
  const store = scriptedStore()
  const publisher = publisherOn(store)
  for (let size = 0; size < LENGTH; size += 1) await publish(publisher, size)
  return store
}

const publisherOn = (store: ScriptedStore) =>
  createPublisher({ namespace: 'checkout/prod', schema: anything, store, retries: 0 })

const publish = (publisher: ReturnType<typeof publisherOn>, size: number, dryRun = false) =>
  publisher.publish({ size }, { rollout: everyone(), reason: 'a test', dryRun })

/** Counts what is asked of the store. */
function asked(store: ScriptedStore): Map<string, number> {
  const counts = new Map<string, number>()
  store.before = operation => void counts.set(operation, (counts.get(operation) ?? 0) + 1)
  return counts
}

test('a new document is published without reading a long log, also after a lost race and in a rehearsal', async () => {
  const store = await longLog()
  const counts = asked(store)
  const { version } = await publish(publisherOn(store), 1_000)
  expect([version, counts.get('history')]).toEqual([LENGTH + 1, undefined])
  expect((await publish(publisherOn(store), 2_000, true)).version).toBe(LENGTH + 2)
  expect(counts.get('history')).toBe(undefined)

  let races = 0
  const rival = publisherOn(store)
  store.before = async operation => {
    if (operation === 'history') races += 100
    if (operation !== 'append' || races > 0) return
    races += 1
    await publish(rival, 3_000)
  }
  expect((await publish(publisherOn(store), 4_000)).version).toBe(LENGTH + 3)
  // After a lost race only what came meanwhile is looked at, in the newest release and one step of
  // the log.
  expect(races).toBeLessThan(200)
})

test('a document that was published before keeps its version, however long ago', async () => {
  const store = await longLog()
  expect((await publish(publisherOn(store), 7)).version).toBe(8)
  expect((await publish(publisherOn(store), 7)).outcome).toBe('unchanged')
})

test('one that a rival published first in the race has the version that the rival gave it', async () => {
  const store = await longLog()
  const rival = publisherOn(store)
  let tried = 0
  store.before = async operation => {
    if (operation !== 'append' || (tried += 1) > 1) return
    await publish(rival, 5_000)
    await publish(rival, 6_000)
  }
  const published = await publish(publisherOn(store), 5_000)
  expect([published.outcome, published.version, published.position.sequence]).toEqual([
    'published',
    LENGTH + 1,
    LENGTH + 3,
  ])
})

test('a snapshot that was put and never named costs a look at the log, and is right', async () => {
  const store = await longLog()
  store.before = operation => {
    if (operation === 'append') throw new Error('the process died')
  }
  await expect(publish(publisherOn(store), 9_000)).rejects.toThrow()
  const counts = asked(store)
  expect((await publish(publisherOn(store), 9_000)).version).toBe(LENGTH + 1)
  expect(counts.get('history')).toBe(1)
})
