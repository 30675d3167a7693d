import { expect, test } from 'vitest'
import { NoticeboardError } from '../../../src/contracts/errors.js'
import { answerFor } from '../../../src/server/http/answers.js'

test.each([
  [1_500, '2'],
  [999_999_999_000, '60'],
  [Number.POSITIVE_INFINITY, '60'],
  [-1, '0'],
])(
  'a relay passes on a Retry-After of %d ms as %s s, since it asks again by then',
  (retryAfterMs, header) => {
    const answer = answerFor(new NoticeboardError('unavailable', 'busy', { retryAfterMs }))
    expect(answer).toMatchObject({ status: 503, headers: { 'Retry-After': header } })
  },
)
