import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { udpAnnouncer, udpNotices, type Sender } from '../../../examples/udp-notices/udp-notices.mjs'
import { noticeCases, type OpenedNotices } from '../../../src/testing/conformance/index.js'
import { examples } from '../../support/place.js'
import { start } from '../../support/program.js'
import { runCases } from '../../support/run-cases.js'

const GROUP = '239.77.0.7'
const HERE = '127.0.0.1'

async function bound(port: number, group?: string): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  socket.bind(port, group === undefined ? HERE : undefined)
  await once(socket, 'listening')
  if (group !== undefined) socket.addMembership(group, HERE)
  return socket
}

/** Notices to an address or a group of this machine, of which one in so many datagrams arrives. */
const opening =
  ({ group, oneIn }: { readonly group?: string; readonly oneIn: number }) =>
  async (): Promise<OpenedNotices> => {
    const probe = await bound(0, group)
    const { port } = probe.address()
    probe.close()
    const sender = await bound(0)
    if (group !== undefined) sender.setMulticastInterface(HERE)
    const open = new Set<Socket>()
    const listening = async (): Promise<Socket> => {
      // Members of a group share its port; without one only the last of them would hear.
      const socket = await bound(group === undefined ? 0 : port, group)
      open.add(socket)
      socket.on('close', () => open.delete(socket))
      return socket
    }
    let sent = 0
    const lossy: Sender = {
      send(bytes, to, address, done) {
        sent += 1
        if (sent % oneIn !== 0) return
        const ports = group === undefined ? [...open].map(socket => socket.address().port) : [to]
        for (const each of ports) sender.send(bytes, each, address, done)
      },
    }
    const announcer = udpAnnouncer(lossy, { port, address: group ?? HERE, everyMs: 20 })
    return {
      notify: udpNotices(listening),
      publish: ({ namespace, bytes }) =>
        announcer.announce({ namespace, bytes }, new AbortController().signal),
      async cut() {
        for (const socket of open) socket.close()
        return { heal: async () => {} }
      },
      async close() {
        announcer.close()
        sender.close()
      },
    }
  }

/** Why groups cannot be tried on this machine; undefined where they can. */
async function missingMulticast(): Promise<string | undefined> {
  const listener = await bound(0, GROUP).catch((error: Error) => error)
  if (listener instanceof Error) return `multicast on loopback does not work here: ${listener.message}`
  const sender = await bound(0)
  try {
    sender.setMulticastInterface(HERE)
    const heard = once(listener, 'message', { signal: AbortSignal.timeout(1_000) })
    sender.send('here', listener.address().port, GROUP)
    await heard
    return undefined
  } catch {
    return 'multicast on loopback does not work here: no datagram arrives'
  } finally {
    listener.close()
    sender.close()
  }
}

runCases('notices over UDP to an address, none of which are lost', noticeCases(opening({ oneIn: 1 })))
runCases('notices over UDP to an address, half of which are lost', noticeCases(opening({ oneIn: 2 })))

// may be skipped: a container may have no route for groups.
const missing = await missingMulticast()
if (missing !== undefined) process.stderr.write(`skipped: ${missing}\n`)
describe.skipIf(missing !== undefined)('on a network with groups', () => {
  runCases(
    'notices over UDP to a group, half of which are lost',
    noticeCases(opening({ group: GROUP, oneIn: 2 })),
  )
})

test('the program carries each change although every second datagram is lost', async () => {
  const program = start([process.execPath, 'main.mjs'], { cwd: join(examples, 'udp-notices') })
  expect(await program.ended, program.output).toBe(0)
  expect(program.output).toMatch(
    /^the pool has 10 connections\nnow it has 20\nnow it has 40\nnow it has 80\n\d+ of \d+ datagrams were lost$/,
  )
})
