import { encodeText } from '../../core/json/text.js'
import type { Condition, Key, Version } from '../../transports/store/engine.js'
import { keys, KEYS_A_CALL } from '../../transports/store/keys.js'
import type { CaseDefinition, Trial } from './case.js'
import { engineBy, engineSteps, expectEntry, expectNewVersion, type EngineSteps } from './engine-steps.js'
import { fail } from './expect.js'
import type { OpenedEngine } from './opened.js'

const A = encodeText('{"value":"A"}')
const B = encodeText('{"value":"B"}')

/** `write` by one writer: versions, conditions, and batches. */
export const engineWriteCases: readonly CaseDefinition<OpenedEngine>[] = [
  {
    name: 'each write of a key gives it a version that it never had, and no other write does',
    capability: 'write',
    async run(trial) {
      const { namespace } = trial
      const engine = await engineSteps(trial, trial.opened.engine)
      const key = keys.head(namespace)
      const seen = new Set<Version>()
      for (const [what, value] of [
        ['the first write', A],
        ['a write of another value', B],
        ['a write of a value that the key had before', A],
        ['a write of the value that it has', A],
        ['a write after the key was removed', undefined],
      ] as const) {
        if (value === undefined) await engine.remove(key)
        await engine.put({ key, value: value ?? A })
        const { version } = await engine.entry(key)
        expectNewVersion(what, version, seen)
        seen.add(version)
        await engine.put({ key: keys.schema(namespace), value: B })
        if ((await engine.entry(key)).version !== version)
          fail(
            'the version of a key changed while another key was written; each key has a version of its own',
          )
      }
    },
  },
  {
    name: 'writes through a second engine give versions that a key never had either',
    capability: 'write',
    needs: ['another'],
    async run(trial) {
      await expectVersionsGoOn(trial, 'a write through a second engine', 'another')
    },
  },
  {
    name: 'versions begin nowhere anew after an engine ended without warning',
    capability: 'write',
    needs: ['reopen'],
    async run(trial) {
      await expectVersionsGoOn(trial, 'a write after reopen()', 'reopen')
    },
  },
  {
    name: 'a batch whose conditions hold is `written`, and one of which a condition does not is `refused` and writes nothing',
    capability: 'write',
    async run(trial) {
      const { namespace } = trial
      const engine = await engineSteps(trial, trial.opened.engine)
      const [key, other, empty] = [keys.head(namespace), keys.schema(namespace), keys.place(namespace, 1)]
      await engine.put({ key, value: A })
      const { version: stale } = await engine.entry(key)
      // A, B and A again: the value is the old one, and the version is not.
      await engine.put({ key, value: B })
      await engine.put({ key, value: A })
      const { version } = await engine.entry(key)
      const right: readonly Condition[] = [
        { type: 'present', key },
        { type: 'unchanged', key, version },
        { type: 'absent', key: empty },
      ]
      const wrong: readonly (readonly [why: string, condition: Condition])[] = [
        ['`absent` of a key that is there', { type: 'absent', key }],
        ['`present` of a key that is not there', { type: 'present', key: empty }],
        ['`unchanged` with an earlier version', { type: 'unchanged', key, version: stale }],
        ['`unchanged` of a key that is not there', { type: 'unchanged', key: empty, version }],
      ]
      for (const [why, condition] of wrong) {
        // By itself, and wherever it stands among conditions that hold.
        const others = right.filter(one => one.key !== condition.key)
        const among: readonly (readonly Condition[])[] = engine.batches
          ? [[condition], [condition, ...others], [...others, condition]]
          : [[condition]]
        for (const conditions of among) {
          await expectRefused(engine, { why, conditions, key: condition.key })
          if (engine.batches) await expectRefused(engine, { why, conditions, key: other })
        }
      }
      for (const condition of right) {
        const { version: now } = await engine.entry(key)
        const fresh = condition.type === 'unchanged' ? { ...condition, version: now } : condition
        const outcome = await engine.write({ if: [fresh], put: [{ key: fresh.key, value: B }] })
        if (outcome !== 'written') fail(`\`${fresh.type}\`, which holds: write() is '${outcome}'`)
        expectEntry(`a write under \`${fresh.type}\``, await engine.entry(fresh.key), B)
      }
    },
  },
  {
    name: 'a batch of conditions alone says whether they hold, and removing what is not there is no error',
    capability: 'write',
    async run(trial) {
      const { namespace } = trial
      const engine = await engineSteps(trial, trial.opened.engine)
      const [key, empty] = [keys.head(namespace), keys.place(namespace, 1)]
      await engine.put({ key, value: A })
      await engine.remove(empty)
      if (engine.batches)
        for (const [conditions, expected] of [
          [[{ type: 'present', key }], 'written'],
          [[{ type: 'present', key: empty }], 'refused'],
          [
            [
              { type: 'present', key },
              { type: 'absent', key: empty },
            ],
            'written',
          ],
        ] as const) {
          const outcome = await engine.write({ if: conditions })
          if (outcome !== expected)
            fail(`a batch of conditions alone is '${outcome}', and '${expected}' was expected`)
        }
      await engine.remove(key)
      await engine.remove(key)
      expectEntry('read() of what was removed', (await engine.read([key]))[0], undefined)
      // Where it expires is the engine's business; until then it is as any other.
      await engine.put({ key: keys.report(namespace, 'a'), value: A, expiresInMs: 3_600_000 })
      expectEntry('a value that expires in an hour', await engine.entry(keys.report(namespace, 'a')), A)
    },
  },
  {
    name: 'the largest batch, of a hundred conditions and a hundred writes, is written',
    capability: 'write',
    async run(trial) {
      const { namespace } = trial
      const engine = await engineSteps(trial, trial.opened.engine)
      if (!engine.batches) return
      const half = KEYS_A_CALL / 2
      const old = Array.from({ length: half }, (_, index) => keys.report(namespace, `old-${index}`))
      const made = Array.from({ length: half }, (_, index) => keys.report(namespace, `new-${index}`))
      await engine.put(...old.map(key => ({ key, value: A })))
      const conditions: readonly Condition[] = [
        ...old.map(key => ({ type: 'present', key }) as const),
        ...made.map(key => ({ type: 'absent', key }) as const),
      ]
      const batch = { if: conditions, put: made.map(key => ({ key, value: B })), remove: old }
      const outcome = await engine.write(batch)
      if (outcome !== 'written') fail(`a batch whose ${KEYS_A_CALL} conditions hold is '${outcome}'`)
      for (const [at, entry] of (await engine.read([...old, ...made])).entries())
        expectEntry(`the ${at + 1}. key of a large batch`, entry, at < half ? undefined : B)
      const again = await engine.write(batch)
      if (again !== 'refused') fail(`a batch whose conditions hold no more is '${again}'`)
    },
  },
]

