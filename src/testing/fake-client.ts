import type { Client } from '../client/client.js'
import { createEmitter } from '../client/events.js'
import { freezeValue } from '../client/apply/freeze.js'
import { createSelected } from '../client/select.js'
import { checkOptions } from '../core/options.js'
import { isThenable } from '../core/built-ins.js'
import { canonicalize } from '../core/json/canonical.js'
import { parseCanonical } from '../core/json/strict-parse.js'
import { encodeText } from '../core/json/text.js'
import { MAX_SNAPSHOT_BYTES } from '../core/limits.js'
import { assertSchema } from '../core/schema/assert-schema.js'
import { forSchema } from '../core/schema/validate.js'
import { silentLogger } from '../core/silent-logger.js'
import { assertPrepared, type Participant, type Prepared } from '../client/apply/participants.js'
import type { ClientStatus } from '../client/status.js'
import type { Running } from '../client/running.js'
import type { DeepReadonly } from '../contracts/deep-readonly.js'
import { NoticeboardError } from '../contracts/errors.js'
import type { InputOf, OutputOf, Schema } from '../contracts/schema.js'

/** A client for unit tests: the same type, and `set()`. */
export interface FakeClient<Input, Value> extends Client<Value> {
  /**
   * Makes this document what runs, at once: written as JSON and read again as a real one is,
   * validated, frozen, participants and listeners called before it returns. Throws what the schema
   * or a participant refuses, and `invalid-data` for what no publisher could publish (a `Date`,
   * NaN, a function), and changes nothing then. What a `commit()` throws is thrown once everybody
   * has switched. The document that was given stays as it is.
   */
  set(document: Input): void
}

/**
 * A client that holds a value and nothing else: no timers, no sockets, no files. It is ready from
 * the start. The schema must validate without waiting. Throws `invalid-option` for a schema that
 * waits, and `invalid-document` for a value that does not pass.
 *
 * ```ts
 * const config = fakeClient(schema, { pool: { size: 10 } })
 * config.set({ pool: { size: 1 } })
 * ```
 */
export function fakeClient<const S extends Schema>(
  schema: S,
  document: NoInfer<InputOf<S>>,
): FakeClient<InputOf<S>, OutputOf<S>> {
  assertSchema(schema)
  type Value = DeepReadonly<OutputOf<S>>
  const events = createEmitter<Value>(silentLogger)
  const participants = new Set<Participant<Value>>()
  const run = (value: Value, version: number): Running<Value> =>
    Object.freeze({
      value, digest: undefined, version, position: undefined, origin: 'network', arm: 'stable', rolloutId: undefined, overridden: [],
    }) // prettier-ignore
  let running = run(validate<S>(schema, document), 1)
  let status: ClientStatus = 'ready'
  let paused = false
  let waiting: { readonly value: Value } | undefined

  const apply = (next: Value): void => {
    const prepared = prepareAll(participants, next, error => events.emit('error', error))
    const previous = running.value
    running = run(next, (running.version ?? 0) + 1)
    const failures: unknown[] = []
    for (const { commit } of prepared)
      try {
        commit()
      } catch (error) {
        failures.push(error)
      }
    events.emit('change', { previous, current: next, running, release: undefined })
    // A real client logs it, and a test wants to see it.
    if (failures.length > 0) throw failures[0]
  }

  const assertOpen = (): void => {
    if (status === 'closed') throw new NoticeboardError('closed', 'this client is closed')
  }

  const source = {
    logger: silentLogger,
    of: {
      get current() {
        return running.value
      },
    },
    running: () => running,
    onChange: (tell: (value: Value) => void) => events.on('change', ({ current }) => tell(current)),
  }
  const client: FakeClient<InputOf<S>, OutputOf<S>> = {
    get current() {
      return running.value
    },
    get running() {
      return running
    },
    get ageMs() {
      return 0
    },
    get status() {
      return status
    },
    bound: 'fake: a change arrives with set()',
    orphaned: undefined,
    set(next) {
      assertOpen()
      const checked = validate<S>(schema, next)
      if (paused) waiting = { value: checked }
      else apply(checked)
    },
    async ready(options = {}) {
      checkOptions('ready()', options, { timeoutMs: true, fallbackTo: true, signal: true })
      assertOpen()
      options.signal?.throwIfAborted()
      return client
    },
    async refresh(options = {}) {
      checkOptions('refresh()', options, { signal: true })
      assertOpen()
      options.signal?.throwIfAborted()
    },
    select(pick, options = {}) {
      checkOptions('select()', options, { equal: true })
      return createSelected({ pick, equal: options.equal, ...source })
    },
    subscribe: createSelected({ pick: (value: Value) => value, equal: Object.is, ...source }).subscribe,
    participate(participant) {
      participants.add(participant)
      return () => void participants.delete(participant)
    },
    on: (name, listener) => events.on(name, listener),
    // No rollout asks for anything here.
    measure() {},
    pause() {
      paused = true
    },
    resume() {
      paused = false
      const next = waiting
      waiting = undefined
      if (next !== undefined) apply(next.value)
    },
    async close() {
      status = 'closed'
      events.removeAll()
    },
    [Symbol.asyncDispose]: () => client.close(),
  }
  return client
}

