import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { byFlags } from '../../../src/cli/by-flags.js'
import { commandLine, temporaryFolder, type Ran } from './command-line.js'

test('what the library says of its options is said of the flags', () => {
  expect(
    [
      'to publish it again, pass { readmit: "why it may come back" }',
      'a rollout is under way: wait for its end, abort it, or pass { supersede: true } to replace it',
      'the floor is higher; or say why in { belowFloor }',
      'if the reports are wrong, pass { ignoreReports: true } (--ignore-reports)',
      'name it: noticeboard rollback --to VERSION, or { to }',
      'wait until it has heard the fleet, or publish with everyone(), or with timed() where clients cannot report',
      'start a controller, or pass { drive: true } and iterate the rollout',
      'start a controller, or iterate the rollout with { drive: true } (noticeboard rollout show checkout/prod --wait=watched)',
      'checkout/prod is not at version 3 alone, since a rollout is under way (pass { ifPosition }): look',
      'publish(): readmit must be the reason, as a string',
      'publish(): activateAt is in the past',
      'activateAt is too early: name a later time, or publish with everyone()',
      'prune(): keepReleases must be a whole number from 1',
      'staged(): the last stage must be "all"',
      'promote(): to must be a stage of the rollout of checkout/prod; the stages are 1 (1 client), 2 (all)',
      'staged(): a stage must be a number of clients, a share such as "10%", { labels }, { clients }, or "all"',
      'createController(): name must be one line',
      'trustedProxies must be addresses or networks',
      'compare(): mostClients must be a whole number from 1 to 10,000',
      'webhook(): url must be an address without a user name or password; pass { token } or { headers }',
      'adaptivePullModel(): leastMs must not be more than mostMs',
    ].map(byFlags),
  ).toEqual([
    'to publish it again, pass --readmit "why it may come back"',
    'a rollout is under way: wait for its end, abort it, or pass --supersede to replace it',
    'the floor is higher; or say why with --below-floor "…"',
    'if the reports are wrong, pass --ignore-reports',
    'name it: noticeboard rollback --to VERSION',
    'wait until it has heard the fleet, or publish with --everyone, or with --timed where clients cannot report',
    'start a controller, or wait here with --wait=completed',
    'start a controller, or noticeboard rollout show checkout/prod --wait=watched',
    'checkout/prod is not at version 3 alone, since a rollout is under way (pass --if-position instead): look',
    '--readmit must be the reason, as a string',
    '--activate-at is in the past',
    '--activate-at is too early: name a later time, or publish with --everyone',
    '--keep-releases must be a whole number from 1',
    '--stages: the last stage must be "all"',
    '--to must be a stage of the rollout of checkout/prod; the stages are 1 (1 client), 2 (all)',
    '--stages: a stage must be a number of clients, a share such as "10%" or "all"',
    '--name must be one line',
    '--trusted-proxy must be addresses or networks',
    '--most must be a whole number from 1 to 10,000',
    '--webhook must be an address without a user name or password; give a token by --webhook-token-file FILE',
    '--model adaptive: least must not be more than most',
  ])
})

test('what is not ours stays as it is', () => {
  const text = 'gate shop-health is red: { code: 503 } of everyone() is what it answered'
  expect(byFlags(text)).toBe(text)
})

/** Messages with words of the library that the command line never gets to say, each with why. */
const NOT_TYPED: readonly string[] = [
  // It hands in its own store, schema, patch and names, and checks what is typed first.
  'assertGates', 'createPublisher', 'kill() needs', 'forget() needs', 'forget():', 'readmit() needs',
  'store must be a store', 'createController(): store', 'cannot list its namespaces',
  'rollout(', 'history(', 'current(', 'read(', 'follow(', 'diff(', 'a variant',
  // Only code plans these: a configuration file, which is what the message is about.
  'gates must be a list of { name, check }', 'listeners must be a list of { name, hear }', 'rollout must be a policy', 'policies must be a list of policies', 'must answer at once',
  'as toISOString() makes it', 'threw in', 'the plan takes more than', 'decideStaged()',
  // It has no mirrors.
  'use timed(), which goes by the clock, everyone()', 'a mirror is behind', 'longer steps', 'publish it with everyone(), which needs',
  // The option's own name is put in, and is a flag then.
  'publish(): … must be the reason',
  // A time is read from a flag that says itself how it is written; steps by the clock have their
  // usual length.
  'timed(): everyMs',
  'activateAt must be a valid Date',
] // prettier-ignore

test('no hint of the library that reaches the command line names an option that nobody can type', async () => {
  const folders = ['publisher', 'rollouts', 'controller', 'transports/http', 'transports/fetch']
  const named: string[] = []
  for (const folder of folders)
    for (const file of await readdir(`src/${folder}`, { recursive: true }))
      if (file.endsWith('.ts')) named.push(...textsOf(await readFile(join('src', folder, file), 'utf8')))
  expect(named.length).toBeGreaterThan(100)
  const untyped = named
    .filter(text => !NOT_TYPED.some(part => text.includes(part)))
    .map(byFlags)
    .filter(
      text => / /.test(text) && (/\{ ?[a-z]\w*(?:: [^}]*)? \}/.test(text) || /\w\(\)|\w\(\{/.test(text)),
    )
  expect(untyped).toEqual([])
})

/** The texts of a module for people, with `…` for what is put in. */
function textsOf(source: string): readonly string[] {
  return source
    .split('\n')
    .filter(line => !/^\s*(?:\*|\/\/|\/\*|import |export (?:type )?\{)/.test(line))
    .flatMap(line => [...line.matchAll(/'((?:[^'\\]|\\.)*)'|`((?:[^`\\]|\\.)*)`/g)])
    .map(([, plain, filled]) => (plain ?? filled ?? '').replace(/\$\{[^}]*\}/g, '…'))
    .filter(text => text.includes(' '))
}

test('a document that was withdrawn, and options that make no sense, are told by flags, also as JSON', async () => {
  const cwd = await temporaryFolder()
  const nb = (...args: readonly string[]): Promise<Ran> =>
    commandLine(args, { cwd, env: { NOTICEBOARD_NAMESPACE: 'checkout/prod' } })
  const publish = (text: string, ...more: readonly string[]): Promise<Ran> =>
    commandLine(
      ['publish', '-', '--board', 'board', '--create', '--everyone', '--reason', 'a test', ...more],
      { cwd, stdin: text, env: { NOTICEBOARD_NAMESPACE: 'checkout/prod' } },
    )
  await publish('{"pool":1}')
  await publish('{"pool":2}')
  await nb('rollback', '--board', 'board', '--reason', 'a test')
  const withdrawn = await publish('{"pool":2}')
  expect(withdrawn.stderr).toContain('pass --readmit "why it may come back"')
  expect(withdrawn.stderr.match(/--readmit/g)).toHaveLength(1)
  expect((await publish('{"pool":2}', '--json')).error?.message).toContain(
    'pass --readmit "why it may come back"',
  )
  const stages = ['publish', '-', '--board', 'board', '--reason', 'a test', '--stages', 'some,all']
  const refused = await commandLine(stages, {
    cwd,
    stdin: '{"pool":3}',
    env: { NOTICEBOARD_NAMESPACE: 'checkout/prod' },
  })
  expect(refused.stderr).toContain(
    '--stages: a stage must be a number of clients, a share such as "10%" or "all"',
  )
  const address = await commandLine(['status', '--url', 'http://ada:secret@board.test'], { cwd })
  expect(address.stderr).toContain('give a token by --token-file FILE or NOTICEBOARD_TOKEN')
  expect(address.stderr).not.toMatch(/\{|secret/)
})
