import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readService, withPoolSize } from '../../../examples/configs/documents.mjs'
import { serviceSchema } from '../../../examples/configs/schemas.mjs'
import { everyone } from '../../../src/publisher/index.js'
import { examples, openBoard, temporaryFolder } from '../../support/place.js'
import { start, type Program } from '../../support/program.js'

const node = process.execPath
const folder = join(examples, 'application')

describe.each(['push', 'pull', 'hybrid', 'on-demand'])('the application under %s', strategy => {
  test('starts, follows a change, starts again without the server, and ends by itself', async () => {
    const { server, publisher } = await openBoard()
    const checkout = publisher('checkout/prod', serviceSchema)
    await checkout.publish(readService(), { rollout: everyone(), reason: 'first' })
    const env = { NOTICEBOARD_URL: server.url, STATE_FOLDER: join(temporaryFolder(), 'state') }
    const launch = (): Program => start([node, 'app.mjs', strategy], { cwd: folder, env })

    const first = launch()
    await first.line(/^the pool has 40 connections$/)
    const address = await addressOf(first)
    expect(await ask(address)).toEqual({ pool: 40, version: 1 })

    await checkout.publish(withPoolSize(readService(), 60), { rollout: everyone(), reason: 'more' })
    await expect.poll(() => ask(address), { timeout: 15_000 }).toEqual({ pool: 60, version: 2 })
    await first.line(/^the pool has 60 connections$/)

    first.signal('SIGTERM')
    expect(await first.ended, first.output).toBe(0)
    await server.close({ drainMs: 0 })

    const second = launch()
    await second.line(/^the pool has 60 connections$/)
    expect(await ask(await addressOf(second))).toEqual({ pool: 60, version: 2 })
    second.signal('SIGTERM')
    expect(await second.ended, second.output).toBe(0)
  })
})

async function addressOf(program: Program): Promise<string> {
  const line = await program.line(/^listening on \d+$/)
  return `http://127.0.0.1:${line.split(' ').at(-1)}`
}

async function ask(address: string): Promise<unknown> {
  const response = await fetch(address, { headers: { connection: 'close' } })
  return response.json()
}
