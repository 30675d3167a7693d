import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { root } from '../../../scripts/entry-points.js'
import type { Gate, RolloutPolicy } from '../../../src/publisher/index.js'
import { everyone } from '../../../src/publisher/index.js'
import {
  audienceOf,
  inAudience,
  membersOf,
  staged,
  timed,
  type StagedOptions,
} from '../../../src/rollouts/index.js'
import { PERIODS, rolloutDesk, screenOf } from './rollout-desk.js'

// Each of these is some minutes of a fleet in virtual time, which is seconds of work: a busy
// machine takes a minute for that.
vi.setConfig({ testTimeout: 300_000 })

const publish = ['publish', 'next.json', '--reason', 'more load'] as const

/** A policy of one's own, which begins as `staged()` does. */
function hoursPolicy(more: Partial<RolloutPolicy> = {}): RolloutPolicy {
  const own = staged(PERIODS)
  return {
    ...own,
    type: 'hours',
    start(input) {
      const first = own.start(input)
      return first.type === 'stage' ? { ...first, plan: { type: 'hours', version: 1 } } : first
    },
    ...more,
  }
}

describe('who publishes and leaves', () => {
  test('is told which controllers move the rollout on, in JSON as well, and the same when it asks again', async () => {
    const { nb, controller, clock } = await rolloutDesk()
    controller()
    await clock.advance(60_000)
    const ran = await nb(publish)
    expect([ran.status, ran.stdout]).toEqual([
      0,
      expect.stringMatching(
        /^published checkout\/prod .*, running, stage 1 of 4\nmoved on by: the server’s\n/,
      ),
    ])
    const again = await nb([...publish, '--json'])
    expect(JSON.parse(again.stdout)).toMatchObject({
      outcome: 'unchanged',
      state: 'running',
      stage: 0,
      of: 4,
      controllers: ['the server’s'],
    })
    const next = await nb([...publish, '--supersede', '--everyone', '--json'])
    expect(JSON.parse(next.stdout)).not.toHaveProperty('controllers')
  })

  test('sees that nothing moves on what it drives itself', async () => {
    const { nb } = await rolloutDesk()
    const { stdout } = await nb([...publish, '--wait=stage'])
    expect(stdout).not.toContain('moved on by')
  })
})

test('where nobody can rehearse, the publish is refused with 3 before anything is appended', async () => {
  const stages = [{ clients: ['nobody'] }, 'all'] as const
  const { nb, releases } = await rolloutDesk({
    config: { rollout: staged({ ...PERIODS, stages, rehearse: true }) },
  })
  const ran = await nb([...publish, '--wait=completed', '--json'])
  expect([ran.status, ran.error?.code, ran.stdout]).toEqual([3, 'unsupported', ''])
  expect(await releases()).toHaveLength(1)
})

