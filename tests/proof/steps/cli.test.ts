import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect } from 'vitest'
import { z } from 'zod'
import { run } from '../../../src/cli/run.js'
import { everyone, type Publisher } from '../../../src/publisher/index.js'
import { seededDice } from '../../../src/sim/dice.js'
import type { VirtualClock } from '../../../src/sim/virtual-clock.js'
import { atEachStep, driven, meanwhile, type Happen, type Stage } from '../../support/at-each-step.js'
import { permanentFolder } from '../../support/board-kit.js'
import { LASTING_TROUBLE, PASSING_TROUBLE, stepped } from '../../support/requests.js'
import type { Steps } from '../../support/steps.js'
import { memoryBoard, SHOP } from '../sim/replays/board.js'

const schema = z.object({ n: z.number() })
const how = { rollout: everyone(), reason: 'a test' }
const never = new AbortController().signal
const TENANT = 'billing/prod'

let folder = ''
beforeAll(async () => {
  folder = await permanentFolder()
  await writeFile(join(folder, 'next.json'), '{"n":7}')
})
afterAll(() => {
  folder = ''
})

/** A command, and what it means for the log when it ends with 0. */
interface Command {
  readonly name: string
  readonly args: readonly string[]
  readonly leastSteps: number
  /** How many releases it appends. */
  readonly appends: number
  /** It goes on until it is interrupted, some seconds after a change. */
  readonly endless?: true
  readonly judge: (lines: readonly unknown[]) => void
}

const WHY = ['--reason', 'why']

const COMMANDS: readonly Command[] = [
  {
    name: 'publish',
    args: ['publish', 'next.json', '--everyone', ...WHY],
    leastSteps: 10,
    appends: 1,
    judge: ([published]) => expect(published).toMatchObject({ outcome: 'published', namespace: SHOP }),
  },
  {
    name: 'publish --dry-run',
    args: ['publish', 'next.json', '--everyone', '--dry-run', ...WHY],
    leastSteps: 4,
    appends: 0,
    judge: ([published]) => expect(published).toMatchObject({ outcome: 'dry-run' }),
  },
  {
    name: 'rollback',
    args: ['rollback', ...WHY],
    leastSteps: 8,
    appends: 1,
    judge: ([rolled]) => expect(rolled).toMatchObject({ namespace: SHOP }),
  },
  {
    name: 'epoch',
    args: ['epoch', ...WHY],
    leastSteps: 8,
    appends: 1,
    judge: ([opened]) => expect(opened).toMatchObject({ outcome: 'published' }),
  },
  {
    name: 'get',
    args: ['get'],
    leastSteps: 4,
    appends: 0,
    judge: ([document]) => expect(document).toHaveProperty('n'),
  },
  {
    name: 'get --at',
    args: ['get', '--at', '1'],
    leastSteps: 4,
    appends: 0,
    judge: ([document]) => expect(document).toEqual({ n: 0 }),
  },
  {
    name: 'history',
    args: ['history'],
    leastSteps: 2,
    appends: 0,
    judge: lines => expect(lines.at(-1)).toMatchObject({ version: 1, reason: 'a test' }),
  },
  {
    name: 'diff',
    args: ['diff', '1', '2'],
    leastSteps: 6,
    appends: 0,
    judge: ([changes]) => expect(changes).toMatchObject([{ path: expect.anything() as unknown }]),
  },
  {
    name: 'status',
    args: ['status'],
    leastSteps: 4,
    appends: 0,
    judge: ([status]) => expect(status).toMatchObject({ namespace: SHOP, fleet: { type: 'unknown' } }),
  },
  {
    name: 'status of all',
    args: ['status', '--url', 'http://board.test'],
    leastSteps: 4,
    appends: 0,
    judge: ([all]) =>
      expect(all).toEqual(expect.arrayContaining([expect.objectContaining({ namespace: SHOP })])),
  },
  {
    name: 'validate',
    args: ['validate', 'next.json'],
    leastSteps: 2,
    appends: 0,
    judge: ([verdict]) => expect(verdict).toMatchObject({ valid: true, checkedBy: 'board' }),
  },
  {
    name: 'watch',
    args: ['watch'],
    leastSteps: 4,
    appends: 0,
    endless: true,
    judge: lines => expect(lines.at(-1)).toMatchObject({ document: { n: 9 } }),
  },
]

interface Ended {
  readonly status: number
  readonly lines: readonly unknown[]
  readonly stderr: string
}

interface Scene extends Stage<Ended> {
  readonly clock: VirtualClock
  readonly interrupt: () => void
  readonly another: Publisher<{ n: number }>
  readonly tenant: Publisher<{ n: number }>
}

/**
 * How long an endless command is left alone before and after a change: an outage, two backoffs and
 * a poll.
 */
const LEFT_MS = 120_000
/** How long it is watched while all is well, and how often it may ask then. */
const CALM_MS = 60_000
const MOST_ASKED = 5

