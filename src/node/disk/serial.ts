/** Runs work on one subject after the other, in the order of the calls; a failure is its caller's and holds up nobody. */
export type Turns = <Result>(subject: string, work: () => Promise<Result>) => Promise<Result>

export function createTurns(): Turns {
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