describe('who publishes and waits', () => {
  test('sees a bar a stage on a terminal, drawn again while the stage lasts, and leaves with 0 once all have it', async () => {
    const { nb } = await rolloutDesk()
    const ran = await nb([...publish, '--wait=completed'], { terminal: true, columns: 100 })
    expect(ran.status).toBe(0)
    const screen = screenOf(ran.stderr)
    const bars = screen.filter(line => line.startsWith('['))
    expect(
      bars.map(line => /stage \d of 4, \w+: \d+ of \d+ (?:exposed|clients) run it/.exec(line)?.[0]),
    ).toEqual([
      'stage 1 of 4, running: 1 of 1 exposed run it',
      'stage 2 of 4, running: 3 of 3 exposed run it',
      'stage 3 of 4, running: 10 of 10 exposed run it',
      'stage 4 of 4, running: 20 of 20 exposed run it',
      'stage 4 of 4, watching: 20 of 20 clients run it',
    ])
    // A line that were longer than the terminal would not be drawn over.
    expect(Math.max(...screen.filter(line => line.startsWith('[')).map(line => line.length))).toBeLessThan(
      100,
    )
    expect(ran.stdout.split('\n').at(-2)).toMatch(/^checkout\/prod: passed; stage 4 of 4, watching: 20 of 20/)
  })

  test('gets plain lines without a terminal, one when something changed, and nothing that moves a cursor', async () => {
    const { nb } = await rolloutDesk()
    const ran = await nb([...publish, '--wait=watched'])
    expect(ran.status).toBe(0)
    expect(ran.stderr).not.toMatch(/[\r\u001b]/)
    const stages = ran.stderr.split('\n').filter(line => line.startsWith('stage '))
    expect(new Set(stages).size).toBe(stages.length)
    expect([...new Set(stages.map(line => line.split(':')[0]))]).toEqual([
      'stage 1 of 4, running',
      'stage 2 of 4, running',
      'stage 3 of 4, running',
      'stage 4 of 4, running',
      'stage 4 of 4, watching',
      'stage 4 of 4, completed',
    ])
  })

  test('for the stage at hand leaves with 0 when it has passed, and is told that nothing moves the rollout on', async () => {
    const { nb, releases, clock } = await rolloutDesk()
    const ran = await nb([...publish, '--wait=stage'])
    expect([ran.status, ran.stdout]).toEqual([0, expect.stringContaining('stage 2 of 4, running')])
    expect(ran.stderr).toContain(
      'no controller that could move the rollout on is heard in checkout/prod, so nothing takes it further from here: start noticeboard controller, or',
    )
    const before = await releases()
    await clock.advance(10 * PERIODS.bakeMs)
    expect(await releases()).toEqual(before)
  })

  test('sees the way back rehearsed as a stage of its own, and waits for all of it', async () => {
    const rollout = staged({ ...PERIODS, stages: [1, 'all'], rehearse: true })
    const { nb, releases } = await rolloutDesk({ config: { rollout } })
    const ran = await nb([...publish, '--wait=stage'])
    expect([ran.status, ran.stdout]).toEqual([0, expect.stringContaining('stage 1 of 2, running')])
    const said = ran.stderr
      .split('\n')
      .flatMap(line => /^stage \d of 2[^:]*(?:: \w+)?(?=, running)/.exec(line) ?? [])
    expect([...new Set(said)]).toEqual([
      'stage 0 of 2, the way back is rehearsed: forward',
      'stage 0 of 2, the way back is rehearsed: back',
      'stage 0 of 2, the way back is rehearsed: again',
      'stage 1 of 2',
    ])
    expect(await releases()).toHaveLength(5)
    const shown = await nb(['rollout', 'show'])
    expect(shown.stdout.split('\n').filter(line => / retreat /.test(line))).toEqual([
      expect.stringMatching(/ running +0 /),
    ])
  })

  test('leaves with 6 when it was rolled back, and the reason is on stdout as JSON', async () => {
    const { nb } = await rolloutDesk({ effect: 'rejected' })
    const ran = await nb([...publish, '--wait=completed', '--json'])
    expect(ran.status).toBe(6)
    const lines = ran.stdout.trim().split('\n')
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      namespace: 'checkout/prod',
      end: 'rolled-back',
      state: 'rolled-back',
      verdict: 'bad',
      why: expect.arrayContaining([expect.stringMatching(/^rolled back: 1 rejected/)]),
    })
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      evidence: { step: 'roll-back', exceptions: [{ kind: 'rejected', clientId: expect.any(String) }] },
    })
  })

  test('is told which clients a rollback rests on', async () => {
    const { nb } = await rolloutDesk({ effect: 'rejected' })
    const ran = await nb([...publish, '--wait=completed'])
    expect([ran.status, ran.stderr]).toEqual([6, expect.stringMatching(/^ {2}client-\d+: rejected$/m)])
  })

  test('leaves with 7 when somebody pauses it, and is told how it goes on', async () => {
    const { nb, publisher } = await rolloutDesk()
    const ran = await nb([...publish, '--wait=completed'], {
      during: { says: 'stage 1 of 4, running', do: () => publisher.pause({ reason: 'the sale begins' }) },
    })
    expect([ran.status, ran.stdout]).toEqual([
      7,
      expect.stringContaining('checkout/prod: paused; stage 1 of 4: '),
    ])
    expect(ran.stderr).toContain('noticeboard rollout resume checkout/prod')
  })

  const gated = (check: Gate['check']) => {
    const gate = { name: 'latency', onBad: 'pause' as const }
    return { gates: [{ ...gate, check }], rollout: staged({ ...PERIODS, gates: [gate] }) }
  }

  test('leaves with 7 when its policy has held it up for a minute, and the JSON says why', async () => {
    let asked = 0
    const check = () =>
      (asked += 1) === 1 ? ('good' as const) : { verdict: 'bad' as const, why: 'p99 is 2 s' }
    const { nb, releases } = await rolloutDesk({ config: gated(check) })
    const ran = await nb([...publish, '--wait=completed', '--json'])
    expect(ran.status).toBe(7)
    expect(JSON.parse(ran.stdout)).toMatchObject({
      end: 'paused',
      state: 'running',
      isPaused: true,
      why: expect.arrayContaining(['gate latency is red: p99 is 2 s']),
    })
    // An automatic pause appends nothing: it ends by itself.
    expect(await releases()).toHaveLength(2)
  })

  test('stays while a gate is red for less than a minute', async () => {
    let asked = 0
    const check = () => ((asked += 1) > 5 && asked < 15 ? ('bad' as const) : ('good' as const))
    const { nb } = await rolloutDesk({ config: gated(check) })
    const ran = await nb([...publish, '--wait=completed'])
    expect(ran.stderr).toContain('gate latency is red')
    expect(ran.status).toBe(0)
  })

  test('is sent to no token where a gate is red before it begins', async () => {
    const { nb, releases } = await rolloutDesk({
      config: gated(() => ({ verdict: 'bad', why: 'p99 is 2 s' })),
    })
    const ran = await nb([...publish, '--wait=completed'])
    expect([ran.status, ran.stderr]).toEqual([
      3,
      expect.stringContaining('checkout/prod: the rollout does not start: gate latency is red: p99 is 2 s'),
    ])
    expect(ran.stderr).not.toContain('token')
    expect(await releases()).toHaveLength(1)
  })

  test('leaves with 8 when time is up', async () => {
    const { nb } = await rolloutDesk()
    const ran = await nb([...publish, '--wait=completed', '--timeout', '30', '--json'])
    expect(ran.status).toBe(8)
    expect(JSON.parse(ran.stdout)).toMatchObject({ end: 'running', state: 'running', stage: 0 })
  })
})

test('who looks at a rollout that was taken back sees the version that it tried, and the evidence of its end', async () => {
  const { nb, clock } = await rolloutDesk({ effect: 'rejected' })
  await nb([...publish, '--wait=completed'])
  await clock.advance(20 * PERIODS.bakeMs)
  const { stdout } = await nb(['rollout', 'show'])
  const [head, ...lines] = stdout.split('\n')
  expect(head).toMatch(/^checkout\/prod: rollout \w+ of version 2 \w{12} is rolled-back$/)
  expect(lines[0]).toBe('  rolled-back, stage 1 of 4: bad')
  expect(lines[1]).toMatch(/^ {2}rolled back: 1 rejected in stage 1; /)
  expect(lines.filter(line => /^ {2}client-\d+: rejected$/.test(line))).toHaveLength(1)
})

