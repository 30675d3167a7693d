import type { Grant, TokenRecord, TokenSource } from '../../src/contracts/access.js'
import { NoticeboardError } from '../../src/contracts/errors.js'
import type { Random } from '../../src/contracts/system.js'
import { drawToken } from '../../src/core/access/token.js'
import { systemHasher, systemRandom } from '../../src/system/system.js'

/** A source of tokens that a test gives out and takes back. */
export interface TokenBox extends TokenSource {
  give(grant: Grant & Pick<Partial<TokenRecord>, 'expiresAt'>): string
  revoke(name: string): void
  /** From now on, whether it can be read. */
  isReadable: boolean
}

export function tokenBox({ random = systemRandom }: { readonly random?: Random } = {}): TokenBox {
  const records = new Map<string, TokenRecord>()
  const box: TokenBox = {
    isReadable: true,
    async tokens() {
      if (!box.isReadable) throw new NoticeboardError('unavailable', 'the disk reports an error')
      return [...records.values()]
    },
    give(grant) {
      const { token, record } = drawToken(
        { createdAt: '2026-01-01T00:00:00.000Z', ...grant },
        { random, hasher: systemHasher },
      )
      records.set(grant.name, record)
      return token
    },
    revoke: name => void records.delete(name),
  }
  return box
}
