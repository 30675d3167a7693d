import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { commentOf, postComment } from '../../../examples/ci/pull-request-comment.mjs'
import { answering, receiver } from '../../support/receiver.js'
import { rolloutDesk } from '../../unit/cli/rollout-desk.js'

const program = fileURLToPath(new URL('../../../examples/ci/pull-request-comment.mjs', import.meta.url))

/** Runs the program with the output of a command. */
async function run(output: string, env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [program], { env })
  child.stdin.end(output)
  const [status, stderr] = await Promise.all([
    new Promise<number | null>(resolve => child.once('close', resolve)),
    text(child.stderr),
  ])
  return { status, stderr }
}

const envOf = (url: string) => ({
  COMMENT_API_URL: `${url}/api/v1/`,
  COMMENT_REPOSITORY: 'shop/config',
  COMMENT_NUMBER: '42',
  COMMENT_TOKEN: 'token-of-the-job',
})

test('a rollout that was taken back becomes a comment that names who refused it', async () => {
  const { nb } = await rolloutDesk({ effect: 'rejected' })
  const { stdout, stderr } = await nb([
    'publish',
    'next.json',
    '--reason',
    'more',
    '--wait=completed',
    '--json',
  ])
  const { url, requests } = await receiver()
  expect(await run(stderr + stdout, envOf(url))).toEqual({ status: 0, stderr: '' })
  expect(requests).toMatchObject([
    {
      method: 'POST',
      url: '/api/v1/repos/shop/config/issues/42/comments',
      headers: { authorization: 'Bearer token-of-the-job', 'content-type': 'application/json' },
    },
  ])
  const { body } = JSON.parse(requests[0]?.body ?? '') as { readonly body: string }
  expect(body).toMatch(/^The change of `checkout\/prod` was rolled back, stage 1 of 4\.$/m)
  expect(body).toMatch(/^1 rejected /m)
  expect(body).toMatch(/^- `client-\d+`: rejected$/m)
}, 60_000)

test('a rollout that arrives, and one that is refused before it begins, are told too', async () => {
  const { nb } = await rolloutDesk({ clients: 2 })
  const publish = ['publish', 'next.json', '--reason', 'more', '--json'] as const
  const arrived = await nb([...publish, '--wait=completed'])
  expect(commentOf(arrived.stderr + arrived.stdout)).toMatch(
    /^The change of `checkout\/prod` has arrived, stage/,
  )
  const refused = await nb([...publish, '--if-version', '9', '--wait=completed'])
  expect(commentOf(refused.stderr + refused.stdout)).toMatch(/^The change was not published \(`conflict`\)/)
  expect(commentOf('it crashed')).toBe('The change was not published: the log of the job says why.')
}, 60_000)

test('code and path of a refusal are named, and words of clients format nothing', () => {
  const refusals = [
    {
      clientId: 'web-1`@everyone',
      kind: 'rejected',
      code: 'invalid-document',
      path: 'pool.size',
      validator: 'schema',
    },
    ...Array.from({ length: 30 }, (_, index) => ({
      clientId: `web-${index + 2}`,
      kind: 'vetoed',
      code: 'vetoed',
    })),
  ]
  const comment = commentOf(
    JSON.stringify({
      namespace: 'checkout/prod',
      end: 'refused',
      stage: 0,
      of: 1,
      why: ['```@all'],
      reach: { refusals },
    }),
  )
  expect(comment.split('\n')).toEqual([
    'The change of `checkout/prod` was refused by clients, and nothing took it back, stage 1 of 1.',
    '',
    '```text',
    ' @all',
    '```',
    '',
    '- `web-1 @everyone`: rejected, `invalid-document`, `pool.size`, `schema`',
    ...Array.from({ length: 19 }, (_, index) => `- \`web-${index + 2}\`: vetoed`),
    '- and 11 more',
  ])
  const issues = [{ path: 'pool.size', message: 'must be a number' }]
  const error = { code: 'invalid-document', message: 'the document is not valid', issues }
  expect(commentOf(JSON.stringify({ error }))).toContain('- `pool.size`: `must be a number`')
})

test('a comment that is refused, and a variable that is missing, end it with a message that holds no token', async () => {
  const { url } = await receiver(answering(403))
  const refused = await run('', envOf(url))
  expect([refused.status, refused.stderr]).toEqual([
    1,
    expect.stringContaining('the comment was answered with 403'),
  ])
  expect(refused.stderr).not.toContain('token-of-the-job')
  await expect(postComment('hello', {})).rejects.toThrow('the variable COMMENT_API_URL is missing')
  const odd = { ...envOf(url), COMMENT_REPOSITORY: '../admin' }
  await expect(postComment('hello', odd)).rejects.toThrow(
    'the variable COMMENT_REPOSITORY is not of its form',
  )
})
