import { describe, expect, test } from 'vitest'
import { findSiblings, type SiblingKind } from '../../support/siblings.js'
import { strategySiblings } from './strategies.js'
import { things } from './things.js'
import { transportSiblings } from './transports.js'

const { makers, takesSignal } = findSiblings()
const unique = (names: readonly string[]): readonly string[] => [...new Set(names)].sort()

const thingsOf = (...types: readonly string[]): readonly string[] =>
  things.filter(({ type }) => types.includes(type)).map(({ maker }) => maker)

/** What is tried, by kind: each from the table of its kind. */
const tried: Readonly<Record<SiblingKind, readonly string[]>> = {
  strategy: strategySiblings.map(({ maker }) => maker),
  transport: transportSiblings.map(({ maker }) => maker),
  source: thingsOf('Source'),
  state: thingsOf('StateStorage'),
  closable: thingsOf('Client', 'Controller', 'Handler', 'Publisher', 'FakeClient', 'Server'),
}

/** Calls of things that are tried, as `Type.method`. */
const callsOfThings = await Promise.all(
  things.map(async ({ type, open }) => {
    const { calls, close } = await open()
    await close?.()
    return Object.keys(calls).map(call => `${type}.${/^\w+/.exec(call)?.[0]}`)
  }),
)

describe('what is exported', () => {
  test.each(Object.keys(tried) as readonly SiblingKind[])('every %s of the entry points is tried', kind => {
    expect(makers.get(kind)).toEqual(unique(tried[kind]))
  })

  test('every call that takes a signal belongs to a kind that is tried', () => {
    // Those of the tables of strategies and transports are found there by themselves.
    const inTables = /^(?:\w*(?:Store|Transport|Strategy)|Mirror|Cached|Fallback)\./
    const known = new Set(callsOfThings.flat())
    /** Types that say the same of the same thing. */
    const sameAs = new Map([['Client.subscribe', 'Selected.subscribe']])
    // What users or drivers implement is called by us and gives no promise of ours.
    const given =
      /^(?:StoreEngine|TokenSource|EtcdClient|Session|Participant|Validator|Gate|HealthOptions|HttpOptions|EtcdGatewayOptions|RolloutListener|WebhookOptions)\.|^engineNews$/
    // Takes minutes on a server of its own; its signal is tried where it is.
    const elsewhere = /^measureCosts$/
    const thingOf = (name: string): string => (name.includes('.') ? name : `Function.${name}`)
    const untried = takesSignal.filter(
      name =>
        ![inTables, given, elsewhere].some(each => each.test(name)) &&
        !known.has(sameAs.get(name) ?? thingOf(name)),
    )
    expect(untried).toEqual([])
  })
})
