import { decodeText } from '../../core/json/strict-parse.js'
import { encodeText } from '../../core/json/text.js'
import { systemClock } from '../../system/system.js'
import type { Condition, Key } from '../../transports/store/engine.js'
import { keys } from '../../transports/store/keys.js'
import type { CaseDefinition, Trial } from './case.js'
import { engineBy, engineSteps, type EngineSteps } from './engine-steps.js'
import { fail } from './expect.js'
import type { OpenedEngine } from './opened.js'

/** How many write at the same time. */
const RIVALS = 6
/** How often each of them adds. */
const ADDITIONS = 5
/** How many batches are written while others read. */
const BATCHES = 40
/** How many read meanwhile. */
const READERS = 4

/** `write` by several at the same time, and beside readers. */
export const engineRaceCases: readonly CaseDefinition<OpenedEngine>[] = [
  {
    name: 'of several writers under one condition exactly one is `written`',
    capability: 'write',
    async run(trial) {
      const { namespace } = trial
      const engines = await handles(trial)
      const key = keys.head(namespace)
      let condition: Condition = { type: 'absent', key }
      for (let round = 0; round < 8; round += 1) {
        const outcomes = await Promise.all(
          Array.from({ length: RIVALS }, async (_, rival) => {
            const value = encodeText(`{"round":${round},"rival":${rival}}`)
            return handOf(engines, rival).write({
              if: [condition],
              put: [{ key, value }],
            })
          }),
        )
        const winners = outcomes.filter(outcome => outcome === 'written').length
        if (winners !== 1)
          fail(
            `of ${RIVALS} writes at the same time under one \`${condition.type}\` ${winners} are 'written': ` +
              'check the conditions and write in one atomic step of the database',
          )
        const { version } = await handOf(engines, 0).entry(key)
        condition = { type: 'unchanged', key, version }
      }
    },
  },
  {
    name: 'writers who read a value and add to it unless it changed lose nothing',
    capability: 'write',
    async run(trial) {
      const { namespace, timeoutMs } = trial
      const engines = await handles(trial)
      const key = keys.head(namespace)
      const numbered = (count: number): Uint8Array => encodeText(JSON.stringify(count))
      const countOf = (value: Uint8Array): number => Number(decodeText(value, 'a value'))
      await handOf(engines, 0).put({ key, value: numbered(0) })
      let lastMs = systemClock.monotonic()
      const writer = async (engine: EngineSteps): Promise<void> => {
        for (let left = ADDITIONS; left > 0;) {
          const { value, version } = await engine.entry(key)
          const outcome = await engine.write({
            if: [{ type: 'unchanged', key, version }],
            put: [{ key, value: numbered(countOf(value) + 1) }],
          })
          if (outcome === 'written') {
            left -= 1
            lastMs = systemClock.monotonic()
          } else if (systemClock.monotonic() - lastMs > timeoutMs)
            fail(
              `for ${timeoutMs} ms all writes under \`unchanged\` are 'refused', with the version that was read right before`,
            )
        }
      }
      const writers = Array.from({ length: RIVALS }, (_, rival) => writer(handOf(engines, rival)))
      await Promise.all(writers)
      const total = countOf((await handOf(engines, 0).entry(key)).value)
      if (total !== RIVALS * ADDITIONS)
        fail(
          `${RIVALS * ADDITIONS} additions were 'written' under \`unchanged\`, and ${total} are there: ` +
            'check the version and write in one atomic step of the database',
        )
    },
  },
  {
    name: 'writers of different keys at the same time are all `written`',
    capability: 'write',
    async run(trial) {
      const { namespace } = trial
      const engines = await handles(trial)
      for (let round = 0; round < 5; round += 1) {
        const outcomes = await Promise.all(
          Array.from({ length: RIVALS }, (_, rival) => {
            const key = keys.report(namespace, `instance-${round}-${rival}`)
            return handOf(engines, rival).write({
              if: [{ type: 'absent', key }],
              put: [{ key, value: encodeText('{}') }],
            })
          }),
        )
        const refused = outcomes.filter(outcome => outcome === 'refused').length
        if (refused > 0)
          fail(
            `${refused} of ${RIVALS} writes of different keys at the same time are 'refused' although their conditions hold: ` +
              'where a race was lost, check the conditions anew and try again',
          )
      }
    },
  },
  {
    name: 'readers see all of a batch or nothing of it, whatever they read first',
    capability: 'write',
    async run(trial) {
      const { namespace } = trial
      const engines = await handles(trial)
      const writer = handOf(engines, 0)
      if (!writer.batches) return
      const numbered = Array.from({ length: 4 }, (_, index) => keys.place(namespace, index + 1))
      const [first, last] = [numbered[0] ?? fail('no key'), numbered.at(-1) ?? fail('no key')]
      // There after batches of an even number, and removed by the others.
      const even = keys.schema(namespace)
      const write = async (number: number): Promise<void> => {
        const value = encodeText(String(number))
        const isEven = number % 2 === 0
        await writer.write({
          put: [...numbered, ...(isEven ? [even] : [])].map(key => ({ key, value })),
          remove: isEven ? [] : [even],
        })
      }
      await write(0)
      let writing = true
      const reader = async (engine: EngineSteps, pole: Key): Promise<void> => {
        for (let looks = 1; writing; looks += 1) {
          // An engine that never waits would keep the writer from its turn.
          if (looks % 10 === 0) await systemClock.turn()
          // What is the same before and after stood still between, with all that was written with
          // it.
          const before = await textAt(engine, pole)
          const between = await engine.read([...numbered, even])
          if ((await textAt(engine, pole)) !== before) continue
          const texts = between.map(entry => entry && decodeText(entry.value, 'a value'))
          const kept = Number(before) % 2 === 0 ? before : undefined
          if (texts.some((text, at) => text !== (at < numbered.length ? before : kept)))
            fail(
              'a reader saw half of a batch: write all of it in one atomic step of the database, removals too',
            )
        }
      }
      const reading = Promise.all(
        Array.from({ length: READERS }, (_, index) =>
          reader(engines[index % engines.length] ?? fail('no engine'), index % 4 < 2 ? first : last),
        ),
      )
      const writes = async (): Promise<void> => {
        try {
          for (let number = 1; number <= BATCHES && writing; number += 1) await write(number)
        } finally {
          writing = false
        }
      }
      await Promise.all([reading.finally(() => (writing = false)), writes()])
    },
  },
]

/** The engine, and a second one where `open` offers it. */
async function handles(trial: Trial<OpenedEngine>): Promise<readonly EngineSteps[]> {
  const { opened } = trial
  const first = await engineSteps(trial, opened.engine)
  if (opened.another === undefined) return [first]
  return [first, await engineBy(trial, 'another')]
}

/** The engine of one of several who use them at the same time: they are shared out in turn. */
function handOf(engines: readonly EngineSteps[], rival: number): EngineSteps {
  return engines[rival % engines.length] ?? fail('no engine')
}

async function textAt(engine: EngineSteps, key: Key): Promise<string> {
  return decodeText((await engine.entry(key)).value, 'a value')
}
