import { getEventListeners } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { linkedAbort } from '../../../src/strategies/linked-abort.js'

test('a parent that lives for long gathers no listeners, whatever the garbage collector takes', () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const parent = new AbortController()
  for (let round = 0; round < 20; round += 1) {
    const links = [linkedAbort(parent.signal), linkedAbort(parent.signal), linkedAbort(parent.signal)]
    collect()
    for (const link of links) link.abort()
  }
  expect(getEventListeners(parent.signal, 'abort')).toHaveLength(0)
})

test('ends with its parent, also when that has ended before', () => {
  const parent = new AbortController()
  const before = linkedAbort(parent.signal)
  parent.abort()
  expect(before.signal.aborted).toBe(true)
  expect(linkedAbort(parent.signal).signal.aborted).toBe(true)
})
