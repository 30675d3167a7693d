import { folderOf, lineOf, mutate, sayProgress, scoreOf, survivorsOf } from '../mutation/mutate.js'
import type { Part } from './part.js'

/**
 * The least share of drawn mutants that the nearest tests have to notice. It is half, since those
 * that survive have not all been read: some change nothing, and others only a farther test notices.
 */
const LEAST = 0.5

/** Small changes to the sources, drawn anew by the seed: most of them a unit test has to notice. */
export const mutants: Part = {
  name: 'mutants',
  what: 'mutants',
  settings: ['mutants', 'seed'],
  async run({ settings, workers, progress, show, say }) {
    const { mutants: sample, seed } = settings
    const tried = await mutate({
      paths: ['src'],
      sample,
      seed,
      untilMs: Infinity,
      lanes: workers,
      progress: news => {
        if (news.type === 'tried') progress(news.done, news.of, news.one.verdict)
        else say(`mutants  ${sayProgress(news).trim()}`)
      },
    })
    const folders = [...new Set(tried.map(folderOf))].toSorted()
    const scores = Object.fromEntries(
      folders.map(folder => [folder, scoreOf(tried.filter(one => folderOf(one) === folder))]),
    )
    const open = survivorsOf(tried).filter(({ why }) => why === undefined)
    for (const one of open) say(`mutants  not noticed: ${lineOf(one)}`)
    const { share } = scoreOf(tried)
    const text = `tests notice ${(share * 100).toFixed(0)} % of ${tried.length} mutants, and have to notice ${LEAST * 100} %`
    const violations =
      share >= LEAST ? [] : [{ text, replay: `npm run mutate -- src --sample ${sample} --seed ${seed}` }]
    violations.forEach(show)
    return { tried: tried.length, violations, figures: { share, scores, open: open.map(lineOf) } }
  },
}
