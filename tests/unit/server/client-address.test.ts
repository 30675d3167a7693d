import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { clientAddress } from '../../../src/server/http/client-address.js'

describe('whose request it is', () => {
  test('is said by the connection alone where no proxy is named', () => {
    const addressOf = clientAddress([])
    expect(addressOf('203.0.113.9', '198.51.100.4')).toBe('203.0.113.9')
    expect(addressOf(undefined, '198.51.100.4')).toBe('unknown')
  })

  test.each([
    ['one proxy', '10.0.0.1', '203.0.113.9', '203.0.113.9'],
    ['what a stranger wrote before it came to the proxy', '10.0.0.1', '1.1.1.1, 203.0.113.9', '203.0.113.9'],
    ['two proxies', '10.0.0.1', '1.1.1.1, 203.0.113.9, 10.9.9.9', '203.0.113.9'],
    ['a proxy that names nobody', '10.0.0.1', undefined, '10.0.0.1'],
    ['proxies only', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['what is no address', '10.0.0.1', '203.0.113.9, _hidden', '10.0.0.1'],
    ['a port', '10.0.0.1', '203.0.113.9:4711', '203.0.113.9'],
    ['a proxy over IPv6', '::1', '[2001:db8:0:1::7]:80', '2001:db8:0:1::/64'],
    ['a proxy of IPv4 on a socket of IPv6', '::ffff:10.0.0.1', '203.0.113.9', '203.0.113.9'],
    ['a stranger who says that it is a proxy', '203.0.113.9', '1.1.1.1', '203.0.113.9'],
  ])('is read from the right: %s', (_, peer, forwarded, wanted) => {
    expect(clientAddress(['10.0.0.0/8', '::1'])(peer, forwarded)).toBe(wanted)
  })

  test('never depends on what stands left of the first address that is no proxy', () => {
    const addressOf = clientAddress(['10.0.0.0/8'])
    const right = '203.0.113.9, 10.0.0.7'
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.ipV4(), fc.ipV6()), left => {
        expect(addressOf('10.0.0.1', `${left}, ${right}`)).toBe('203.0.113.9')
      }),
    )
  })

  test('is one for all addresses of IPv6 that one customer has', () => {
    const addressOf = clientAddress([])
    const same = [
      '2001:db8:0:1::1',
      '2001:DB8::1:ffff:0:0:2',
      '2001:db8:0:1:0:0:0:9%eth0',
      '2001:db8:0:1::1.2.3.4',
    ]
    expect(same.map(address => addressOf(address, undefined))).toEqual(Array(4).fill('2001:db8:0:1::/64'))
    expect(addressOf('2001:db8:0:2::1', undefined)).toBe('2001:db8:0:2::/64')
    expect(addressOf('::1', undefined)).toBe('0:0:0:0::/64')
  })

  test.each(['10.0.0.0/33', 'proxy.internal', '', '10.0.0.0/8/8', '::/129', '10.0.0.0/'])(
    'refuses %j as a proxy',
    text => {
      expect(() => clientAddress([text])).toThrow(expect.objectContaining({ code: 'invalid-option' }))
    },
  )
})
