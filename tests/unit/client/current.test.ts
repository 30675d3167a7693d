import { expect, test, vi } from 'vitest'
import * as z from 'zod'
import { createClient, createPublisher, everyone, memory, pull } from '../../../src/index.js'

const namespace = 'checkout/prod'
const schema = z.object({ size: z.number() })

async function started() {
  const store = memory()
  const publisher = createPublisher({ namespace, schema, store })
  const publish = (size: number) => publisher.publish({ size }, { rollout: everyone(), reason: 'test' })
  await publish(1)
  const config = createClient({ namespace, schema, strategy: pull(store), clientId: 'c' })
  return { config, publish }
}

test('current throws before the first value, follows each change, and is neither listed nor assigned', async () => {
  const { config, publish } = await started()
  expect(() => config.current).toThrow(/was not started/)
  await config.ready()
  expect(config.current).toBe(config.running.value)
  await publish(2)
  await config.refresh()
  expect(config.current).toEqual({ size: 2 })
  expect(config.current).toBe(config.running.value)
  expect(Object.keys(config)).not.toContain('current')
  expect(() => Object.assign(config, { current: { size: 3 } })).toThrow(TypeError)
  await config.close()
  expect(config.current).toEqual({ size: 2 })
})

test('a test of an application can stand in for current, and let it go again', async () => {
  const { config } = await started()
  await config.ready()
  const spy = vi.spyOn(config, 'current', 'get').mockReturnValue({ size: 9 })
  expect(config.current).toEqual({ size: 9 })
  spy.mockRestore()
  expect(config.current).toEqual({ size: 1 })
  await config.close()
})
