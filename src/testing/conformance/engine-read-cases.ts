import { MAX_SNAPSHOT_BYTES } from '../../core/limits.js'
import { encodeText } from '../../core/json/text.js'
import { keys, KEYS_A_CALL } from '../../transports/store/keys.js'
import type { Key } from '../../transports/store/engine.js'
import { AWKWARD } from './fixture.js'
import type { CaseDefinition } from './case.js'
import { engineBy, engineSteps, expectEntry } from './engine-steps.js'
import { expectBytes, fail } from './expect.js'
import type { OpenedEngine } from './opened.js'

/** How old a clock may be that is right: it says a time of this century. */
const EARLIEST_MS = Date.UTC(2001, 0, 1)

/** `read`, and what is kept. Values are texts: an engine may rely on that. */
export const engineReadCases: readonly CaseDefinition<OpenedEngine>[] = [
  {
    name: 'an engine reads a value for each key, in their order, and `undefined` where there is none',
    capability: 'read',
    async run(trial) {
      const { namespace } = trial
      const engine = await engineSteps(trial, trial.opened.engine)
      const places = Array.from({ length: KEYS_A_CALL }, (_, index) => keys.place(namespace, index + 1))
      const valueOf = (index: number): Uint8Array => encodeText(`{"at":${index}}`)
      const isKept = (index: number): boolean => index % 3 === 1
      for (const [, missing] of (await engine.read(places)).entries())
        expectEntry('read() of an empty database', missing, undefined)
      const kept = places.flatMap((key, index) => (isKept(index) ? [{ key, value: valueOf(index) }] : []))
      await engine.put(...kept)
      const asked = [...places.keys()]
      for (const order of [asked, [...asked].reverse(), [3, 1, 2, 0], [0], [1], [4, 1]]) {
        const entries = await engine.read(order.map(index => places[index] ?? fail('no key')))
        for (const [at, index] of order.entries())
          expectEntry(
            `read() of ${order.length} keys, the ${at + 1}. of them`,
            entries[at],
            isKept(index) ? valueOf(index) : undefined,
          )
      }
    },
  },
  {
    name: 'an engine gives back the bytes that it was given, whatever becomes of the caller’s',
    capability: 'read',
    async run(trial) {
      const { namespace } = trial
      const engine = await engineSteps(trial, trial.opened.engine)
      const key = keys.head(namespace)
      const { maxValueBytes = MAX_SNAPSHOT_BYTES } = trial.opened.engine
      const text = `1\n{"text":${JSON.stringify(AWKWARD)},"raw":"Grüße 世界 🛰 \u2028"}`
      for (const value of [encodeText(text), encodeText('{}')]) {
        await engine.put({ key, value })
        expectEntry('read() of what was written', await engine.entry(key), value)
      }
      const large = new Uint8Array(Math.min(maxValueBytes, MAX_SNAPSHOT_BYTES)).fill(0x78)
      await engine.put({ key, value: large })
      expectEntry('read() of the largest value', await engine.entry(key), large)

      const value = encodeText(text)
      const larger = new Uint8Array(value.length + 64).fill(0x20)
      larger.set(value, 32)
      await engine.put({ key, value: larger.subarray(32, 32 + value.length) })
      expectEntry('read() of a value that was part of a larger buffer', await engine.entry(key), value)

      const own = Buffer.from(value)
      await engine.put({ key, value: own })
      own.fill(0x20)
      expectBytes(
        'read() of a value whose bytes the caller changed after write() (a Buffer: its slice() does not copy, Uint8Array.from() does)',
        (await engine.entry(key)).value,
        value,
      )
    },
  },
  {
    name: 'an engine tells keys apart by every character, and keeps one beside those that it begins',
    capability: 'read',
    async run(trial) {
      const { namespace } = trial
      const engine = await engineSteps(trial, trial.opened.engine)
      // What noticeboard names: a namespace below another, an instance in both cases, long names.
      const named: readonly (readonly Key[])[] = [
        [
          keys.report(namespace, 'abc'),
          keys.report(namespace, 'Abc'),
          keys.report(namespace, 'ABC'),
          keys.report(namespace, 'a_c'),
          keys.report(namespace, 'a-c'),
          keys.listening(namespace),
        ],
        [keys.head(namespace), keys.schema(namespace), keys.place(namespace, 1), keys.place(namespace, 10)],
        [keys.head(`${namespace}/inner`), keys.head(`${namespace}/inner/x`)],
        [keys.head(`${namespace}b`), keys.report(`${namespace}b`, 'a'.repeat(64))],
      ]
      const valueOf = (key: Key): Uint8Array => encodeText(JSON.stringify({ key }))
      for (const group of named) for (const key of group) await engine.put({ key, value: valueOf(key) })
      for (const group of named)
        for (const [at, entry] of (await engine.read(group)).entries())
          expectEntry(`read() of ${nameless(group[at], namespace)}`, entry, valueOf(group[at] ?? ''))
    },
  },
  {
    name: 'a second engine over the same database reads at once what was acknowledged, with its version',
    capability: 'read',
    needs: ['another'],
    async run(trial) {
      const { opened, namespace } = trial
      const first = await engineSteps(trial, opened.engine)
      const second = await engineBy(trial, 'another')
      const key = keys.head(namespace)
      for (let round = 0; round < 6; round += 1) {
        const [writer, reader] = round % 2 === 0 ? [first, second] : [second, first]
        const value = encodeText(`{"round":${round}}`)
        await writer.put({ key, value })
        const [own, other] = [await writer.entry(key), await reader.entry(key)]
        expectEntry('read() through a second engine', other, value)
        if (own.version !== other.version) fail('two engines over one database give one value two versions')
      }
      await second.remove(key)
      expectEntry('read() of what a second engine removed', (await first.read([key]))[0], undefined)
    },
  },
  {
    name: 'what an engine acknowledged is there after it ended without warning',
    capability: 'read',
    needs: ['reopen'],
    async run(trial) {
      const { opened, namespace } = trial
      let engine = await engineSteps(trial, opened.engine)
      const values = new Map<Key, Uint8Array>()
      for (let round = 0; round < 3; round += 1) {
        const key = keys.place(namespace, round + 1)
        for (const own of [key, keys.head(namespace)]) {
          const value = encodeText(`{"round":${round}}`)
          await engine.put({ key: own, value })
          values.set(own, value)
        }
        engine = await engineBy(trial, 'reopen')
        const asked = [...values]
        for (const [at, entry] of (await engine.read(asked.map(([own]) => own))).entries())
          expectEntry('read() after reopen()', entry, asked[at]?.[1])
        const listed = await engine.list({ prefix: keys.place(namespace, 1).slice(0, -1), limit: 10 })
        if (listed.length !== round + 1)
          fail(`after reopen() ${listed.length} keys are listed instead of ${round + 1}`)
      }
    },
  },
  {
    name: 'the clock of an engine that has one tells the time of day in milliseconds',
    capability: 'read',
    async run(trial) {
      const engine = await engineSteps(trial, trial.opened.engine)
      const before = await engine.now()
      if (before === undefined) return
      const after = (await engine.now()) ?? Number.NaN
      for (const time of [before, after]) if (!Number.isFinite(time)) fail('now() must resolve to a number')
      if (before < EARLIEST_MS)
        fail('now() must resolve to milliseconds since 1970; seconds are too few by a factor of 1,000')
      if (before > 100 * EARLIEST_MS)
        fail('now() must resolve to milliseconds since 1970; it names a year far away')
    },
  },
]

/** A key without the namespace of the case, which says nothing. */
function nameless(key: Key | undefined, namespace: string): string {
  return (key ?? '').replace(namespace, '…')
}
