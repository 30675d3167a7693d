import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { expect, test } from 'vitest'
import { bePart, type PartChannel } from '../../../src/compare/run/be-part.js'

test('a guard ends the processes that it was told of once whoever asked is gone, and none before', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
  const gone = once(child, 'exit')
  const channel = Object.assign(new EventEmitter(), { send: (): void => answered() })
  let answered = (): void => {}
  const told = new Promise<void>(resolve => (answered = resolve))
  const part = bePart(channel as PartChannel)
  channel.emit('message', { id: 1, ask: 'guard', given: { pids: [child.pid] } })
  await told
  expect(child.signalCode).toBeNull()
  channel.emit('disconnect')
  await part
  await gone
  expect(child.signalCode).toBe('SIGKILL')
})

test('a process whose starter was gone before it could listen does not wait for that', async () => {
  const channel = Object.assign(new EventEmitter(), { connected: false })
  await expect(bePart(channel as PartChannel)).resolves.toBeUndefined()
})