describe('who looks at a rollout', () => {
  test('is told that nothing moves it on, and what it waits for', async () => {
    const { nb, clock, controller } = await rolloutDesk()
    await nb([...publish, '--wait=stage'])
    const alone = await nb(['rollout', 'show'])
    expect(alone.stdout).toContain('alarm rollout-orphaned: ')
    expect(alone.stdout).toContain(
      'has no controller that could move it on: none is heard; start noticeboard serve or noticeboard controller',
    )
    controller()
    await clock.advance(30_000)
    expect((await nb(['rollout', 'show'])).stdout).not.toContain('alarm')
  })

  test('of one or two clients is told that nobody watches it, as who published it and who waited are', async () => {
    const { nb, clock, controller } = await rolloutDesk({ clients: 2 })
    const says =
      'no controller that runs staged@1 is heard in checkout/prod, so nobody watches what all clients get now, and nothing takes it back by itself: start noticeboard serve or noticeboard controller, or noticeboard rollout show checkout/prod --wait=watched'
    const tried = await nb([...publish, '--dry-run', '--json'])
    expect(JSON.parse(tried.stdout)).toMatchObject({ notes: expect.arrayContaining([says]) })
    const left = await nb(publish)
    expect([left.status, left.stdout]).toEqual([0, expect.stringContaining(', watching, ')])
    expect(left.stderr).toContain(says)
    const waited = await nb(['rollout', 'show', '--wait=completed'])
    expect(waited.stderr).toMatch(
      /nobody watches it from here, .* rollout show checkout\/prod --wait=watched;/,
    )
    const alone = await nb(['rollout', 'show'])
    expect(alone.stdout).toContain(
      'has no controller that watches it and would take it back: none is heard; start noticeboard serve or noticeboard controller',
    )
    controller()
    await clock.advance(30_000)
    expect((await nb(['rollout', 'show'])).stdout).not.toContain('alarm')
  })

  test('is told what its policy is called and where to give it, where it is not known', async () => {
    const hours = hoursPolicy()
    const { nb, publisher, controller, clock } = await rolloutDesk()
    controller()
    await clock.advance(30_000)
    await publisher.publish({ pool: 2 }, { rollout: hours, drive: true, reason: 'more' })
    const { stdout } = await nb(['rollout', 'show'])
    expect(stdout).toContain('its policy hours@1 is not known here')
    expect(stdout).toContain('put the policy into `policies` of the noticeboard.config.mjs')
    expect(stdout).toContain('it waits for policy hours@1, which the one that is heard does not have')
  })

  test('sees it judged by a policy that the configuration file has in `policies`, gates or none', async () => {
    const hours = hoursPolicy({
      decide: ({ release: { rollout } }, { heard }) => ({
        type: 'pause',
        explanation: {
          rollout: rollout?.id ?? '',
          stage: 0,
          where: 'the first hour',
          verdict: 'unknown',
          why: ['the office opens at 9'],
          unknowns: [],
          counts: {},
          canSee: 'the clock',
          exceptions: [],
          omitted: 0,
          wouldChange: [],
          asOf: heard.asOf,
        },
      }),
    })
    const { nb, publisher } = await rolloutDesk({ config: { policies: [hours] } })
    await publisher.publish({ pool: 2 }, { rollout: hours, drive: true, reason: 'more' })
    const { stdout } = await nb(['rollout', 'show'])
    expect(stdout).toContain('the first hour: unknown\n  the office opens at 9\n')
    expect(stdout).not.toContain('is not known here')
    const [namespaces, one] = [
      await nb(['status', '--json'], { everywhere: true }),
      await nb(['status', '--json']),
    ]
    const { alarms } = JSON.parse(one.stdout)
    expect(JSON.parse(namespaces.stdout)).toEqual([expect.objectContaining({ alarms })])
  })
})

describe('status', () => {
  test('says which stage a rollout is in and how many of it run the document, in words and as JSON', async () => {
    const { nb } = await rolloutDesk()
    const before = await nb(['status'])
    expect([
      before.stdout.includes('stage'),
      'rollout' in JSON.parse((await nb(['status', '--json'])).stdout),
    ]).toEqual([false, false])
    await nb([...publish, '--wait=stage'])
    const { stdout } = await nb(['status'])
    expect(stdout).toMatch(/^in stages: version 2 .*\nstage 2 of 4, running: \d of 3 exposed run it$/m)
    const stage = { state: 'running', stage: 1, of: 4, exposed: 3, rejected: 0 }
    expect(JSON.parse((await nb(['status', '--json'])).stdout)).toMatchObject({ rollout: stage })
    const everywhere = await nb(['status', '--json'], { everywhere: true })
    expect(JSON.parse(everywhere.stdout)).toEqual([
      expect.objectContaining({ rollout: expect.objectContaining(stage) }),
    ])
    await nb(['rollout', 'pause', '--reason', 'to look at it'])
    expect((await nb(['status'])).stdout).toMatch(/^stage 2 of 4, paused: \d of 3 exposed run it$/m)
    await nb(['rollout', 'abort', '--reason', 'no more of it'])
    expect((await nb(['status'])).stdout).not.toContain('stage ')
  })

  test('says of a rehearsal that it is one', async () => {
    const { nb, controller } = await rolloutDesk()
    controller()
    await nb(['rollout', 'show'])
    await nb([...publish, '--rehearse', '--wait=stage', '--timeout', '5'])
    expect((await nb(['status'])).stdout).toMatch(
      /^stage 0 of 4, the way back is rehearsed: (?:forward|back|again), running: \d of 1 exposed run it$/m,
    )
  })
})

