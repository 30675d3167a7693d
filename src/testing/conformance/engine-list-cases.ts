import { encodeText } from '../../core/json/text.js'
import type { Key } from '../../transports/store/engine.js'
import { keys } from '../../transports/store/keys.js'
import type { CaseDefinition } from './case.js'
import { engineBy, engineSteps, expectOutcome } from './engine-steps.js'
import { expectEqual, fail } from './expect.js'
import type { OpenedEngine } from './opened.js'

const VALUE = encodeText('{}')

/** Names of instances, in the order of their bytes, which is that of no language. */
const INSTANCES = [
  '-1',
  '-a',
  '0',
  '10',
  '9',
  'A',
  'B1',
  'Z',
  '_',
  '_a',
  'a',
  'aa',
  'b',
  'z-9',
  'zz',
] as const

/** `list`: pages of keys. */
export const engineListCases: readonly CaseDefinition<OpenedEngine>[] = [
  {
    name: 'keys are listed from the last to the first, by their bytes, and no more than `limit` of them',
    capability: 'list',
    async run(trial) {
      const { namespace } = trial
      const engine = await engineSteps(trial, trial.opened.engine)
      const prefix = keys.reports(namespace)
      expectKeys('of an empty database', await engine.list({ prefix, limit: 100 }), [], prefix)
      // Written in an order that has nothing to do with theirs.
      const shuffled = INSTANCES.map((_, at) => INSTANCES[(at * 7 + 3) % INSTANCES.length] ?? fail('no name'))
      await engine.put(...shuffled.map(name => ({ key: keys.report(namespace, name), value: VALUE })))
      const descending = [...INSTANCES].reverse().map(name => keys.report(namespace, name))
      for (const limit of [100, INSTANCES.length, 4, 1])
        expectKeys(
          `with the limit ${limit}`,
          await engine.list({ prefix, limit }),
          descending.slice(0, limit),
          prefix,
        )
    },
  },
  {
    name: 'keys are listed page by page, each once: only those that come before `before`, without it',
    capability: 'list',
    async run(trial) {
      const { namespace } = trial
      const engine = await engineSteps(trial, trial.opened.engine)
      const prefix = keys.reports(namespace)
      await engine.put(...INSTANCES.map(name => ({ key: keys.report(namespace, name), value: VALUE })))
      const descending = [...INSTANCES].reverse().map(name => keys.report(namespace, name))
      for (const limit of [1, 4, 5]) {
        const found: Key[] = []
        // One page more than there can be: it is empty.
        for (let left = Math.ceil(INSTANCES.length / limit) + 1; left > 0; left -= 1)
          found.push(...(await engine.list({ prefix, before: found.at(-1), limit })))
        expectKeys(`in pages of ${limit}`, found, descending, prefix)
      }
      // A key that was removed since it was listed is a place all the same.
      const gone = keys.report(namespace, 'B1')
      await engine.remove(gone)
      const left = descending.filter(key => key < gone)
      expectKeys(
        'before a key that is not there',
        await engine.list({ prefix, before: gone, limit: 100 }),
        left,
        prefix,
      )
    },
  },
  {
    name: 'only keys that begin with the prefix are listed, which may be a whole key',
    capability: 'list',
    async run(trial) {
      const { namespace } = trial
      const engine = await engineSteps(trial, trial.opened.engine)
      const [below, beside] = [`${namespace}/inner`, `${namespace}0`]
      const digest = 'a'.repeat(64)
      const groups: readonly (readonly Key[])[] = [
        [
          keys.report(namespace, 'a'),
          keys.listening(namespace),
          keys.snapshot(namespace, digest),
          keys.snapshot(namespace, 'b'.repeat(64)),
          keys.head(namespace),
          keys.place(namespace, 1),
        ],
        [keys.report(below, 'b'), keys.listening(below), keys.snapshot(below, digest), keys.head(below)],
        [keys.report(beside, 'c'), keys.snapshot(beside, digest), keys.head(beside)],
      ]
      for (const group of groups) await engine.put(...group.map(key => ({ key, value: VALUE })))
      for (const [prefix, expected] of [
        [keys.reports(namespace), [keys.report(namespace, 'a')]],
        [keys.reports(below), [keys.report(below, 'b')]],
        [keys.snapshot(namespace, digest), [keys.snapshot(namespace, digest)]],
        [keys.snapshot(namespace, 'c'.repeat(64)), []],
      ] as const)
        expectKeys('with a prefix', await engine.list({ prefix, limit: 100 }), expected, prefix)
      // The newest releases of all namespaces: other cases may have some in the same database.
      const heads = await engine.list({ prefix: keys.heads, limit: 100 })
      const own = heads.filter(key => key.startsWith(keys.head(namespace)))
      expectKeys(
        'of all newest releases',
        own,
        [keys.head(beside), keys.head(below), keys.head(namespace)],
        keys.heads,
      )
    },
  },
  {
    name: 'a key is listed as soon as it was written, and no more once it was removed; of what was refused none is',
    capability: 'list',
    async run(trial) {
      const { opened, namespace } = trial
      const engine = await engineSteps(trial, opened.engine)
      const reader = opened.another === undefined ? engine : await engineBy(trial, 'another')
      const prefix = keys.reports(namespace)
      const listed = async (what: string, ...expected: readonly Key[]): Promise<void> =>
        expectKeys(what, await reader.list({ prefix, limit: 100 }), expected, prefix)
      const [a, b] = [keys.report(namespace, 'a'), keys.report(namespace, 'b')]
      await engine.put({ key: a, value: VALUE })
      await listed('after a write', a)
      const refused = engine.batches
        ? { if: [{ type: 'absent', key: a }] as const, put: [{ key: b, value: VALUE }] }
        : { if: [{ type: 'present', key: b }] as const, put: [{ key: b, value: VALUE }] }
      expectOutcome('a write whose condition does not hold', await engine.write(refused), 'refused')
      await listed('after a write that was refused', a)
      await engine.put({ key: b, value: VALUE })
      await engine.put({ key: b, value: VALUE })
      await listed('after a key was written twice', b, a)
      await engine.remove(b)
      await listed('after a key was removed', a)
    },
  },
]

/** Fails unless these keys were listed, in this order. */
function expectKeys(what: string, actual: readonly Key[], expected: readonly Key[], prefix: Key): void {
  const missing = expected.filter(key => !actual.includes(key)).length
  const more = actual.filter(key => !expected.includes(key)).length
  if (missing > 0) fail(`list() ${what}: ${missing} of ${expected.length} keys are missing`)
  if (more > 0)
    fail(
      `list() ${what}: ${more} keys came that are not there, or do not begin with \`prefix\` or come before \`before\``,
    )
  if (new Set(actual).size !== actual.length) fail(`list() ${what}: a key came twice`)
  for (const [at, key] of expected.entries())
    expectEqual(
      `list() ${what}: the ${at + 1}. key (the last one comes first, by its bytes: \`COLLATE "C"\`)`,
      actual[at]?.slice(prefix.length),
      key.slice(prefix.length),
    )
}
