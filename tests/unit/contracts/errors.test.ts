import { describe, expect, it } from 'vitest'
import { asNoticeboardError, isNoticeboardError, NoticeboardError } from '../../../src/contracts/index.js'

describe('the error class', () => {
  it('carries a code, issues and a floor for the next attempt', () => {
    const cause = new Error('inner')
    const issues = [{ path: 'pool.size', message: 'too small', validator: 'schema' }]
    const error = new NoticeboardError('invalid-document', 'the document was refused', {
      cause,
      retryAfterMs: 5,
      issues,
    })
    expect(error).toMatchObject({
      name: 'NoticeboardError',
      code: 'invalid-document',
      retryAfterMs: 5,
      issues,
      cause,
    })
    expect(error).toBeInstanceOf(Error)
    expect(Object.hasOwn(new NoticeboardError('closed', 'x'), 'cause')).toBe(false)
  })

  it('is known across copies of the library by its brand, and by nothing else', () => {
    const foreign = Object.assign(new Error('x'), {
      code: 'conflict',
      [Symbol.for('noticeboard.error')]: true,
    })
    expect(isNoticeboardError(foreign)).toBe(true)
    expect(isNoticeboardError(foreign, 'conflict', 'fork')).toBe(true)
    expect(isNoticeboardError(foreign, 'fork')).toBe(false)
    for (const other of [
      new Error('x'),
      Object.assign(new Error('x'), { name: 'NoticeboardError', code: 'conflict' }),
      null,
      undefined,
      'conflict',
      {},
    ])
      expect(isNoticeboardError(other)).toBe(false)
  })

  it('wraps what is not ours, leaving its text behind', () => {
    const own = new NoticeboardError('fork', 'x')
    expect(asNoticeboardError(own, 'internal', 'y')).toBe(own)
    const wrapped = asNoticeboardError(new Error('hunter2'), 'unavailable', 'the server could not be reached')
    expect(wrapped).toMatchObject({ code: 'unavailable', message: 'the server could not be reached' })
    expect(asNoticeboardError('hunter2', 'internal', 'm').cause).toBe('hunter2')
  })
})