/**
 * What the schema makes of a document that travelled: its canonical form and back, as a publisher
 * and a client take it.
 */
function validate<S extends Schema>(schema: S, document: unknown): DeepReadonly<OutputOf<S>> {
  const travelled = parseCanonical(encodeText(canonicalize(document)), {
    what: 'the document',
    maxBytes: MAX_SNAPSHOT_BYTES,
  })
  const result = (schema as Schema<unknown, unknown>)['~standard'].validate(forSchema(schema, travelled))
  if (isThenable(result)) {
    throw new NoticeboardError(
      'invalid-option',
      'fakeClient needs a schema that validates at once, without async refinements',
    )
  }
  if (result.issues === undefined) return freezeValue(result.value as DeepReadonly<OutputOf<S>>)
  // A test's own values are no secrets, and its author wants to see what is wrong.
  const told = result.issues.map(
    ({ message, path = [] }) =>
      `${path.map(step => String(typeof step === 'object' ? step.key : step)).join('.')}: ${message}`,
  )
  throw new NoticeboardError('invalid-document', `the document does not pass the schema: ${told.join('; ')}`)
}

/**
 * Everybody's preparation, or the first refusal. One that prepares asynchronously commits when it
 * is ready; its refusal comes too late for a veto, and is told.
 */
function prepareAll<Value>(
  participants: ReadonlySet<Participant<Value>>,
  next: Value,
  onLate: (error: NoticeboardError) => void,
): readonly { commit(): void }[] {
  const ready: { commit(): void; discard?(): void }[] = []
  const { signal } = new AbortController()
  try {
    for (const participant of participants) {
      const refused = (cause: unknown): void =>
        onLate(
          new NoticeboardError('vetoed', `participant "${participant.name}" refused the change`, { cause }),
        )
      ready.push(whenPrepared(participant.name, participant.prepare(next, { signal }), refused))
    }
    return ready
  } catch (error) {
    for (const { discard } of ready) discard?.()
    throw error
  }
}

function whenPrepared(
  name: string,
  prepared: Prepared | PromiseLike<Prepared>,
  refused: (cause: unknown) => void,
): { commit(): void; discard?(): void } {
  if (!isThenable(prepared)) {
    assertPrepared(name, prepared)
    return { commit: () => prepared.commit(), discard: () => prepared.discard?.() }
  }
  const ready = Promise.resolve(prepared).then(late => {
    assertPrepared(name, late)
    return late
  })
  return {
    commit: () => void ready.then(late => late.commit()).catch(refused),
    // Another one refused already, and that is told.
    discard: () => void ready.then(late => late.discard?.()).catch(() => {}),
  }
}
