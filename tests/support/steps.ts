import { systemClock } from '../../src/system/system.js'

/**
 * The places at which an operation waits for the outside: each call of what it was given, before
 * the call reaches it and after it has answered. One thing can be let happen at one of them, by its
 * number.
 */
export interface Steps {
  /** The names of those that were passed since `arm`, in order. */
  readonly passed: readonly string[]
  /** The place at which it happened. */
  readonly happenedAt: string | undefined
  /** What is iterated: begun, and not yet at its end or given up. */
  readonly iterated: readonly string[]
  /** Lets something happen at the place with that number, from 1, counted from now on. */
  arm(at: number, happening: Happening): void
  /** Nothing happens any more, and nothing is counted. */
  disarm(): void
  /** Passes a place: resolves or rejects as what happens there does. */
  pass(name: string): Promise<unknown>
  /**
   * The same thing, with a place before and after each call of one of its methods: of these only,
   * where some are named.
   */
  around<Thing extends object>(name: string, thing: Thing, methods?: readonly (keyof Thing)[]): Thing
}

/**
 * What it throws is thrown by the call; what it waits for, the call waits for; what {@link instead}
 * makes takes the answer's place.
 */
export type Happening = (place: string) => unknown

/** Something else that is answered. */
export interface Instead {
  readonly [INSTEAD]: (answer: unknown) => unknown
}

const INSTEAD = Symbol('instead')

/**
 * What a happening results in so that the call at its place answers something else; before the
 * answer it changes nothing.
 */
export function instead(change: (answer: unknown) => unknown): Instead {
  return { [INSTEAD]: change }
}

function changed(happened: unknown, answer: unknown): unknown {
  return typeof happened === 'object' && happened !== null && INSTEAD in happened
    ? (happened as Instead)[INSTEAD](answer)
    : answer
}

/** Makes {@link Steps}. */
export function createSteps(): Steps {
  let passed: string[] = []
  let counting = false
  let armed: { readonly at: number; readonly happening: Happening } | undefined
  const iterated = new Map<object, string>()

  async function* items<Item>(
    title: string,
    begin: () => AsyncIterable<Item>,
  ): AsyncGenerator<Item, void, undefined> {
    const own = {}
    iterated.set(own, title)
    try {
      await steps.pass(title)
      for await (const item of begin()) yield changed(await steps.pass(`${title}, an item`), item) as Item
    } finally {
      iterated.delete(own)
    }
  }

  const steps: Steps = {
    get passed() {
      return passed
    },
    get happenedAt() {
      return armed && passed[armed.at - 1]
    },
    get iterated() {
      return [...iterated.values()]
    },
    arm(at, happening) {
      passed = []
      armed = { at, happening }
      counting = true
    },
    disarm() {
      counting = false
    },
    async pass(name) {
      if (armed === undefined || !counting) return undefined
      passed.push(name)
      const isHere = passed.length === armed.at
      // Outside is not here: nothing answers in the turn in which it was asked.
      await systemClock.turn()
      return isHere ? armed.happening(name) : undefined
    },
    around(name, thing, methods) {
      return new Proxy(thing, {
        get(target, property) {
          const method: unknown = Reflect.get(target, property)
          if (typeof method !== 'function' || typeof property !== 'string') return method
          const call = method.bind(target) as (...args: readonly unknown[]) => unknown
          if (methods?.includes(property as keyof typeof thing) === false) return call
          const title = `${name}.${property}`
          if (ITERATED.has(property))
            return (...args: readonly unknown[]) =>
              items(title, () => call(...args) as AsyncIterable<unknown>)
          return async (...args: readonly unknown[]) => {
            await steps.pass(title)
            const answer = await call(...args)
            return changed(await steps.pass(`${title}, answered`), answer)
          }
        },
      })
    },
  }
  return steps
}

/** Methods whose result is iterated and not awaited. */
const ITERATED: ReadonlySet<string> = new Set(['watch', 'history', 'changes', 'listen'])
