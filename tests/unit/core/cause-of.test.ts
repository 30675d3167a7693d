import { describe, expect, test } from 'vitest'
import { NoticeboardError } from '../../../src/contracts/errors.js'
import { causeOf, hideValues } from '../../../src/core/cause-of.js'
import { encodeText } from '../../../src/core/json/text.js'

const lost = (cause: unknown): NoticeboardError => new NoticeboardError('unavailable', 'lost', { cause })

describe('what caused an error is told in the words of who threw it', () => {
  test.each<readonly [thrown: unknown, told: string | undefined]>([
    [
      new Error('git rev-parse ended with 128: fatal: not a git repository'),
      'git rev-parse ended with 128: fatal: not a git repository',
    ],
    [
      Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' }),
      'connect ECONNREFUSED 127.0.0.1:5432',
    ],
    [Object.assign(new Error('the disk is full'), { code: 'SQLITE_FULL' }), 'SQLITE_FULL the disk is full'],
    [
      new TypeError('fetch failed', { cause: new Error('connect ETIMEDOUT') }),
      'fetch failed: connect ETIMEDOUT',
    ],
    [
      new NoticeboardError('forbidden', 'the table "noticeboard" is missing'),
      'the table "noticeboard" is missing',
    ],
    [new TypeError(''), 'TypeError'],
    ['a text', undefined],
    [undefined, undefined],
  ])('%s', (thrown, told) => {
    expect(causeOf(lost(thrown))).toBe(told)
  })

  test('of an error that is not ours nothing is told: who threw it is not known', () => {
    expect(causeOf(new Error('outer', { cause: new Error('inner') }))).toBeUndefined()
  })

  test('in one line of 200 characters at most, however many causes there are and however long they are', () => {
    let cause = new Error('at the bottom\nof it')
    for (let left = 10; left > 0; left -= 1) cause = new Error(`level ${left}\r\n  at x`, { cause })
    expect(causeOf(lost(cause))).toBe('level 1 at x: level 2 at x: level 3 at x: level 4 at x')
    const long = causeOf(lost(new Error('a line\n'.repeat(1_000_000))))
    expect(long).toHaveLength(200)
    expect(long).not.toMatch(/[\n\r]/)
  })

  test('without an end, where an error is its own cause', () => {
    const own = new Error('own')
    own.cause = own
    expect(causeOf(lost(own))).toBe('own')
  })
})

describe('what may be a value or a secret is left out', () => {
  const parseError = (text: string): string => {
    try {
      JSON.parse(text)
      return ''
    } catch (error) {
      return (error as Error).message
    }
  }

  test.each([
    parseError('{"password":"hunter2","pool":hunter2}'),
    parseError('"hunter2'),
    parseError('hunter2'),
    'cannot write {"password":"hunter2"} here',
    'cannot write {"password":"hunter2", "cut',
    'near "hunter2": syntax error',
    "near 'hunter2'': syntax error",
    'unrecognized token: "hunter2',
    'the value `hunter2` is not allowed',
    'duplicate entry \'hunter2\' for key "PRIMARY"',
    'Failed row contains [hunter2, 1]',
    'connect to postgres://admin:hunter2@db.internal:5432/board?password=hunter2 failed',
    'connect with host=db password=hunter2',
    `token ${'hunter2'.repeat(8)} was refused`,
    `<Buffer ${Buffer.from('hunter2').toString('hex')}> is no text`,
  ])('%s', message => {
    const told = causeOf(lost(new Error(message)))
    expect(told).not.toContain('hunter2')
    expect(told).not.toContain(Buffer.from('hunter2').toString('hex'))
  })

  test('an apostrophe is no quotation', () => {
    expect(causeOf(lost(new Error("the server doesn't answer, and the replica doesn't either")))).toBe(
      "the server doesn't answer, and the replica doesn't either",
    )
  })

  test('the words of values that were at hand, wherever they stand', () => {
    const error = new Error('hunter2 is too long for a column; pool, 80', {
      cause: new Error('at hunter2.'),
    })
    hideValues(error, [encodeText('{"password":"hunter2","pool":80}')])
    expect(causeOf(lost(error))).toBe('… is too long for a column; …, …: at ….')
  })
})