async function open(steps: Steps, { args, appends, endless, judge }: Command): Promise<Scene> {
  const board = memoryBoard()
  const { clock, store } = board
  const another = board.publisher({ schema })
  const tenant = board.publisher({ schema, namespace: TENANT })
  for (const n of [0, 1, 2]) await driven(clock, another.publish({ n }, how))
  await driven(clock, tenant.publish({ n: 1 }, how))
  const bytes = new TextEncoder().encode('{"type":"object"}')
  await store.putSchema({ namespace: SHOP, bytes }, never)
  const before = await board.releases()
  const ofOthers = { count: 0 }
  let interrupted = new AbortController()
  let isArmed = true
  board.meddle = (request, ask, who) =>
    isArmed && who === 'the command line' ? stepped(steps, request, ask) : ask(request)
  const fetch = board.fetchOf('the command line')

  const command = async (): Promise<Ended> => {
    interrupted = new AbortController()
    const own = interrupted
    const stdout: string[] = []
    const stderr: string[] = []
    const named = args.includes('--url')
    const status = await run([...args, '--json'], {
      stdout: { write: chunk => void stdout.push(Buffer.from(chunk as Uint8Array).toString()) },
      // What takes longer than a second says so, as a lost connection does that is tried again.
      stderr: {
        write(chunk) {
          const text = chunk.toString()
          if (!text.startsWith('still ')) stderr.push(text)
        },
      },
      stdin: (async function* () {})(),
      env: {
        NOTICEBOARD_URL: 'http://board.test',
        NOTICEBOARD_TOKEN: 'a-token-for-replays',
        ...(!named && { NOTICEBOARD_NAMESPACE: SHOP }),
      },
      cwd: folder,
      signal: own.signal,
      system: { clock, random: seededDice(1, 'command') },
      fetch,
    })
    const lines = stdout
      .join('')
      .split('\n')
      .filter(line => line !== '')
      .map(line => JSON.parse(line) as unknown)
    return { status, lines, stderr: stderr.join('') }
  }
  /** Second by second, so that a command which reads files is not overtaken by the time. */
  const pass = async (ms = LEFT_MS): Promise<void> => {
    for (let left = ms; left > 0 && !interrupted.signal.aborted; left -= 1_000)
      await clock.sleep(1_000, interrupted.signal)
  }
  /** A command that goes on is left alone, sees a change, and is interrupted in the end. */
  const toItsEnd = async (): Promise<Ended> => {
    const running = command()
    if (endless === undefined) return running
    const over = { yet: false }
    void running.finally(() => (over.yet = true)).catch(() => {})
    await pass()
    if (!over.yet && args[0] === 'watch') {
      await another.publish({ n: 9 }, how)
      ofOthers.count += 1
      await pass()
    }
    const asked = board.asked.length
    await pass(CALM_MS)
    // Whatever happened before: while all is well it hears of changes, and looks now and then.
    if (!over.yet && !interrupted.signal.aborted)
      expect(board.asked.length - asked).toBeLessThanOrEqual(MOST_ASKED)
    interrupted.abort()
    return running
  }

  return {
    clock,
    readsDisk: true,
    progress: () => board.asked.length,
    another: {
      ...another,
      publish(document, options) {
        ofOthers.count += 1
        return another.publish(document, options)
      },
    },
    tenant,
    get signals() {
      return [interrupted.signal]
    },
    interrupt: () => interrupted.abort(),
    run: toItsEnd,
    async judge(end, happened) {
      if (!end.ok) throw new Error('a command line never rejects', { cause: end.error })
      const { status, lines, stderr } = end.result
      const allowed = new Set(STATUSES[happened] ?? (happened in PASSING_TROUBLE ? [0, 5] : [0]))
      if (endless === true) allowed.add(130).delete(0)
      expect([...allowed], stderr).toContain(status)
      const appended = (): Promise<number> => board.releases().then(count => count - before - ofOthers.count)
      if (status === 0) {
        judge(lines)
        // A rollback to what another publish brought meanwhile changes nothing.
        if (happened === 'a publish') expect(await appended()).toBeLessThanOrEqual(appends)
        else expect(await appended()).toBe(appends)
      } else expect(await appended()).toBeLessThanOrEqual(appends)
      if (status === 130 && (happened in PASSING_TROUBLE || happened === 'nothing')) judge(lines)
      if (status !== 0 && endless === undefined && happened !== 'an interrupt')
        expect(JSON.parse(stderr.split('\n').find(line => line.startsWith('{"error"')) ?? '')).toMatchObject({
          error: { code: expect.any(String) as string },
        })
      // The same command line again does what it says, and a publish that was done changes nothing.
      isArmed = false
      const again = await toItsEnd()
      expect(again.status, again.stderr).toBe(endless === true ? 130 : 0)
      judge(
        args[0] === 'publish' && args.length < 6
          ? again.lines.map(line => ({ ...(line as object), outcome: 'published' }))
          : again.lines,
      )
    },
    async end() {
      await Promise.all([another.close(), tenant.close()])
      await board.end()
    },
  }
}

/** The statuses that other things than passing trouble may lead to. */
const STATUSES: Readonly<Record<string, readonly number[]>> = {
  'status 408': [0, 1, 3, 5],
  'status 401': [0, 1, 3],
  'status 403': [0, 1, 3],
  'an answer of a page that is no JSON': [0, 1, 3, 5],
  'an answer after every deadline': [0, 5],
  'an interrupt': [130],
  'a publish': [0, 4],
}

const HAPPENINGS: Readonly<Record<string, Happen<Scene>>> = {
  ...PASSING_TROUBLE,
  ...LASTING_TROUBLE,
  'an interrupt': meanwhile(({ interrupt }) => interrupt()),
  'a publish': meanwhile(({ another }) => another.publish({ n: 50 }, how)),
  "another tenant's publish": meanwhile(({ tenant }) => tenant.publish({ n: 60 }, how)),
}

for (const command of COMMANDS)
  atEachStep<Ended, Scene>({
    name: `noticeboard ${command.name}`,
    leastSteps: command.leastSteps,
    open: steps => open(steps, command),
    happenings: HAPPENINGS,
  })
