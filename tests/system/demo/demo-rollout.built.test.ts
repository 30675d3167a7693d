import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root } from '../../../scripts/entry-points.js'
import { temporaryFolder } from '../../support/place.js'
import { start } from '../../support/program.js'
import { WHOLE } from '../../support/scale.js'

// The whole thing takes its time; everything here runs one demo after the other.
const limitMs = 600_000

/** Patience: here the machine runs other tests beside it, and what is promised are counts. */
const few = ['--clients', '20', '--only', 'pull', '--seed', '7', '--patience', '20']

async function demo(
  ...args: readonly string[]
): Promise<{ readonly status: number | string; readonly output: string }> {
  const program = start([process.execPath, join(root, 'examples/demo-rollout/main.js'), ...args], {
    env: { NO_COLOR: '1', TMPDIR: temporaryFolder() },
  })
  const status = await program.ended
  return { status, output: program.output }
}

/**
 * The row of the table of one way: clients that met the document, those there are, processes down,
 * deaths.
 */
function figuresOf(output: string, way: string, strategy = 'pull'): readonly number[] {
  const row = new RegExp(
    `^  ${strategy.padEnd(8)}${way} +(\\d+) of (\\d+) +(\\d+) of \\d+ +(\\d+) `,
    'm',
  ).exec(output)
  return (row ?? []).slice(1).map(Number)
}

/** What can be taken away, and what is said then. */
const REMOVED: readonly (readonly [part: string, says: RegExp])[] = [
  ['controller', /\d+ clients were exposed, 2 at most were promised/],
  ['quarantine', /died \d+ times, 2 at most were promised/],
  ['evidence', /the mended version reached \d+ of 20 clients/],
]

// Each run starts a hundred processes, so `npm test` leaves them to `.ci/run`, which runs the
// command itself.
describe('the demo of rollouts', () => {
  if (WHOLE)
    test(
      'exposes two of twenty at most, where everyone at once exposes all of them',
      { timeout: limitMs },
      async () => {
        const { status, output } = await demo(...few)
        expect(status, output).toBe(0)
        const [metAtOnce, clients, processes, deathsAtOnce] = figuresOf(output, 'at once')
        expect([metAtOnce, clients, processes]).toEqual([20, 20, 18])
        expect(deathsAtOnce).toBeGreaterThanOrEqual(18)
        const [met, , down, deaths] = figuresOf(output, 'by default')
        expect(met).toBeGreaterThanOrEqual(1)
        expect(met).toBeLessThanOrEqual(2)
        expect(down).toBeLessThanOrEqual(2)
        expect(deaths).toBeLessThanOrEqual(4)
        expect(output).toMatch(
          /^ {2}pull +20 of 20 run it, .*; [1-9]\d* process(?:es)? died of something else$/m,
        )
        expect(output).toContain('the promise was kept')
        expect(output).toMatch(/ 0 left /)
        const folder = /^ +folder +(.+)$/m.exec(output)?.[1] ?? ''
        expect(readdirSync(folder).toSorted()).toEqual(['pull-at-once', 'pull-by-default'])
      },
    )

  if (WHOLE)
    test(
      'as it is typed, but for its patience, shows sixty clients of three strategies of which two each are exposed',
      { timeout: 2 * limitMs },
      async () => {
        const began = performance.now()
        const { status, output } = await demo('--patience', '20')
        expect(status, output).toBe(0)
        for (const strategy of ['pull', 'push', 'hybrid']) {
          const [met, clients] = figuresOf(output, 'by default', strategy)
          expect([strategy, clients]).toEqual([strategy, 20])
          expect(met).toBeGreaterThanOrEqual(1)
          expect(met).toBeLessThanOrEqual(2)
        }
        expect(output).toContain('At once 60 of 60 clients met the bad document')
        expect(output).toContain('the promise was kept')
        process.stdout.write(`the demo took ${Math.round((performance.now() - began) / 1000)} s\n`)
      },
    )

  test.each(WHOLE ? REMOVED : [])(
    'without its %s breaks the promise, and says so',
    { timeout: limitMs },
    async (part, says) => {
      const { status, output } = await demo('--without', part, ...few, '--patience', '4')
      expect(status, output).toBe(1)
      expect(output).toContain(`the promise was broken, without the ${part}:`)
      expect(output).toMatch(says)
    },
  )

  test.each(['--without=everything', '--clients=19', '--only=nothing', '--patience=0', '--frobnicate'])(
    'refuses %s',
    async option => {
      const { status, output } = await demo(option)
      expect(status).toBe(2)
      expect(output).toContain('usage: npm run demo:rollout')
    },
  )
})
