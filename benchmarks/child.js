// What every process that a benchmark starts has in common: it answers questions, and goes when
// nobody is there to ask.

/** What this process was started with. */
export const settings = JSON.parse(process.argv[2] ?? '{}')

// Whoever started this process ends it, also on Ctrl-C; should that one die, this one goes too.
process.on('SIGINT', () => {})
process.on('disconnect', () => process.exit())

/** How often an answer that takes long says that it goes on, in milliseconds. */
const SIGN_MS = 500

/** @typedef {{ id: number, what: string, question: unknown }} Question */

/**
 * Answers the questions of whoever started this process. Says that it is ready. An answer that takes
 * long calls `goesOn` for every step: it is waited for as long as it does.
 * @param {Record<string, (question: any, goesOn: () => void) => unknown>} answers by what is asked
 */
export function answerQuestions(answers) {
  const all = { processorMs, ...answers }
  process.on('message', question => void answer(/** @type {Question} */ (question)))
  process.send?.({ id: 0 })

  /** @param {Question} asked */
  async function answer({ id, what, question }) {
    try {
      const given = all[what]
      if (given === undefined) throw new Error(`nobody answers "${what}"`)
      let saidMs = performance.now()
      const goesOn = () => {
        if (performance.now() - saidMs < SIGN_MS) return
        saidMs = performance.now()
        process.send?.({ id, goesOn: true })
      }
      process.send?.({ id, answer: await given(question, goesOn) })
    } catch (error) {
      process.send?.({
        id,
        problem: error instanceof Error ? (error.stack ?? error.message) : String(error),
      })
    }
  }
}

function processorMs() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}
