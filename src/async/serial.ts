/** Runs work on one subject at a time, in the order of the calls; see {@link createSerial}. */
export type Serial = <Result>(subject: string, work: () => Promise<Result>) => Promise<Result>

/**
 * Makes a queue for each subject: work on one subject runs one piece after the other in the order
 * of the calls, work on different subjects at the same time. A failure rejects its own call and
 * does not stop the queue.
 *
 * ```ts
 * const serial = createSerial()
 * await serial(path, () => rewrite(path))
 * ```
 */
export function createSerial(): Serial {
  const last = new Map<string, Promise<unknown>>()
  return (subject, work) => {
    const before = last.get(subject) ?? Promise.resolve()
    const mine = before.then(work, work)
    last.set(subject, mine)
    const forget = (): void => {
      if (last.get(subject) === mine) last.delete(subject)
    }
    mine.then(forget, forget)
    return mine
  }
}