test('who takes a step of a rollout is told which, in words and as JSON', async () => {
  const { nb, releases } = await rolloutDesk()
  await nb([...publish, '--wait=stage'])
  const why = ['--reason', 'the sale begins'] as const
  const paused = await nb(['rollout', 'pause', ...why, '--json'])
  expect(JSON.parse(paused.stdout)).toMatchObject({ outcome: 'paused', state: 'paused', version: 2 })
  expect((await nb(['rollout', 'resume', ...why])).stdout).toMatch(
    /^resumed checkout\/prod version 2 \(.*:5\)/,
  )
  expect((await nb(['rollout', 'abort', ...why])).stdout).toMatch(
    /^aborted checkout\/prod from version 2 to version 1 \(.*:6\) .*rolled-back/,
  )
  expect(await releases()).toHaveLength(6)
})

test('who asks for what is so already is told how it stands, and that the reason is not kept', async () => {
  const { nb, releases } = await rolloutDesk()
  await nb([...publish, '--wait=stage'])
  const why = ['--reason', 'the sale begins'] as const
  const step = (name: string) => nb(['rollout', name, ...why])
  expect((await nb(publish)).stdout).toMatch(/^unchanged, under way already: .*, running, stage /)
  expect((await step('resume')).stdout).toMatch(/^unchanged, under way already: .*, running, stage /)
  await step('pause')
  const again = await step('pause')
  expect(again.stdout).toMatch(/^unchanged, paused already: /)
  expect(again.stderr).toContain('the reason is not kept')
  const patched = await nb(['kill', '--patch', '{}', ...why])
  expect(patched.stdout).toMatch(/^unchanged, the patch changes nothing: /)
  await step('retreat')
  expect((await step('retreat')).stdout).toMatch(/^unchanged, taken back already: /)
  await step('abort')
  const { length } = await releases()
  expect((await step('abort')).stdout).toMatch(/^unchanged, taken back already: /)
  expect(JSON.parse((await nb(['rollout', 'abort', ...why, '--json'])).stdout)).toMatchObject({
    outcome: 'unchanged',
    notes: ['nothing was appended, so the reason is not kept in the history'],
  })
  expect(await releases()).toHaveLength(length)
})

test('who kills is told that it is for everybody at once, and that the rollout stands', async () => {
  const { nb } = await rolloutDesk()
  await nb([...publish, '--wait=stage'])
  const why = ['--reason', 'it loses orders'] as const
  expect((await nb(['kill', '--patch', '{"b":1}', ...why])).stdout).toMatch(
    /^killed checkout\/prod version 4 \(.*\) \w+, for everybody at once; the rollout is paused, stage 2 of 4\n/,
  )
  const killed = await nb(['kill', '--patch', '{"b":2}', ...why, '--json'])
  expect(JSON.parse(killed.stdout)).toMatchObject({ outcome: 'killed', state: 'paused' })
})

test('who takes a rollout back or brings it to its end by the command line has done so', async () => {
  const { nb, releases } = await rolloutDesk()
  await nb([...publish, '--wait=stage'])
  const step = async (name: string) =>
    JSON.parse((await nb(['rollout', name, '--reason', 'the sale begins', '--json'])).stdout)
  expect(await step('retreat')).toMatchObject({ outcome: 'retreated', state: 'retreated' })
  expect((await releases()).at(-1)).not.toHaveProperty('candidate')
  await step('resume')
  expect(await step('promote')).toMatchObject({ outcome: 'promoted', state: 'watching', version: 2 })
  expect((await releases()).at(-1)).not.toHaveProperty('audience')
})

