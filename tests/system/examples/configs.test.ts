import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  readApplication,
  readBadService,
  readFlags,
  readService,
} from '../../../examples/configs/documents.mjs'
import { applicationSchema, flagsSchema, serviceSchema } from '../../../examples/configs/schemas.mjs'
import { canonicalize } from '../../../src/core/json/canonical.js'
import { examples, temporaryFolder } from '../../support/place.js'

describe('the documents of the examples', () => {
  test.each([
    ['service.yaml', 1_000, readService(), serviceSchema],
    ['application.yaml', 20_000, readApplication(), applicationSchema],
    ['flags.json', 200_000, readFlags(), flagsSchema],
  ])('%s passes its schema and has about %i bytes', (_name, bytes, document, schema) => {
    expect(schema.safeParse(document).error).toBeUndefined()
    const length = canonicalize(document).length
    expect(length).toBeGreaterThan(bytes * 0.8)
    expect(length).toBeLessThan(bytes * 1.2)
  })

  test('the bad one differs from the good one in pool.size alone, and is refused there', () => {
    const bad = readBadService()
    expect({ ...bad, pool: { ...bad.pool, size: readService().pool.size } }).toEqual(readService())
    expect(serviceSchema.safeParse(bad).error?.issues.map(({ path }) => path.join('.'))).toEqual([
      'pool.size',
    ])
  })

  test('the flags are what their script writes', () => {
    const folder = temporaryFolder()
    const script = readFileSync(join(examples, 'configs/make-flags.mjs'), 'utf8')
    execFileSync(process.execPath, [
      '--input-type=module',
      '--eval',
      script.replace('import.meta.url', `'file://${folder}/x'`),
    ])
    expect(readFileSync(join(folder, 'flags.json'), 'utf8')).toBe(
      readFileSync(join(examples, 'configs/flags.json'), 'utf8'),
    )
  })
})
