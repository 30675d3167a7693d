import { isNoticeboardError, type NoticeboardError } from '../../src/contracts/errors.js'

/** The error of ours with which some work fails. */
export async function errorOf(work: Promise<unknown>): Promise<NoticeboardError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!isNoticeboardError(error)) throw new Error('expected one of our errors', { cause: error })
  return error
}
