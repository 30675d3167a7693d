import type { Client } from '../../../../src/client/client.js'
import type { Validator } from '../../../../src/contracts/validator.js'
import { canonicalize } from '../../../../src/core/json/canonical.js'
import type { SimProcess } from '../../../../src/sim/process.js'
import { runningOf } from '../running-of.js'
import type { World } from '../world.js'

/** What is asked and told on the way of a change, held against what readers saw just before. */
export interface PreviousWatch {
  /** For the option `validators`: sees what each validator is given. */
  readonly validator: Validator
  /** Begins to listen. */
  watch(client: Client<unknown>): void
}

/**
 * `previous-is-what-ran`: what a validator and a listener of `change` are given as `previous`, and
 * what a reader has while a participant prepares, is what ran until this very change: the same
 * object to listeners, the same content to validators.
 */
export function watchPrevious(
  { truth, sometimes }: World,
  {
    own,
    made,
  }: {
    readonly own: SimProcess
    /** What this client makes of a document that ran: its schema's output. */
    readonly made: (document: unknown) => unknown
  },
): PreviousWatch {
  let client: Client<unknown> | undefined
  let shown: unknown
  /**
   * What was committed to participants last, and whether readers saw something since of which
   * participants are not told.
   */
  let held: unknown
  let aside = false

  const complain = (what: string): void => {
    if (own.alive) truth.violate('previous-is-what-ran', `${own.name}: ${what}`)
  }
  const runs = (): unknown => runningOf(client)?.value

  return {
    validator: {
      name: 'previous',
      validate(_value, { previous }) {
        const running = runs()
        if (running === undefined ? previous !== undefined : previous === undefined)
          return complain(
            `a validator was told of ${previous === undefined ? 'nothing' : 'something'} before, and that is not so`,
          )
        if (running === undefined) return undefined
        sometimes.add('a validator was told what ran')
        if (canonicalize(made(previous)) !== canonicalize(running))
          complain('a validator was told of another document than ran')
        return undefined
      },
    },
    watch(started) {
      client = started
      client.participate({
        name: 'witness',
        prepare() {
          if (!Object.is(runs(), shown)) complain('what readers saw changed before a change was prepared')
          const before = shown
          return {
            commit() {
              // Defaults may come meanwhile, for whoever waits no longer.
              if (!aside && !Object.is(shown, before))
                complain('a participant prepared on top of something that did not run when it switched')
              if (!aside && !Object.is(held, shown))
                complain('a participant missed a change that readers saw')
              held = runs()
              aside = false
            },
          }
        },
      })
      client.on('change', ({ previous, current, running }) => {
        if (!Object.is(previous, shown)) complain('a listener was told of another value before than ran')
        if (!Object.is(current, runningOf(started)?.value))
          complain('a listener was told of a change to what does not run')
        if (shown !== undefined) sometimes.add('a listener was told what ran before')
        shown = current
        aside = running.origin === 'defaults'
      })
    },
  }
}
