import { expect, test } from 'vitest'
import { z } from 'zod'
import { createClient } from '../../../src/client/client.js'
import { createController } from '../../../src/controller/index.js'
import { createPublisher } from '../../../src/publisher/index.js'
import { pull } from '../../../src/strategies/index.js'
import { memory } from '../../../src/transports/memory.js'

// JavaScript passes anything: what cannot be meant is refused where it is given, and not found out
// when the first document comes.
const VALUES: Readonly<Record<string, unknown>> = {
  null: null,
  'a number': 5,
  'no number': Number.NaN,
  'a text': 'x',
  'two lines': 'x\ny',
  'a list': [5],
  'an object': { x: 1 },
  'a function': () => 5,
  true: true,
}

const schema = z.object({ n: z.number() })
const client = { namespace: 'a/b', schema, strategy: pull(memory()) }
const publisher = { namespace: 'a/b', schema, store: memory() }

/** Which of {@link VALUES} an option may be given: none unless it stands here. */
const CLIENT: Readonly<Record<string, readonly string[]>> = {
  namespace: ['a text'],
  schema: [],
  strategy: [],
  defaults: Object.keys(VALUES),
  validators: [],
  overrides: [],
  state: [],
  clientId: ['a text'],
  labels: [],
  build: ['a text'],
  logger: [],
  maxSnapshotBytes: ['a number'],
  deltas: [],
  prepareTimeoutMs: ['a number'],
  soakMs: ['a number'],
  health: [],
  reports: [],
  vetoRetryMs: ['a number'],
  system: [],
}

const PUBLISHER: Readonly<Record<string, readonly string[]>> = {
  namespace: ['a text'],
  schema: [],
  keepSchema: ['true'],
  store: [],
  mirrors: [],
  validators: [],
  rollout: [],
  policies: [],
  floor: [],
  gates: [],
  author: ['a text', 'two lines'],
  system: [],
  logger: [],
  maxSnapshotBytes: ['a number'],
  maxBoardBytes: [],
  retries: ['a number'],
}

const CONTROLLER: Readonly<Record<string, readonly string[]>> = {
  store: [],
  namespaces: [],
  policies: [],
  gates: [],
  mirrors: [],
  name: ['a text'],
  lookMs: ['a number'],
  reportMs: ['a number'],
  system: [],
  logger: [],
}

const cases = (options: Readonly<Record<string, readonly string[]>>) =>
  Object.entries(options).flatMap(([option, fine]) =>
    Object.keys(VALUES)
      .filter(value => !fine.includes(value))
      .map(value => [option, value] as const),
  )

/** A refusal that names the option; of a list perhaps one of its members. */
const refusalOf = (option: string): unknown =>
  expect.objectContaining({
    code: 'invalid-option',
    message: expect.stringContaining(option.replace(/s$/, '')),
  })

test.each(cases(CLIENT))('the %s of a client is not %s', (option, value) => {
  expect(() => createClient({ ...client, [option]: VALUES[value] } as never)).toThrow(refusalOf(option))
})

test.each(cases(PUBLISHER))('the %s of a publisher is not %s', (option, value) => {
  expect(() => createPublisher({ ...publisher, [option]: VALUES[value] } as never)).toThrow(refusalOf(option))
})

test.each(cases(CONTROLLER))('the %s of a controller is not %s', (option, value) => {
  expect(() => createController({ store: memory(), [option]: VALUES[value] } as never)).toThrow(
    refusalOf(option),
  )
})
