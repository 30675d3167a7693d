import { describe, expect, test } from 'vitest'
import { findSiblings, type SiblingKind } from '../../support/siblings.js'
import { strategySiblings } from './strategies.js'
import { transportSiblings } from './transports.js'

const { makers, takesSignal } = findSiblings()
const unique = (names: readonly string[]): readonly string[] => [...new Set(names)].sort()

/** What is tried, by kind; those without a table are tried one by one. */
const tried: Readonly<Record<SiblingKind, readonly string[]>> = {
  strategy: strategySiblings.map(({ maker }) => maker),
  transport: transportSiblings.map(({ maker }) => maker),
  source: ['configFile', 'jsonFile', 'yamlFile'],
  state: ['stateFolder'],
  closable: ['createClient', 'createHandler', 'createPublisher', 'fakeClient', 'serve'],
}

describe('what is exported', () => {
  test.each(Object.keys(tried) as readonly SiblingKind[])('every %s of the entry points is tried', kind => {
    expect(makers.get(kind)).toEqual(unique(tried[kind]))
  })

  test('every call that takes a signal belongs to a kind that is tried', () => {
    const known =
      /^(?:\w*(?:Store|Transport|Strategy)|Mirror|Cached|Fallback)\.|^(?:(?:Fake)?Client|Selected)\.(?:ready|refresh|subscribe)$|^Publisher\.(?:follow|history|openEpoch|publish|rollback)$/
    // What users or drivers implement is called by us and gives no promise of ours.
    const given =
      /^(?:StoreEngine|EtcdClient|Source|Session|Participant|Validator|HttpOptions|EtcdGatewayOptions|(?:Virtual)?Clock)\.|^engineNews$|^Handler\.fetch$/
    expect(takesSignal.filter(name => !known.test(name) && !given.test(name))).toEqual([])
  })
})
