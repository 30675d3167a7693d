import type { Mutant } from './mutants.js'
import type { Outcome, Trial } from './trial.js'

/** Tells whether tests notice mutants; those that fail as things are notice nothing. */
export interface Judge {
  verdictOf(mutant: Mutant, tests: readonly string[]): Promise<Outcome['verdict']>
}

/** Makes a {@link Judge}, which remembers what it learned of files of tests. */
export function createJudge({
  tryTests,
  onSick,
}: {
  readonly tryTests: (trial: Trial) => Promise<Outcome>
  /** A file of tests fails without a mutant; told once. */
  readonly onSick: (test: string) => void
}): Judge {
  /** Whether a file of tests passes as things are; asked once it has failed with a mutant. */
  const sound = new Map<string, Promise<boolean>>()
  const isSound = (test: string): Promise<boolean> => {
    const known = sound.get(test)
    if (known !== undefined) return known
    const asked = tryTests({ tests: [test] }).then(({ verdict }) => {
      if (verdict !== 'passed') onSick(test)
      return verdict === 'passed'
    })
    sound.set(test, asked)
    return asked
  }

  return {
    async verdictOf(mutant, tests) {
      let left = tests
      while (left.length > 0) {
        const { verdict, failed } = await tryTests({ tests: left, mutant })
        if (verdict !== 'failed' || failed.length === 0) return verdict
        const sick: string[] = []
        for (const test of failed) if (!(await isSound(test))) sick.push(test)
        if (sick.length < failed.length) return 'failed'
        left = left.filter(test => !sick.includes(test))
      }
      return 'passed'
    },
  }
}
