import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { bundle } from './bundle.js'
import { SECOND_BUGS, type SecondBug } from './second-bugs.js'
import { PROOFS, type Parts, type Proof } from './second-bugs-proofs.js'

test('each bug has a proof', () => {
  expect(Object.keys(PROOFS)).toEqual(SECOND_BUGS.map(({ name }) => name))
})

/** Bundled in both cases, so that nothing but the bug makes the difference. */
async function partsWith(bug?: SecondBug): Promise<Parts> {
  const file = await bundle({ entry: 'second-bugs-parts', ...(bug !== undefined && { bug }) })
  return (await import(pathToFileURL(file).href)) as Parts
}

const source = partsWith()

test.each(SECOND_BUGS)('$name is a bug: a test that passes fails with it', async bug => {
  const proof = PROOFS[bug.name] as Proof
  await proof(await source)
  await expect(proof(await partsWith(bug))).rejects.toThrow()
})
