import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readService, withPoolSize } from '../../../examples/configs/documents.mjs'
import { serviceSchema } from '../../../examples/configs/schemas.mjs'
import { root } from '../../../scripts/entry-points.js'
import { createClient } from '../../../src/client/index.js'
import { everyone } from '../../../src/publisher/index.js'
import { pull } from '../../../src/strategies/index.js'
import { http } from '../../../src/transports/http/index.js'
import { examples, openBoard, temporaryFolder } from '../../support/place.js'
import { start } from '../../support/program.js'

const node = process.execPath

describe('the first program of the README', () => {
  test('changes a value while it runs', async () => {
    const program = start([node, join(examples, 'quickstart.mjs')], { cwd: temporaryFolder() })
    await program.line(/^the pool has 10 connections$/)
    await program.line(/^the pool has 200 connections$/)
  })

  test('fits on a screen, and stands there word for word', () => {
    const program = readFileSync(join(examples, 'quickstart.mjs'), 'utf8')
    const lines = program.split('\n').filter(line => line.trim() !== '' && !line.startsWith('//'))
    expect(lines.length).toBeLessThanOrEqual(15)
    expect(readFileSync(join(root, 'README.md'), 'utf8')).toContain(program)
  })
})

describe('a transport of one’s own', () => {
  test('carries a change, and ends without leaving anything', async () => {
    const program = start([node, 'main.mjs'], { cwd: join(examples, 'own-transport') })
    expect(await program.ended, program.output).toBe(0)
    expect(program.output).toBe('the pool has 40 connections\nnow it has 80')
  })
})

describe('a mounted file', () => {
  test('is followed, keeps what ran when it turns bad, and needs no server', async () => {
    const file = join(temporaryFolder(), 'settings.yaml')
    copyFileSync(join(examples, 'configs/service.yaml'), file)
    const program = start([node, 'app.mjs', file], { cwd: join(examples, 'mounted-file') })
    await program.line(/^the pool has 40 connections$/)

    const good = readFileSync(file, 'utf8')
    writeFileSync(file, good.replace('size: 40', 'size: 41'))
    await program.line(/^the pool has 41 connections$/)
    copyFileSync(join(examples, 'configs/service-bad.yaml'), file)
    await program.line(/^the file is refused: pool\.size: /)
    writeFileSync(file, good.replace('size: 40', 'size: 42'))
    await program.line(/^the pool has 42 connections$/)

    program.signal('SIGTERM')
    expect(await program.ended, program.output).toBe(0)
  })
})

describe('the Express service', () => {
  test('passes its own tests under vitest', async () => {
    const folder = join(temporaryFolder(), 'express-service')
    mkdirSync(join(folder, 'node_modules'), { recursive: true })
    for (const file of ['package.json', 'service.js', 'service.test.js']) {
      copyFileSync(join(examples, 'express-service', file), join(folder, file))
    }
    symlinkSync(root, join(folder, 'node_modules/noticeboard'))
    for (const name of ['express', 'zod']) {
      symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name))
    }
    const vitest = join(root, 'node_modules/vitest/vitest.mjs')
    const program = start([node, vitest, 'run', '--globals'], { cwd: folder, env: { NO_COLOR: '1' } })
    expect(await program.ended, program.output).toBe(0)
    expect(program.output).toMatch(/Tests +3 passed/)
  })
})

describe('the script for CI', () => {
  interface Before {
    /** Whether a rollback brought version 1 back. */
    readonly wentBack?: boolean
    /** The canary's own rule. */
    readonly mostConnections?: number
  }
  const publish = async (file: string, { wentBack = false, mostConnections = 1000 }: Before = {}) => {
    const { server, token, publisher } = await openBoard()
    const clients = await Promise.all(
      ['checkout/canary', 'checkout/prod'].map(async namespace => {
        await publisher(namespace, serviceSchema).publish(readService(), {
          rollout: everyone(),
          reason: 'first',
        })
        if (wentBack) {
          const everybody = { rollout: everyone(), reason: 'second' }
          await publisher(namespace, serviceSchema).publish(withPoolSize(readService(), 41), everybody)
          await publisher(namespace, serviceSchema).rollback({ reason: 'it hurts' })
        }
        const strategy = pull(http(server.url), { pollIntervalMs: 100 })
        const options = {
          namespace,
          schema: serviceSchema,
          validators: [
            {
              name: 'connections',
              validate: ({ pool }: { readonly pool: { readonly size: number } }) =>
                pool.size > mostConnections ? [{ path: 'pool.size', message: 'too many' }] : [],
            },
          ],
          strategy,
          clientId: 'one',
          reports: { batchMs: 10 },
        }
        return createClient(options).ready()
      }),
    )
    const program = start(
      [join(examples, 'canary-from-ci.sh'), file, 'a bigger pool', 'checkout/canary', 'checkout/prod'],
      {
        cwd: temporaryFolder(),
        env: {
          NOTICEBOARD: join(root, 'dist/cli/main.js'),
          NOTICEBOARD_URL: server.url,
          NOTICEBOARD_TOKEN: token,
          WAIT_SECONDS: '30',
          NO_COLOR: '1',
        },
      },
    )
    const status = await program.ended
    const pools = clients.map(({ current }) => current.pool.size)
    await Promise.all(clients.map(client => client.close()))
    return { status, pools, output: program.output }
  }

  test('publishes to the canaries, waits for them, and goes on', async () => {
    const file = join(temporaryFolder(), 'settings.json')
    writeFileSync(file, JSON.stringify(withPoolSize(readService(), 55)))
    const { status, pools, output } = await publish(file)
    expect({ status, pools }, output).toEqual({ status: 0, pools: [55, 55] })
    expect(output).toMatch(/checkout\/canary: publish on top of 1-[0-9a-f]{8}:1$/m)
    expect(output).toMatch(/checkout\/prod: publish on top of 1-[0-9a-f]{8}:1$/m)
  })

  test('publishes after a rollback as well', async () => {
    const file = join(temporaryFolder(), 'settings.json')
    writeFileSync(file, JSON.stringify(withPoolSize(readService(), 55)))
    const { status, pools, output } = await publish(file, { wentBack: true })
    expect({ status, pools }, output).toEqual({ status: 0, pools: [55, 55] })
  })

  test('goes back where a canary refuses the file, and publishes it nowhere else', async () => {
    const file = join(temporaryFolder(), 'settings.json')
    writeFileSync(file, JSON.stringify(withPoolSize(readService(), 55)))
    const { status, pools, output } = await publish(file, { mostConnections: 50 })
    expect({ status, pools }, output).toEqual({ status: 1, pools: [40, 40] })
    expect(output).toContain('not everybody runs it, going back')
    expect(output).not.toContain('checkout/prod: publish on top of')
  })

  test('publishes nothing anywhere when the file is bad', async () => {
    const { status, pools, output } = await publish(join(examples, 'configs/service-bad.yaml'))
    expect({ status, pools }, output).toEqual({ status: 3, pools: [40, 40] })
    expect(output).toContain('pool.size')
    expect(output).not.toContain('publish on top of')
  })
})
