/**
 * Counts rounds up: warm-ups first, then those that are measured. On a machine that is busy with
 * other things it stops early, so that a benchmark ends in time whatever happens; some rounds are
 * always measured.
 * @param {{ warmUps: number, most: number, least: number, budgetMs: number }} options
 */
export function* countRounds({ warmUps, most, least, budgetMs }) {
  const startedMs = performance.now()
  for (let index = 0; index < warmUps + most; index += 1) {
    const measured = index - warmUps
    if (measured >= least && performance.now() - startedMs > budgetMs) return
    yield { index, isMeasured: measured >= 0 }
  }
}