describe('who takes a rollout to a later stage', () => {
  const promote = (to: string, ...more: readonly string[]) => ['rollout', 'promote', '--to', to, '--reason', 'checked by hand', ...more] // prettier-ignore

  /** Version 2 in its first stage of four, which nothing moves on. */
  const begun = async (more: StagedOptions = {}) => {
    const desk = await rolloutDesk()
    const rollout = staged({ ...PERIODS, ...more })
    await desk.publisher.publish({ pool: 2 }, { rollout, drive: true, reason: 'more load' })
    return desk
  }

  test.each(['3', '50%', '50 %'])('by %s sees which it is, and whom it exposes', async to => {
    const { nb, releases } = await begun()
    const ran = await nb(promote(to))
    expect(ran.status).toBe(0)
    expect(ran.stdout).toMatch(/^promoted checkout\/prod version 2 .*, running, stage 3 of 4$/m)
    expect((await releases()).at(-1)?.rollout?.stageStart.exposed).toBe(10)
    const again = await nb(promote('4', '--json'))
    expect(JSON.parse(again.stdout)).toMatchObject({ outcome: 'promoted', state: 'running', stage: 3, skipped: [1] }) // prettier-ignore
  })

  test('reads in the story, the explanation and the JSON what was skipped, and why', async () => {
    const { nb } = await begun()
    await nb(promote('3', '--author', 'carol'))
    await nb(['rollout', 'pause', '--reason', 'to look at it'])
    const { stdout } = await nb(['rollout', 'show'])
    expect(stdout).toMatch(/^ {2}stage 2 was skipped by hand$/m)
    expect(stdout).toMatch(/ promote +running +3 +carol +checked by hand; stage 2 was skipped by hand$/m)
    expect(stdout).toMatch(/ pause +paused +3 +- +to look at it$/m)
    const { rollout, explanation, story } = JSON.parse((await nb(['rollout', 'show', '--json'])).stdout)
    expect(rollout.skipped).toEqual([1])
    expect(explanation.why).toContain('stage 2 was skipped by hand')
    expect(story.map((step: { skipped?: unknown }) => step.skipped)).toEqual([undefined, [1], undefined])
    await nb(['rollout', 'abort', '--reason', 'no more of it'])
    expect((await nb(['rollout', 'show', '--at', '2'])).stdout).toMatch(/checked by hand; stage 2 was skipped by hand$/m) // prettier-ignore
  })

  test.each([
    [{ gates: [{ name: 'latency' }] }, 'past the gates before the first stage'],
    [{ rehearse: true }, 'past the rehearsal of the way back'],
  ])('past what comes before the first stage, as of %j, reads that in the story', async (more, says) => {
    const { nb } = await begun(more)
    await nb(promote('1'))
    await nb(promote('3'))
    const lines = (await nb(['rollout', 'show'])).stdout.split('\n').filter(line => / promote /.test(line))
    expect(lines).toEqual([
      expect.stringMatching(new RegExp(` running +1 +checked by hand; ${says}$`)),
      expect.stringMatching(/ running +3 +checked by hand; stage 2 was skipped by hand$/),
    ])
  })

  test('is told which stages there are where that is none of them, or has been', async () => {
    const { nb, releases } = await begun()
    const there = 'the stages are 1 (1 client), 2 (10 %), 3 (50 %), 4 (all)'
    const none = await nb(promote('20%'))
    expect(none.status).toBe(2)
    expect(none.stderr).toContain(`--to must be a stage of the rollout of checkout/prod; ${there}`)
    await nb(promote('3'))
    const back = await nb(promote('2'))
    expect(back.status).toBe(4)
    expect(back.stderr).toContain(`is running in stage 3 already, and is promoted forward only; ${there}`)
    expect(await releases()).toHaveLength(3)
  })

  test('needs a reason, and takes no other step by a stage', async () => {
    const { nb } = await begun()
    expect((await nb(['rollout', 'promote', '--to', '3'])).stderr).toContain('say why')
    for (const verb of ['pause', 'show'])
      expect(await nb(['rollout', verb, '--to', '3', '--reason', 'x'])).toMatchObject({
        status: 2,
        stderr: expect.stringContaining('--to names the stage to promote a rollout to'),
      })
  })
})

describe('who interrupts', () => {
  test('is told that the rollout goes on, who moves it on, and how to stop it; and it does go on', async () => {
    const { nb, controller, clock, releases } = await rolloutDesk()
    controller()
    await clock.advance(60_000)
    const interrupt = new AbortController()
    const ran = await nb([...publish, '--wait=completed'], {
      terminal: true,
      signal: interrupt.signal,
      during: { says: 'stage 2 of 4', do: () => interrupt.abort() },
    })
    expect(ran.status).toBe(130)
    expect(screenOf(ran.stderr).join('\n')).toContain(
      'the rollout goes on without you, moved on by the server’s; noticeboard rollout pause checkout/prod --reason "…" stops it',
    )
    await clock.advance(20 * PERIODS.bakeMs)
    expect((await releases()).at(-1)?.rollout?.state).toBe('completed')
  })

  test('is not told so where no controller would move it on', async () => {
    const { nb } = await rolloutDesk()
    const interrupt = new AbortController()
    const ran = await nb([...publish, '--wait=completed'], {
      signal: interrupt.signal,
      during: { says: 'stage 2 of 4', do: () => interrupt.abort() },
    })
    expect(ran.status).toBe(130)
    expect(ran.stderr).not.toContain('goes on without you')
    expect(ran.stderr).toContain('start noticeboard controller')
  })
})

describe('--stages and --rehearse', () => {
  const red: Gate = { name: 'latency', check: () => ({ verdict: 'bad', why: 'p99 is up' }) }
  const gated = { gates: [red], rollout: staged({ ...PERIODS, gates: [red], late: 'alarm' }) }

  test.each(['--rehearse', '--stages=1,all', '--rehearse --stages=1,all'])(
    'keep the gates of the configuration file: a red one refuses the start (%s)',
    async flags => {
      const { nb, releases } = await rolloutDesk({ config: gated })
      for (const more of [['--dry-run'], ['--wait=completed']]) {
        const ran = await nb([...publish, ...flags.split(' '), ...more])
        expect([ran.status, ran.stderr]).toEqual([3, expect.stringContaining('gate latency is red')])
      }
      expect(await releases()).toHaveLength(1)
    },
  )

  test('change of a staged rollout what they name, and nothing else', async () => {
    const config = { rollout: staged({ ...PERIODS, holdback: 0.2, late: 'alarm', excludes: 0.2 }) }
    const { nb, releases, controller, clock } = await rolloutDesk({ config })
    controller()
    await clock.advance(30_000)
    const ran = await nb([...publish, '--stages', '2,50%,all', '--rehearse'])
    expect(ran.status, ran.stderr).toBe(0)
    expect((await releases()).at(-1)?.rollout?.plan).toMatchObject({
      ...PERIODS,
      stages: [{ by: 'count', count: 2 }, { by: 'share', share: 0.5 }, { by: 'all' }],
      rehearse: true,
      holdback: 0.2,
      late: 'alarm',
    })
  })

  test('keep the steps of a policy that wraps staged(), and are refused where one starts by itself', async () => {
    const holds = vi.fn(staged(PERIODS).decide)
    const wrapping = await rolloutDesk({ config: { rollout: { ...staged(PERIODS), decide: holds } } })
    const ran = await wrapping.nb([...publish, '--stages=1,all', '--wait=stage'])
    expect([ran.status, holds.mock.calls.length > 0], ran.stderr).toEqual([0, true])

    for (const rollout of [hoursPolicy(), timed()]) {
      const { nb, releases } = await rolloutDesk({ config: { rollout } })
      for (const flag of ['--rehearse', '--stages=1,all']) {
        const { status, stderr } = await nb([...publish, flag, '--wait=completed'])
        expect([status, stderr]).toEqual([2, expect.stringContaining(`${rollout.type}@1, does not let`)])
        expect(stderr).toContain(`drop ${flag.slice(0, 8)}`)
      }
      expect(await releases()).toHaveLength(1)
    }
  })

  test('make a document careful that the configuration file would send to everyone', async () => {
    const { nb } = await rolloutDesk({ config: { rollout: everyone() } })
    const ran = await nb([...publish, '--stages=1,all', '--dry-run', '--wait=completed'])
    expect([ran.status, ran.stdout]).toEqual([0, expect.stringContaining('running, stage 1 of 2')])
  })
})

