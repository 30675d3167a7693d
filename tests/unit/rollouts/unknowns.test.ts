import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { UNKNOWNS } from '../../../src/rollouts/unknowns.js'

test('docs/rollouts.md lists each unknown, what it means and what is done about it, and none besides', async () => {
  const page = await readFile(new URL('../../../docs/rollouts.md', import.meta.url), 'utf8')
  const [, list = ''] = page.split('### What can be unknown')
  const rows = (list.split('\n## ')[0] ?? '').split('\n').filter(line => line.startsWith('| `'))
  expect(rows).toEqual(
    Object.entries(UNKNOWNS).map(([kind, { means, policy }]) => `| \`${kind}\` | ${means} | ${policy} |`),
  )
})
