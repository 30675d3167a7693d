import { act, createElement, StrictMode, useSyncExternalStore } from 'react'
import { create } from 'react-test-renderer'
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { z } from 'zod'
import { createUseCurrent } from '../../../examples/react/use-config.js'
import { fakeClient } from '../../../src/testing/fake-client.js'

const useCurrent = createUseCurrent(useSyncExternalStore)
const schema = z.object({ pool: z.object({ size: z.number() }), banner: z.string() })
const first = { pool: { size: 10 }, banner: 'hello' }

beforeEach(() => {
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true)
  return () => vi.unstubAllGlobals()
})

/**
 * Renders what is followed, in strict mode, and counts how often. React complains about an unstable
 * value by console.error.
 */
async function render(followed: any) {
  const complaints = vi.spyOn(console, 'error').mockImplementation(() => {})
  const rendered: unknown[] = []
  const View = () => {
    const value = useCurrent(followed)
    rendered.push(value)
    return JSON.stringify(value)
  }
  const tree = await act(async () => create(createElement(StrictMode, null, createElement(View))))
  onTestFinished(() => act(async () => tree.unmount()))
  const problems = () =>
    complaints.mock.calls.map(([message]) => String(message)).filter(text => !text.includes('deprecated'))
  return { text: () => tree.toJSON(), rendered, problems, unmount: () => act(async () => tree.unmount()) }
}

test('a component shows the configuration, and the next one as soon as it runs', async () => {
  const config = fakeClient(schema, first)
  const { text, problems } = await render(config)
  expect(text()).toBe(JSON.stringify(first))
  await act(async () => config.set({ ...first, banner: 'bye' }))
  expect(text()).toBe(JSON.stringify({ ...first, banner: 'bye' }))
  expect(problems()).toEqual([])
})

test('a component over a selection does not render again when another part changes', async () => {
  const config = fakeClient(schema, first)
  const { text, rendered, problems } = await render(config.select(({ pool }) => pool))
  const before = rendered.length
  await act(async () => config.set({ ...first, banner: 'bye' }))
  expect(rendered).toHaveLength(before)
  await act(async () => config.set({ pool: { size: 20 }, banner: 'bye' }))
  expect(rendered.length).toBeGreaterThan(before)
  expect(text()).toBe('{"size":20}')
  expect(problems()).toEqual([])
})

test('a selection that makes a new object each time is stable for React', async () => {
  const config = fakeClient(schema, first)
  const { text, problems } = await render(config.select(({ pool }) => ({ double: pool.size * 2 })))
  expect(text()).toBe('{"double":20}')
  await act(async () => config.set({ ...first, pool: { size: 11 } }))
  expect(text()).toBe('{"double":22}')
  expect(problems()).toEqual([])
})

test('a component that is gone follows nothing any more', async () => {
  const config = fakeClient(schema, first)
  const { rendered, unmount } = await render(config)
  await unmount()
  const before = rendered.length
  config.set({ ...first, banner: 'bye' })
  expect(rendered).toHaveLength(before)
})
