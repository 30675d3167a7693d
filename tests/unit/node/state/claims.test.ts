import { expect, test } from 'vitest'
import { createClaims, type Claim } from '../../../../src/node/state/claims.js'
import { canonicalize } from '../../../../src/core/json/canonical.js'
import { encodeText } from '../../../../src/core/json/text.js'
import { memoryDisk } from '../../../proof/fuzz/memory-disk.js'

const claim = (instanceId: string): Claim => ({
  instanceId,
  owner: `owner-${instanceId}`,
  bootId: 'boot',
  at: '2026-11-21T09:00:00.000Z',
})
const bytesOf = (of: Claim): Uint8Array => encodeText(canonicalize({ ...of, v: 1 }))
const PATH = '/state/slots/0'

test('a claim that is over and that another got out of the way meanwhile is free to be taken', async () => {
  const disk = new Map<string, Uint8Array | string>([[PATH, bytesOf(claim('one'))]])
  const moved: string[] = []
  const claims = createClaims(memoryDisk(disk), {
    temporary: async () => '/tmp/never',
    replace: async () => {},
    async moveAside(path) {
      disk.delete(path)
      return undefined
    },
    async discard(path) {
      moved.push(path)
    },
    async claim(path, bytes) {
      if (disk.has(path)) return 'taken'
      disk.set(path, bytes)
      return 'linked'
    },
  })
  expect(await claims.take(PATH, claim('two'), () => true)).toBe(true)
  expect(await claims.holder(PATH)).toEqual(claim('two'))
  expect(moved).toEqual([])
  expect(await claims.take(PATH, claim('three'), () => false)).toBe(false)
})
