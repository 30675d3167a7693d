import { settlesWithin } from '../../async/deadline.js'
import { encodeText } from '../../core/json/text.js'
import { systemClock } from '../../system/system.js'
import type { EngineNews } from '../../transports/store/engine.js'
import { keys } from '../../transports/store/keys.js'
import type { CaseDefinition, Trial } from './case.js'
import { engineBy, engineSteps, holds, type EngineSteps } from './engine-steps.js'
import { fail, settled, within } from './expect.js'
import type { OpenedEngine } from './opened.js'

/** `listen`: notifications. */
export const engineListenCases: readonly CaseDefinition<OpenedEngine>[] = [
  {
    name: 'an engine says that it listens, and then tells each namespace whose newest release moved, once it can be read',
    capability: 'listen',
    async run(trial) {
      const { namespace } = trial
      await listening(trial, async (engine, told) => {
        for (let round = 0; round < 5; round += 1)
          for (const name of [namespace, `${namespace}/inner`])
            await expectTold(trial, { name, writer: engine, reader: engine, told })
      })
    },
  },
  {
    name: 'an engine tells what was written through another one',
    capability: 'listen',
    needs: ['another'],
    async run(trial) {
      const { namespace } = trial
      const writer = await engineBy(trial, 'another')
      await listening(trial, async (reader, told) => {
        for (let round = 0; round < 5; round += 1)
          await expectTold(trial, { name: namespace, writer, reader, told })
      })
    },
  },
  {
    name: 'notifications end when their signal aborts, and can be begun anew',
    capability: 'listen',
    async run(trial) {
      const { namespace: name } = trial
      for (let round = 0; round < 3; round += 1)
        await listening(trial, async (engine, told) => {
          await expectTold(trial, { name, writer: engine, reader: engine, told })
        })
    },
  },
]

/** Whether a namespace is told before that time of the monotonic clock. */
type Told = (name: string, untilMs: number) => Promise<boolean>

/**
 * Listens while something is done. Fails unless it begins with `listening` and ends by the abort.
 */
async function listening(
  trial: Trial<OpenedEngine>,
  work: (engine: EngineSteps, told: Told) => Promise<void>,
): Promise<void> {
  const {
    opened: { engine },
    timeoutMs,
  } = trial
  const listen = engine.listen ?? fail("the engine has no `listen`; say so: without: { listen: '…' }")
  const own = new AbortController()
  const steps = await engineSteps(trial, engine)
  const news = listen.call(engine, own.signal)[Symbol.asyncIterator]()
  let waiting: Promise<EngineNews> | undefined
  /** What is told next, by that time; what was not told yet is waited for again. */
  const next = async (untilMs: number): Promise<EngineNews | undefined> => {
    waiting ??= news
      .next()
      .then(({ done, value }) =>
        done === true
          ? fail('listen() ended although nobody aborted it: throw where the connection is lost')
          : value,
      )
    const leftMs = Math.max(0, untilMs - systemClock.monotonic())
    if (!(await settlesWithin(waiting, { clock: systemClock, timeoutMs: leftMs }))) return undefined
    const told = await waiting
    waiting = undefined
    return told
  }
  try {
    const first = await next(systemClock.monotonic() + timeoutMs)
    if (first !== 'listening')
      fail(
        first === undefined
          ? `listen() told nothing within ${timeoutMs} ms; say \`listening\` once notifications arrive`
          : 'the first thing that listen() tells is a namespace; say `listening` first, once notifications arrive',
      )
    await work(steps, async (name, untilMs) => {
      for (;;) {
        const told = await next(untilMs)
        if (told === undefined) return false
        if (told !== 'listening' && told.changed === name) return true
      }
    })
    const end = settled(waiting ?? news.next())
    own.abort()
    await within('the end of listen(), whose signal was aborted,', end, timeoutMs)
  } finally {
    own.abort()
    void settled(waiting ?? Promise.resolve())
    void settled((async () => news.return?.())())
  }
}

/**
 * Moves the newest release of a namespace. Fails unless it is told in time, and what is read then,
 * or after a later notification, is what was written.
 */
async function expectTold(
  { timeoutMs }: Pick<Trial<OpenedEngine>, 'timeoutMs'>,
  {
    name,
    writer,
    reader,
    told,
  }: {
    readonly name: string
    readonly writer: EngineSteps
    readonly reader: EngineSteps
    readonly told: Told
  },
): Promise<void> {
  made += 1
  const key = keys.head(name)
  const value = encodeText(`${made}\n{}`)
  // It is listened to while the write is under way: what is told too early shows by that.
  const writing = writer.put({ key, value })
  void settled(writing)
  const endMs = systemClock.monotonic() + timeoutMs
  for (let early = false; ; early = true) {
    if (!(await told(name, endMs))) {
      await writing
      fail(
        early
          ? `within ${timeoutMs} ms the only notifications came before what they tell could be read: tell a namespace after its batch was written`
          : `nothing was told within ${timeoutMs} ms of a namespace whose newest release moved: tell \`changedBy(batch)\` after each write, to all who listen`,
      )
    }
    const [entry] = await reader.read([key])
    if (holds(entry, value)) return writing
  }
}

let made = 0
