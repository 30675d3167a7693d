import { describe, expect, test } from 'vitest'
import { http } from '../../../../src/transports/http/index.js'

describe('the base address', () => {
  test.each([
    ['https://config.internal', 'http https://config.internal'],
    ['http://127.0.0.1:8420/', 'http http://127.0.0.1:8420'],
    ['https://config.internal/board//', 'http https://config.internal/board'],
    ['HTTPS://Config.Internal:443/Board', 'http https://config.internal/Board'],
  ])('%s is known as %s', (address, name) => {
    expect(http(address).name).toBe(name)
  })

  test.each([
    ['config.internal', 'absolute'],
    ['', 'absolute'],
    ['/board', 'absolute'],
    ['ftp://config.internal', 'write http: or https:'],
    ['file:///etc/passwd', 'write http: or https:'],
    ['https://user:hunter2@config.internal', 'user name or password'],
    ['https://user@config.internal', 'user name or password'],
    ['https://config.internal/?key=hunter2', 'query or a fragment'],
    ['https://config.internal/#hunter2', 'query or a fragment'],
    [undefined as unknown as string, 'absolute'],
  ])('%s is refused with what to do, and no part of it is repeated', (address, words) => {
    expect(() => http(address)).toThrow(
      expect.objectContaining({ code: 'invalid-option', message: expect.stringContaining(words) }),
    )
    expect(() => http(address)).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('hunter2') }),
    )
  })

  test.each([
    { timeoutMs: 0 },
    { timeoutMs: Number.NaN },
    { firstEventTimeoutMs: -1 },
    { maxSnapshotBytes: 0 },
    { token: '' },
  ])('the options %o are refused at the call', options => {
    expect(() => http('https://config.internal', options)).toThrow(
      expect.objectContaining({ code: 'invalid-option' }),
    )
  })
})
