import { bundle } from '../sim/bundle.js'
import { runMany } from '../sim/run-many.js'
import type { SeedLine } from '../sim/seed-process.js'
import { neverHappened, SOMETIMES } from '../sim/sometimes.js'
import type { Part, Violation } from './part.js'
import { count } from './progress.js'

/** Histories between two savings. */
const BLOCK = 5_000

/** With fewer histories some things do not happen. */
const ENOUGH = 5_000

type Figures = {
  readonly from: number
  readonly events: number
  /** In how many histories each thing that has to happen somewhere did. */
  readonly sometimes: Readonly<Record<string, number>>
}

/** Histories of the simulation. */
export const seeds: Part = {
  name: 'seeds',
  what: 'histories',
  settings: ['seeds', 'from'],
  async run({ settings: { seeds: total, from }, workers, progress, show, before, save }) {
    const violations: Violation[] = [...(before?.violations ?? [])]
    const earlier = before?.figures as Figures | undefined
    const sometimes = new Map<string, number>(Object.entries(earlier?.sometimes ?? {}))
    let events = earlier?.events ?? 0
    let done = before?.tried ?? 0
    const blame = (violation: Violation): void => {
      violations.push(violation)
      show(violation)
    }
    const hear = (line: SeedLine): void => {
      done += 1
      events += line.events
      for (const thing of line.sometimes) sometimes.set(thing, (sometimes.get(thing) ?? 0) + 1)
      const [first] = line.violations
      if (first !== undefined)
        blame({
          text: `seed ${line.seed}: ${first.oracle}: ${first.text}`,
          replay: `npm run sim -- ${line.seed} trace`,
        })
      progress(done, total, `${count(violations.length)} with violations`)
    }
    const outcome = (): { tried: number; violations: Violation[]; figures: Figures } => ({
      tried: done,
      violations,
      figures: { from, events, sometimes: Object.fromEntries([...sometimes].toSorted()) },
    })

    const file = await bundle({ entry: 'seed-process' })
    for (let first = done; first < total; first += BLOCK) {
      const length = Math.min(BLOCK, total - first)
      try {
        await runMany({ file, from: from + first, count: length, workers, onSeed: hear })
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error)
        const seed = /^seed (\d+)/.exec(text)?.[1]
        blame({ text, ...(seed !== undefined && { replay: `npm run sim -- ${seed} trace` }) })
      }
      await save(outcome())
    }

    if (total >= ENOUGH) {
      const happened = SOMETIMES.filter(thing => sometimes.has(thing))
      for (const thing of neverHappened([happened]))
        blame({ text: `in ${count(total)} histories never: ${thing}` })
    }
    return outcome()
  },
}
