import * as prom from 'prom-client'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { clientMetrics } from '../../../src/metrics/index.js'
import { fakeClient } from '../../../src/testing/index.js'
import { refusalOf } from '../../support/option-names.js'

const schema = z.object({ size: z.number() })
const linesOf = async (register: prom.Registry): Promise<readonly string[]> =>
  (await register.metrics()).split('\n').filter(line => line !== '' && !line.startsWith('#'))

function shown(namespace: string, register = new prom.Registry()) {
  const config = fakeClient(schema, { size: 1 })
  const stop = clientMetrics(config, { prom, namespace, register })
  onTestFinished(() => config.close())
  return { config, register, stop }
}

test('a client shows what runs, its status and its age, and counts what happens', async () => {
  const { config, register } = shown('checkout/prod')
  await config.ready()
  config.set({ size: 2 })
  const lines = await linesOf(register)
  expect(lines).toContain('noticeboard_status{namespace="checkout/prod",status="ready"} 1')
  expect(lines).toContain('noticeboard_status{namespace="checkout/prod",status="stale"} 0')
  expect(lines).toContain('noticeboard_changes_total{namespace="checkout/prod"} 1')
  expect(lines.filter(line => line.startsWith('noticeboard_info{'))).toHaveLength(1)
  expect(lines.join('\n')).toMatch(/noticeboard_age_seconds\{namespace="checkout\/prod"\} [0-9.]+/)
})

test('clients of one process share their metrics, and one that is taken away leaves nothing behind', async () => {
  const { register, stop, config } = shown('a/b')
  shown('c/d', register)
  const namespaces = async (): Promise<readonly string[]> =>
    (await linesOf(register)).filter(line => line.includes('status="ready"'))
  expect(await namespaces()).toHaveLength(2)
  stop()
  expect(await namespaces()).toEqual([expect.stringContaining('namespace="c/d"')])
  config.set({ size: 3 })
  expect((await linesOf(register)).join('\n')).not.toContain('noticeboard_changes_total{namespace="a/b"}')
})

test('a client that replaced another one under its name stays when the first is taken away', async () => {
  const { register, stop } = shown('a/b')
  const second = shown('a/b', register)
  stop()
  expect((await linesOf(register)).join('\n')).toContain(
    'noticeboard_status{namespace="a/b",status="ready"} 1',
  )
  second.stop()
  expect((await linesOf(register)).join('\n')).not.toContain('noticeboard_status{')
})

test('what makes no sense is refused', () => {
  const config = fakeClient(schema, { size: 1 })
  expect(refusalOf(() => clientMetrics(config, { prom, namespace: 'Not A Name' })).code).toBe(
    'invalid-option',
  )
})
