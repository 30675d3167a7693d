import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { createClient, type Client } from '../../../src/client/index.js'
import { staged } from '../../../src/rollouts/index.js'
import { push } from '../../../src/strategies/index.js'
import { http } from '../../../src/transports/http/index.js'
import { commandLine, temporaryFolder, type Ran } from '../../unit/cli/command-line.js'
import { NAMESPACE, served } from '../../unit/cli/served.js'

// A server as `noticeboard serve` runs it, real clients over HTTP that have only just come, and the
// command that waits: what anybody does in the first five minutes.

const PATIENCE_MS = 120_000
/** Every client refuses it; the publisher does not. */
const REFUSED = 6_660_666_077
/** The last client refuses it. */
const REFUSED_BY_ONE = 6_670_667_077
/** No client decides about it before the command that waits has seen that it is under way. */
const SLOW = 2
const SLOW_REFUSED = 6_680_668_077
const SECONDS = { reportMs: 1_000, spreadMs: 100, bakeMs: 600_000 } as const

const schema = z.object({ pool: z.number().int() })

interface Place {
  readonly clients: readonly Client<{ pool: number }>[]
  /**
   * Publishes a document, or asks for another step, and waits: the JSON that it prints, and how it
   * ended.
   */
  run(pool: number, ...args: readonly string[]): Promise<Ran & { readonly told: Record<string, unknown> }>
}

async function startPlace(count: number, { isFirst = false } = {}): Promise<Place> {
  const cwd = await temporaryFolder()
  // The configuration file is code, so that it may hold a policy; what it holds is this test's.
  const held = `waitTest${cwd.replace(/\W/g, '')}`
  Object.assign(globalThis, { [held]: { rollout: staged({ ...SECONDS, stages: [1, 'all'] }) } })
  onTestFinished(() => void delete (globalThis as Record<string, unknown>)[held])
  const { url, noticeboard, publish } = await served({ cwd })
  if (!isFirst) expect((await publish(1)).status).toBe(0)
  await writeFile(join(cwd, 'noticeboard.config.mjs'), `export default globalThis[${JSON.stringify(held)}]\n`)
  let open = (): void => {}
  const opened = new Promise<void>(resolve => (open = resolve))
  const clients = Array.from({ length: count }, (_, index) => {
    const client = createClient({
      namespace: NAMESPACE,
      schema,
      clientId: `web-${index + 1}`,
      strategy: push(http(url)),
      reports: { batchMs: 20 },
      validators: [
        {
          name: 'luck',
          async validate({ pool }) {
            if (pool === SLOW || pool === SLOW_REFUSED) await opened
            const refuses =
              pool === REFUSED || pool === SLOW_REFUSED || (pool === REFUSED_BY_ONE && index === count - 1)
            return refuses ? [{ path: 'pool', message: 'brings bad luck' }] : []
          },
        },
      ],
    })
    onTestFinished(() => client.close())
    // A first release that it refuses leaves it with nothing, which is what is tried.
    client.ready({ timeoutMs: PATIENCE_MS }).catch(() => {})
    return client
  })
  await eventually(async () => {
    const { stdout } = await noticeboard('status', '-n', NAMESPACE, '--json')
    const { counts } = JSON.parse(stdout).fleet ?? {}
    return isFirst || (counts !== undefined && counts.current === count)
  })
  return {
    clients,
    async run(pool, ...args) {
      await writeFile(join(cwd, 'next.json'), JSON.stringify({ pool }))
      const env = {
        NOTICEBOARD_URL: url,
        NOTICEBOARD_TOKEN: (await readFile(join(cwd, 'board/private/token'), 'utf8')).trim(),
      }
      const ran = await commandLine([...args, '-n', NAMESPACE, '--json'], {
        cwd,
        env,
        onAside(text) {
          if (/: 0 of \d+ clients run it/.test(text)) open()
        },
      })
      return { ...ran, told: JSON.parse(ran.stdout.trim().split('\n').at(-1) || '{}') }
    },
  }
}

async function eventually(holds: () => Promise<boolean>): Promise<void> {
  for (let left = 400; !(await holds()); left -= 1) {
    if (left === 0) throw new Error('not within 400 looks')
    await sleep(50)
  }
}

const publish = ['publish', 'next.json', '--reason', 'more load'] as const
const namesOf = (told: Record<string, unknown>): readonly string[] =>
  (told['reach'] as { refusals: { clientId: string }[] }).refusals.map(({ clientId }) => clientId).toSorted()

test.each([1, 2, 20])(
  '%i real clients that refuse what goes to everyone: 10, and each is named',
  async count => {
    const { run, clients } = await startPlace(count)
    const { status, told, stderr } = await run(REFUSED, ...publish, '--everyone', '--wait=completed')
    expect([status, told['end'], told['applied']]).toEqual([10, 'refused', 0])
    expect(namesOf(told)).toEqual(clients.map((_, index) => `web-${index + 1}`).toSorted())
    expect(stderr).toContain('  web-1: rejected invalid-document pool (luck)')
    expect(stderr + JSON.stringify(told)).not.toContain(String(REFUSED))
  },
  PATIENCE_MS,
)

test.each([1, 2, 20])(
  '%i real clients that refuse the first release: 10',
  async count => {
    const { run } = await startPlace(count, { isFirst: true })
    const { status, told } = await run(REFUSED, ...publish, '--wait=completed')
    expect([status, told['end']]).toEqual([10, 'refused'])
  },
  PATIENCE_MS,
)

test.each([1, 2])(
  '%i real clients, watched at once: left with 0 when all of them run it, and not before',
  async count => {
    const { run, clients } = await startPlace(count)
    const { status, told } = await run(SLOW, ...publish, '--wait=completed')
    expect([status, told['end'], told['applied']]).toEqual([0, 'passed', count])
    expect(clients.map(({ current }) => current.pool)).toEqual(clients.map(() => SLOW))
  },
  PATIENCE_MS,
)

test.each([1, 2])(
  '%i real clients that refuse it, watched at once: never with 0',
  async count => {
    const { run } = await startPlace(count)
    const { status } = await run(SLOW_REFUSED, ...publish, '--wait=completed')
    // Taken back where they were heard for long enough to be evidence, else refused.
    expect([6, 10]).toContain(status)
  },
  PATIENCE_MS,
)

test(
  'twenty real clients after a promote: 0 when all of them run it, and 10 where one refuses it',
  async () => {
    const { run, clients } = await startPlace(20)
    const promote = async (pool: number): Promise<Awaited<ReturnType<Place['run']>>> => {
      await eventually(async () => (await run(pool, ...publish, '--dry-run')).status === 0)
      expect((await run(pool, ...publish)).status).toBe(0)
      expect((await run(pool, 'rollout', 'promote', '--reason', 'it fixes the outage')).status).toBe(0)
      return run(pool, 'rollout', 'show', '--wait=completed')
    }
    const good = await promote(SLOW)
    expect([good.status, good.told['applied']]).toEqual([0, 20])
    expect(new Set(clients.map(({ current }) => current.pool))).toEqual(new Set([SLOW]))
    const bad = await promote(REFUSED_BY_ONE)
    expect([bad.status, bad.told['applied'], namesOf(bad.told)]).toEqual([10, 19, ['web-20']])
  },
  PATIENCE_MS,
)