/** Writes under conditions of which one does not hold, and fails unless all stays as it is. */
async function expectRefused(
  engine: EngineSteps,
  {
    why,
    conditions,
    key,
  }: { readonly why: string; readonly conditions: readonly Condition[]; readonly key: Key },
): Promise<void> {
  const touched = [...new Set([key, ...conditions.map(one => one.key)])]
  const before = await engine.read(touched)
  const change = { put: [{ key, value: encodeText('{"refused":true}') }], remove: [] as Key[] }
  const more = touched.filter(one => one !== key && engine.batches)
  const outcome = await engine.write({ if: conditions, put: change.put, remove: more })
  const what = `${why}${conditions.length > 1 ? `, among ${conditions.length} conditions` : ''}`
  if (outcome !== 'refused') fail(`${what}: write() is 'written', and 'refused' was expected`)
  const after = await engine.read(touched)
  for (const [at, entry] of before.entries()) {
    expectEntry(`${what}: a key of the refused batch`, after[at], entry?.value)
    if (after[at]?.version !== entry?.version) fail(`${what}: the refused batch changed the version of a key`)
  }
}

/** Fails when a key gets a version anew that it had, as engines of their own counters give it. */
async function expectVersionsGoOn(
  trial: Trial<OpenedEngine>,
  what: string,
  next: 'another' | 'reopen',
): Promise<void> {
  const key = keys.head(trial.namespace)
  const seen = new Set<Version>()
  let engine = await engineSteps(trial, trial.opened.engine)
  for (let round = 0; round < 3; round += 1) {
    for (const value of [A, B]) {
      await engine.put({ key, value })
      const { version } = await engine.entry(key)
      expectNewVersion(round === 0 ? 'a write' : what, version, seen)
      seen.add(version)
    }
    engine = await engineBy(trial, next)
  }
}
