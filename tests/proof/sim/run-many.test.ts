import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../support/board-kit.js'
import { runMany } from './run-many.js'

/** A history that does this, and then says that it holds. */
async function historyThat(does: string): Promise<string> {
  const file = join(await temporaryFolder(), 'history.mjs')
  const line = { seed: 1, violations: [], faults: [], hash: '', events: 0, sometimes: [] }
  await writeFile(file, `${does}\nprocess.stdout.write(${JSON.stringify(`${JSON.stringify(line)}\n`)})\n`)
  return file
}

const one = { from: 1, count: 1, workers: 1, mostMs: 300 }

test('a history that computes without an end is a loop', async () => {
  const lines = await runMany({ ...one, file: await historyThat('for (;;);') })
  expect(lines.map(({ violations }) => violations.map(({ oracle }) => oracle))).toEqual([['livelock']])
})

test.runIf(process.platform === 'linux')(
  'a history that is given no processor for longer than it may take is none',
  async () => {
    const file = await historyThat('await new Promise(resolve => setTimeout(resolve, 1_500))')
    expect((await runMany({ ...one, file })).map(({ violations }) => violations)).toEqual([[]])
  },
)
