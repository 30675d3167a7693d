import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { anything } from '../../../src/core/schema/anything.js'
import { fileStore } from '../../../src/node/index.js'
import { createPublisher, everyone, type RolloutMove } from '../../../src/publisher/index.js'
import { timed } from '../../../src/rollouts/index.js'
import { receiver, type Receiver } from '../../support/receiver.js'
import { commandLine, temporaryFolder, type Ran } from './command-line.js'
import { served } from './served.js'

const namespace = 'checkout/prod'

/** A folder with a board whose rollout was begun and aborted while no controller ran. */
async function boardWithStory(): Promise<string> {
  const cwd = await temporaryFolder()
  const store = fileStore(join(cwd, 'board'))
  const publisher = createPublisher({ namespace, schema: anything, store })
  await publisher.publish({ pool: 1 }, { rollout: everyone(), reason: 'the first' })
  const rollout = timed({ steps: 2, everyMs: 600_000 })
  await publisher.publish({ pool: 2 }, { rollout, drive: true, reason: 'more load' })
  await publisher.abort({ reason: 'it loses orders' })
  await publisher.close()
  await store.close()
  return cwd
}

/** Runs a command that lasts, until the test ends. */
function start(cwd: string, args: readonly string[]): { readonly said: () => string } {
  const stopping = new AbortController()
  let said = ''
  const keep = (text: string): void => void (said += text)
  const ended = commandLine(args, { cwd, signal: stopping.signal, onAside: keep, onData: keep })
  onTestFinished(async () => {
    stopping.abort()
    await ended
  })
  return { said: () => said }
}

const eventsAt = ({ requests }: Receiver): readonly string[] =>
  requests.map(({ body }) => (JSON.parse(body) as RolloutMove).event)

test.each([
  ['controller', []],
  ['serve', ['--port', '0']],
] as const)(
  'noticeboard %s tells webhooks, each with its own token',
  async (command, more) => {
    const cwd = await boardWithStory()
    const [one, other] = [await receiver(), await receiver()]
    await writeFile(join(cwd, 'one'), 'token-one\n')
    await writeFile(join(cwd, 'other'), 'token-other\n')
    const webhooks = [`--webhook=${one.url}/a`, `--webhook=${other.url}/b`]
    const tokens = ['--webhook-token-file=one', '--webhook-token-file=other']
    start(cwd, [command, '--board', 'board', ...more, ...webhooks, ...tokens])
    for (const hook of [one, other])
      await expect.poll(() => eventsAt(hook), { timeout: 10_000 }).toEqual(['begun', 'rolled-back'])
    const bearers = [one, other].map(({ requests }) => requests[0]?.headers.authorization)
    expect(bearers).toEqual(['Bearer token-one', 'Bearer token-other'])
  },
  30_000,
)

test('a controller beside a server tells what it reads over HTTP', async () => {
  const cwd = await boardWithStory()
  const { url } = await served({ cwd, options: ['--no-controller'] })
  const hook = await receiver()
  start(cwd, ['controller', '--url', url, '--token-file', 'board/private/token', '--webhook', hook.url])
  await expect.poll(() => eventsAt(hook), { timeout: 10_000 }).toEqual(['begun', 'rolled-back'])
  expect(JSON.parse(hook.requests[1]?.body ?? '')).toMatchObject({ reason: 'it loses orders' })
}, 30_000)

test('a webhook is told of a rollout as rollout show has it', async () => {
  const cwd = await boardWithStory()
  const hook = await receiver()
  start(cwd, ['controller', '--board', 'board', '--webhook', hook.url])
  await expect.poll(() => eventsAt(hook), { timeout: 10_000 }).toEqual(['begun', 'rolled-back'])
  const shown = await commandLine(['rollout', 'show', namespace, '--board', 'board', '--json'], { cwd })
  const { rollout, story } = JSON.parse(shown.stdout)
  const [begun, ended] = hook.requests.map(({ body }) => JSON.parse(body) as RolloutMove)
  expect(ended?.rollout).toEqual(rollout)
  expect([begun, ended]).toMatchObject(story)
}, 30_000)

test('listeners of the configuration file are told beside a webhook', async () => {
  const cwd = await boardWithStory()
  const hook = await receiver()
  await writeFile(
    join(cwd, 'noticeboard.config.mjs'),
    `import { appendFile } from 'node:fs/promises'
    const hear = ({ event }) => appendFile(${JSON.stringify(join(cwd, 'heard'))}, event + '\\n')
    export default { listeners: [{ name: 'file', hear }] }`,
  )
  start(cwd, ['controller', '--board', 'board', '--webhook', hook.url])
  await expect.poll(() => eventsAt(hook), { timeout: 10_000 }).toEqual(['begun', 'rolled-back'])
  await expect.poll(() => readFile(join(cwd, 'heard'), 'utf8').catch(() => '')).toBe('begun\nrolled-back\n')
}, 30_000)

test('a webhook that does not take it is told on stderr, without its path', async () => {
  const cwd = await boardWithStory()
  const hook = await receiver(response => void response.writeHead(403).end())
  const { said } = start(cwd, ['controller', '--board', 'board', '--webhook', `${hook.url}/path-secret`])
  await expect.poll(said, { timeout: 10_000 }).toContain(`webhook ${hook.url} answered 403`)
  expect(said()).not.toContain('secret')
}, 30_000)

test('a token that cannot be read is named by its file', async () => {
  const cwd = await temporaryFolder()
  const hook = ['--webhook', 'https://hooks.internal', '--webhook-token-file', 'nowhere']
  const { stderr } = await commandLine(['controller', '--board', 'board', ...hook], { cwd })
  expect(stderr).toMatch(/the token file \S*nowhere cannot be read/)
})

test('what cannot be a webhook is refused before anything is opened', async () => {
  const cwd = await temporaryFolder()
  await writeFile(join(cwd, 'empty'), '\n')
  const nb = (...args: readonly string[]): Promise<Ran> => commandLine(args, { cwd })
  const controller = ['controller', '--board', 'board', '--webhook'] as const
  for (const [ran, says] of [
    [await nb(...controller, 'hooks.internal'), '--webhook must be an absolute address'],
    [
      await nb(...controller, 'https://ada:secret@hooks.internal'),
      'give a token by --webhook-token-file FILE',
    ],
    [
      await nb(...controller, 'https://hooks.internal', '--webhook-token-file=a', '--webhook-token-file=b'),
      'give --webhook-token-file once for each --webhook',
    ],
    [await nb(...controller, 'https://hooks.internal', '--webhook-token-file', 'empty'), 'is empty'],
    [
      await nb('serve', '--board', 'board', '--no-controller', '--webhook', 'https://hooks.internal'),
      '--webhook needs the controller of the server',
    ],
    [
      await nb('serve', '--board', 'board', '--read-only', '--webhook', 'https://hooks.internal'),
      '--webhook needs the controller of the server',
    ],
  ] as const) {
    expect([ran.status, ran.stderr]).toEqual([2, expect.stringContaining(says)])
    expect(ran.stderr).not.toContain('secret')
  }
})
