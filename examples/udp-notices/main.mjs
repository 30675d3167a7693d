// A server, notices over UDP of which every second datagram is lost, and a client that misses
// nothing: `node main.mjs`.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient, createPublisher, everyone, http, hybrid } from 'noticeboard'
import { fileStore } from 'noticeboard/node'
import { serve } from 'noticeboard/server'
import { z } from 'zod'
import { udpAnnouncer, udpNotices } from './udp-notices.mjs'

const namespace = 'checkout/prod'
const schema = z.object({ pool: z.object({ size: z.number().int() }) })
const folder = mkdtempSync(join(tmpdir(), 'udp-notices-'))
const store = fileStore(folder)
const server = await serve(store)
const address = '127.0.0.1'

/** Port 0 takes a free one. */
async function listen(port = 0) {
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  socket.bind(port, address)
  await once(socket, 'listening')
  return socket
}
const probe = await listen()
const { port } = probe.address()
probe.close()

const sender = createSocket('udp4')
let sent = 0
const announcer = udpAnnouncer(
  {
    send(...datagram) {
      sent += 1
      if (sent % 2 === 0) sender.send(...datagram)
    },
  },
  { port, address, everyMs: 200 },
)

const publisher = createPublisher({ namespace, schema, store, mirrors: [announcer] })
await publisher.publish({ pool: { size: 10 } }, { reason: 'the first version' })

const strategy = hybrid({ notify: udpNotices(() => listen(port)), fetch: http(server.url) })
const config = await createClient({ namespace, schema, strategy }).ready()
console.log(`the pool has ${config.current.pool.size} connections`)

for (const size of [20, 40, 80]) {
  const changed = new Promise(resolve => config.on('change', ({ current }) => resolve(current.pool.size)))
  await publisher.publish({ pool: { size } }, { rollout: everyone(), reason: 'a busy day' })
  console.log(`now it has ${await changed}`)
}
console.log(`${Math.ceil(sent / 2)} of ${sent} datagrams were lost`)

announcer.close()
await config.close()
await publisher.close()
await server.close()
await store.close()
sender.close()
rmSync(folder, { recursive: true })