test.each([
  ['50%,10%,all', 'a stage must expose more than those before it, and stage 2 does not'],
  ['foo', 'a stage must be a number of clients, a share such as "10%" or "all"'],
  ['1,10%', 'the last stage must be "all"'],
])('--stages %s is refused with what is wrong with it', async (stages, said) => {
  const { nb } = await rolloutDesk()
  const { status, stderr } = await nb([...publish, '--stages', stages], { env: {} })
  expect([status, stderr]).toEqual([2, expect.stringContaining(`--stages: ${said}`)])
})

test('--timed keeps the steps of a timed rollout of the configuration file', async () => {
  const { nb } = await rolloutDesk({ config: { rollout: timed({ steps: 7 }) } })
  const ran = await nb([...publish, '--timed', '--dry-run', '--wait=completed'])
  expect([ran.status, ran.stdout]).toEqual([0, expect.stringContaining('running, stage 1 of 7')])
})

test.each([
  [6, 'stages: 1 client, 2 clients, all of 6 live clients'],
  [60, 'stages: 1 client, 2 clients, 10 %, 50 %, all of 60 live clients'],
])(
  'the floor of docs/rollouts.md lets %d clients have the stages that nobody named',
  async (clients, says) => {
    const page = await readFile(join(root, 'docs/rollouts.md'), 'utf8')
    const [, firstStage, growth] = /floor: \{ firstStage: (\d+), growth: (\d+),/.exec(page) ?? []
    const floor = { firstStage: Number(firstStage), growth: Number(growth) }
    const { nb } = await rolloutDesk({ clients, config: { floor } })
    const ran = await nb([...publish, '--dry-run', '--wait=completed'])
    expect([ran.status, ran.stderr]).toEqual([0, expect.stringContaining(says)])
    const leap = await nb([...publish, '--stages=1,all', '--dry-run', '--wait=completed'])
    expect([leap.status, leap.stderr]).toEqual([
      3,
      expect.stringMatching(/as by the stages 1,[\d,]+,all; or say why/),
    ])
  },
)

describe('a dry run', () => {
  test('shows the diff, whom each stage would expose, what it can see, and what is known of the builds', async () => {
    const { nb, releases } = await rolloutDesk()
    const ran = await nb([...publish, '--wait=completed', '--dry-run'])
    expect(ran.status).toBe(0)
    const [headline, ...lines] = ran.stdout.trim().split('\n')
    expect(headline).toMatch(/^would publish checkout\/prod version 2 .*, running, stage 1 of 4$/)
    expect(lines.filter(line => !line.startsWith('    '))).toEqual([
      '~ pool: 1 -> 2',
      '  1 client: 1 of 20 clients; too few to exclude any fault; to exclude faults that hit more than 5 % you need all 20',
      expect.stringMatching(/^ {2}10 %: 3 of 20 clients; with no failure seen this excludes faults/),
      expect.stringMatching(/^ {2}50 %: 10 of 20 clients; /),
      expect.stringMatching(/^ {2}all: 20 of 20 clients; /),
      'the stages take at least 4 min in all, 60 s each: so long it bakes',
      'checked by no schema at all, since none is known; builds do not report their own schema, so what they refuse is known from refusals alone',
      '  build 1, 20 clients: not known',
      expect.stringMatching(
        /^for example, a document that does harm 90 s after it arrives, which a gate or a guardrail sees, would reach 3 of 20 clients and be gone after 104 s; one that ends the process so late, and again before it is quarantined, would reach up to 3 and be gone after 4\.8 min; to everyone at once 20, and be gone after 17 min where somebody takes 15 min to roll back$/,
      ),
    ])
    expect(await releases()).toHaveLength(1)
  })

  test('needs no reason, since nothing is kept; a publish does', async () => {
    const { nb, releases } = await rolloutDesk()
    const tried = await nb(['publish', 'next.json', '--dry-run', '--wait=completed'])
    expect([tried.status, tried.stdout]).toEqual([0, expect.stringMatching(/^would publish checkout\/prod/)])
    const done = await nb(['publish', 'next.json', '--wait=completed'], { env: {} })
    expect([done.status, done.stderr]).toEqual([2, expect.stringContaining('say why: --reason')])
    expect(await releases()).toHaveLength(1)
  })

  test('says in JSON what it says in text: what changes, and how far a bad document would get', async () => {
    const { nb } = await rolloutDesk()
    const { stdout } = await nb([...publish, '--wait=completed', '--dry-run', '--json'])
    expect(JSON.parse(stdout)).toMatchObject({
      outcome: 'dry-run',
      changes: [{ path: 'pool', change: 'changed', before: 1, after: 2 }],
      blast: {
        showsAfterMs: 90_000,
        of: 20,
        staged: { reached: 3, goneMs: 103_500 },
        crash: { reached: 3 },
        everyone: { reached: 20, humanMs: 900_000 },
      },
    })
  })

  test('names no blast in JSON where the document goes by no stages', async () => {
    const { nb } = await rolloutDesk()
    const { stdout } = await nb([...publish, '--everyone', '--dry-run', '--json'])
    const said = JSON.parse(stdout)
    expect([said.outcome, said.changes.length, 'blast' in said]).toEqual(['dry-run', 1, false])
  })

  test.each<[string, number, readonly string[]]>([
    ['by playing it', 3, ['  stage 1: 1 of 20', '  stage 2: 2 of 20', '  all: 20 of 20']],
    ['as far as it can be played', 1, ['  stage 1: 1 of 20']],
  ])('shows whom the stages of an own policy expose, %s', async (_name, known, expected) => {
    const { nb, controller, clock, releases } = await rolloutDesk({ config: { rollout: ofThree(known) } })
    controller()
    await clock.advance(30_000)
    const ran = await nb([...publish, '--wait=completed', '--dry-run'])
    expect(ran.status, ran.stderr).toBe(0)
    const lines = ran.stdout.split('\n')
    expect(lines.flatMap(line => /^ {2}(?:stage \d|all): \d+ of \d+/.exec(line) ?? [])).toEqual(expected)
    expect(lines).toContainEqual(expect.stringMatching(/^ {4}\S+$/))
    expect(ran.stdout).not.toMatch(/0 (?:s|ms) in all|for example/)
    const note = 'so whom it exposes after stage 1 is not known'
    if (known === 3) expect(ran.stderr).not.toContain(note)
    else expect(ran.stderr).toContain(`policy thirds@1 does not go on here`)
    if (known < 3) expect(ran.stderr).toContain(note)
    expect(await releases()).toHaveLength(1)
  })

  test('shows stage 0 where the way back is rehearsed, with the client that rehearses it', async () => {
    const { nb, releases } = await rolloutDesk()
    const ran = await nb([...publish, '--wait=completed', '--rehearse', '--stages', '1,all', '--dry-run'])
    const [headline, ...lines] = ran.stdout.trim().split('\n')
    expect(headline).toMatch(/, running, stage 0 of 2, the way back is rehearsed: forward$/)
    expect(lines.slice(1, 6)).toEqual([
      '  the way back: forward, back, forward: whether one client can go back to what ran before',
      expect.stringMatching(/^ {4}client-\d+$/),
      expect.stringMatching(/^ {2}1 client: 1 of 20 clients; /),
      // The first stage begins with it.
      lines[2],
      expect.stringMatching(/^ {2}all: 20 of 20 clients; /),
    ])
    expect(ran.stderr).toContain('first one client of 20 rehearses the way back: forward, back and forward')
    expect(await releases()).toHaveLength(1)
    for (const other of ['--everyone', '--timed'])
      expect((await nb([...publish, '--rehearse', other])).status).toBe(2)
  })

  test.each([
    ['what begins once its gates were asked, and not that nobody is exposed before', 20, 5],
    ['no stages where one or two clients get it at once then', 2, 0],
  ])('shows %s', async (_what, clients, stages) => {
    const rehearse = clients > 2
    const gates = [{ name: 'latency' }]
    const { nb } = await rolloutDesk({
      clients,
      config: { rollout: staged({ ...PERIODS, gates, rehearse }) },
    })
    const ran = await nb([...publish, '--wait=completed', '--dry-run', '--json'])
    const { forecast = [], awaitsGates } = JSON.parse(ran.stdout) as Record<string, object[]>
    expect([awaitsGates, forecast.length]).toEqual([true, stages])
    if (rehearse)
      expect(forecast[0]).toMatchObject({ stage: 'the way back: forward, back, forward', exposed: 1 })
  })

  test('names the build that has refused the document before', async () => {
    const { nb } = await rolloutDesk({ effect: 'rejected' })
    await nb([...publish, '--wait=completed'])
    const ran = await nb([
      ...publish,
      '--wait=completed',
      '--dry-run',
      '--readmit',
      'it was the network',
      '--json',
    ])
    expect(JSON.parse(ran.stdout)).toMatchObject({
      builds: [{ build: '1', clients: 20, refuses: 'refused', why: 'rejected' }],
    })
  })
})

describe('rollout show', () => {
  test('stays until all have it, where a pipeline that left early comes back', async () => {
    const { nb, controller, clock } = await rolloutDesk()
    controller()
    await clock.advance(60_000)
    await nb(publish)
    const left = await nb(['rollout', 'show'])
    expect([left.status, left.stdout]).toEqual([0, expect.stringContaining('is running')])
    const ran = await nb(['rollout', 'show', '--wait=completed'])
    expect([ran.status, ran.stdout]).toEqual([0, expect.stringContaining('checkout/prod: passed')])
  })

  test('names the clients that a pause rests on, and what would change the verdict', async () => {
    const { nb, controller, clock } = await rolloutDesk({ effect: 'mute' })
    controller()
    await clock.advance(60_000)
    await nb(publish)
    await clock.advance(15 * 60_000)
    const { stdout } = await nb(['rollout', 'show'])
    expect(stdout).toContain(' is retreated\n')
    expect(stdout.match(/^ {2}client-\d+: silent/gm)).toHaveLength(2)
    expect(stdout).toContain('would change it: resume it, or abort it')
  })

  test('shows an earlier one by what it tried, with the clients that it ended on', async () => {
    const { nb, publisher, releases } = await rolloutDesk({ effect: 'rejected' })
    expect((await nb([...publish, '--wait=completed'])).status).toBe(6)
    const [, begun] = await releases()
    await publisher.publish({ pool: 9 }, { rollout: everyone(), reason: 'another one' })
    expect((await nb(['rollout', 'show'])).stdout).toContain('the newest release has no stages')
    for (const at of ['2', `${begun?.epoch}:2`, begun?.candidate?.variants[0]?.digest.slice(0, 8) ?? '']) {
      const { stdout } = await nb(['rollout', 'show', '--at', at])
      expect(stdout).toMatch(/^checkout\/prod: rollout [0-9a-f]{16} of version 2 [0-9a-f]{12}: rolled-back$/m)
      expect(stdout).toMatch(/^ {2}client-\d+: rejected/m)
      expect(stdout).toMatch(/ rollback +rolled-back +1 /)
    }
    // Version 1 is what it went back to, and no rollout tried it.
    for (const at of ['1', '3']) {
      const none = await nb(['rollout', 'show', '--at', at])
      expect([none.status, none.stderr]).toEqual([1, expect.stringContaining('has no rollout like that')])
    }
    const asJson = JSON.parse((await nb(['rollout', 'show', '--at', '2', '--json'])).stdout)
    expect(asJson).toMatchObject({
      rollout: { state: 'rolled-back', version: 2 },
      story: [{ cause: 'publish' }, { cause: 'rollback', evidence: { verdict: 'bad' } }],
    })
  })

  test('says what is missing where a stage was to be decided', async () => {
    const gate = { name: 'latency', onBad: 'pause' as const }
    const { nb, controller, clock } = await rolloutDesk({
      config: { rollout: staged({ ...PERIODS, gates: [gate] }) },
    })
    controller()
    await clock.advance(60_000)
    await nb(publish)
    await clock.advance(60 * 60_000)
    const { stdout } = await nb(['rollout', 'show'])
    expect(stdout).toMatch(/^ {2}not begun by 2026-01-01T/m)
    expect(stdout).toMatch(/^ {2}waiting for: gate latency \(gate-waiting\)$/m)
    expect(stdout).toContain('would change it: a controller that has the gate, and its answer')
    expect(stdout).not.toMatch(/^ {2}(?:nothing: .*)?$/m)
  })

  test('says before anybody is exposed what is asked, and what is not any more', async () => {
    const gates = [{ name: 'latency' }, { name: 'errors' }]
    const { nb, controller, clock } = await rolloutDesk({
      config: { rollout: staged({ ...PERIODS, gates }) },
    })
    controller()
    await clock.advance(60_000)
    expect((await nb(publish)).stdout).toContain('stage 0 of 4, gates are asked before anybody is exposed\n')
    expect((await nb(publish)).stdout).toMatch(/^unchanged, under way already: /)
    const waited = await nb(['rollout', 'show', '--wait=stage', '--timeout', '5'])
    expect(waited.stdout).toMatch(/run it; waiting for: gate latency, gate errors\n$/)
    expect(waited.stderr).toContain(
      'no controller that could move the rollout on is heard in checkout/prod, so nothing takes it further from here: start noticeboard controller with gate latency, gate errors, or',
    )
    const step = async (verb: string): Promise<string> =>
      (await nb(['rollout', verb, '--reason', 'because'])).stdout
    for (const verb of ['pause', 'resume', 'retreat']) {
      const said = await step(verb)
      expect(said.includes('gates are asked')).toBe(verb === 'resume')
      expect(said).toContain('before anybody is exposed\n')
    }
    expect((await nb(['rollout', 'show'])).stdout).toMatch(
      /before stage 1 of 4: nobody is exposed: unknown\n {2}taken back before anybody was exposed: /,
    )
    expect(await step('abort')).toContain('rolled-back, stage 0 of 4, before anybody was exposed\n')
  })
})

/**
 * One client first, then a tenth, then all, each once all exposed clients have run it for a minute.
 * It throws when it is asked about more stages than it knows.
 */
function ofThree(known: number): RolloutPolicy {
  const before = staged({ ...PERIODS, stages: [1, '10%', 'all'] })
  const plan = { type: 'thirds', version: 1 }
  return {
    type: 'thirds',
    version: 1,
    start(input) {
      const first = before.start(input)
      return first.type === 'stage' ? { ...first, plan } : first
    },
    decide({ release, hasher }, { heard }, nowMs) {
      const { rollout, audience, candidate } = release
      if (rollout === undefined || audience === undefined) throw new TypeError('no rollout')
      if (rollout.stage >= known - 1 && known < 3) throw new TypeError('it goes by more than reports')
      const runs = candidate?.variants[0].digest
      const well = heard.reports.filter(({ digest, sinceMs }) => digest === runs && sinceMs >= 60_000)
      const live = membersOf(heard, nowMs)
      const wanted = live.filter(member => inAudience(member, audience, hasher)).length
      const explanation = {
        rollout: rollout.id, stage: rollout.stage, where: 'thirds', verdict: 'unknown' as const, why: ['counted'],
        unknowns: [], counts: {}, canSee: '', exceptions: [], omitted: 0, wouldChange: [], asOf: heard.asOf,
      } // prettier-ignore
      if (well.length < wanted) return { type: 'hold', explanation }
      const { stageStart: start, decideBy, stage } = rollout
      const next =
        stage === 0
          ? audienceOf({ stage: { by: 'share', share: 0.1 }, live, before: audience, holdback: 0, hasher })
          : undefined
      return {
        type: 'advance',
        explanation,
        next: {
          state: next === undefined ? 'completed' : 'running',
          stage: stage + 1,
          audience: next,
          start,
          decideBy,
        },
      }
    },
  }
}
