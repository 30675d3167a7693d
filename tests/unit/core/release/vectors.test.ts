import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import {
  comparePositions,
  namespaceProblem,
  parsePosition,
  type Json,
} from '../../../../src/contracts/index.js'
import { canonicalize } from '../../../../src/core/json/canonical.js'
import { cohortHash, isExposed, readAudience, type Audience } from '../../../../src/core/release/audience.js'
import { decodeMark } from '../../../../src/core/release/mark.js'
import {
  decodeRelease,
  positionOf,
  releaseDigest,
  unknownCritical,
  type Arm,
} from '../../../../src/core/release/release.js'
import { isInstant } from '../../../../src/core/release/instant.js'
import { encodeText } from '../../../../src/core/json/text.js'
import { labelsMatch, readLabelMatch } from '../../../../src/core/release/labels.js'
import { parseCanonical } from '../../../../src/core/json/strict-parse.js'
import { readJsonText } from '../../../../src/core/json/json-text.js'
import { readStepEvidence } from '../../../../src/core/release/step-evidence.js'
import { readReport } from '../../../../src/core/report/report-codec.js'
import { readStagedPlan } from '../../../../src/rollouts/plan.js'
import { target } from '../../../../src/core/release/target.js'
import { shapeOf } from '../../../../src/core/json/shape.js'
import { systemHasher as hasher } from '../../../../src/system/system.js'

const path = (name: string): string => fileURLToPath(new URL(`../../../../${name}`, import.meta.url))
const vectors = JSON.parse(readFileSync(path('vectors.json'), 'utf8'))
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const identity = (clientId: string, labels: Record<string, string>) => ({
  clientId,
  instanceId: 'i',
  ephemeral: false,
  labels,
})

describe('vectors.json', () => {
  it('is what the code says', () => {
    const { status, stderr } = spawnSync(process.execPath, [path('scripts/make-vectors.js'), '--check'], {
      encoding: 'utf8',
    })
    expect(stderr).toBe('')
    expect(status).toBe(0)
  })

  // Worked out with Python's hashlib, so that the file cannot follow the code into a mistake.
  it('holds values that were computed elsewhere', () => {
    expect(vectors.cohorts).toContainEqual({
      salt: 'r1', clientId: 'web-1', sha256: '43356ce239c5fe836791f3489f01cf273ed46da41a1e90f1efd58a50351df8ee', bucket: 1127574754, id: '43356ce239c5fe836791f3489f01cf27',
    }) // prettier-ignore
    expect(vectors.canonical).toContainEqual(
      expect.objectContaining({
        name: 'a settings document',
        sha256: 'ca77012ef84e2857ca68ca402699c5e8e7b66de1ae95712f0d258894ddae5a6e',
      }),
    )
    expect(vectors.releases[0]).toMatchObject({
      name: 'first',
      releaseDigest: 'b991cba8e0cb6619d34c190e72fa7071d438b3f07412b551d405a5556be5ffe6',
    })
  })

  it.each<any>(vectors.canonical)('canonical: $name', ({ json, canonical, bytes, sha256: digest }) => {
    const encoded = encodeText(canonical)
    expect(canonicalize(readJsonText(json, { what: 'x' }))).toBe(canonical)
    expect(canonicalize(JSON.parse(json))).toBe(canonical)
    expect(canonicalize(parseCanonical(encoded, { what: 'x', maxBytes: 1e6 }))).toBe(canonical)
    expect([encoded.length, sha256(canonical)]).toEqual([bytes, digest])
  })

  it.each<any>(vectors.numbers)('number $ieee754 is $text', ({ ieee754, text }) => {
    expect(canonicalize(Buffer.from(ieee754, 'hex').readDoubleBE())).toBe(text)
    expect(parseCanonical(encodeText(text), { what: 'x', maxBytes: 100 })).toBe(
      Buffer.from(ieee754, 'hex').readDoubleBE(),
    )
  })

  it.each<any>(vectors.refused)('refused as canonical JSON: $name', ({ hex }) => {
    expect(() => parseCanonical(Buffer.from(hex, 'hex'), { what: 'x', maxBytes: 1e6 })).toThrow(
      expect.objectContaining({ code: 'invalid-data' }),
    )
  })

  it.each<any>(vectors.cohorts)(
    'cohort of $clientId under $salt',
    ({ salt, clientId, sha256: hash, bucket, id }) => {
      expect(cohortHash(salt, clientId, hasher)).toBe(hash)
      expect([Number.parseInt(hash.slice(0, 8), 16), hash.slice(0, 32)]).toEqual([bucket, id])
    },
  )

  it.each<any>(vectors.labelMatches)('label match: $name', ({ name, when, labels, matches }) => {
    expect(labelsMatch(readLabelMatch(shapeOf(when, name)), identity('x', labels))).toBe(matches)
  })

  it.each<any>(vectors.audiences)('audience: $name', ({ name, audience, clientId, labels, exposed }) => {
    expect(isExposed(readAudience(shapeOf(audience, name)), identity(clientId, labels), hasher)).toBe(exposed)
  })

  it.each<any>(vectors.targets)(
    'target: $name',
    ({ stable, candidate, audience, clientId, labels, refused, target: expected }) => {
      const base = decodeRelease(encodeText(vectors.releases[0].file)).release
      const release = {
        ...base,
        stable: stable as Arm,
        ...(candidate && { candidate: candidate as Arm, audience: audience as Audience }),
      }
      expect(
        target(release, {
          identity: identity(clientId, labels),
          refused: digest => refused.includes(digest),
          hasher,
        }),
      ).toEqual(expected)
    },
  )

  it.each<any>(vectors.releases)('release: $name', expected => {
    const bytes = encodeText(expected.file)
    if (expected.error !== undefined) {
      expect(() => decodeRelease(bytes)).toThrow(expect.objectContaining({ code: expected.error }))
      return
    }
    const { release } = decodeRelease(bytes)
    expect(releaseDigest(hasher, bytes)).toBe(expected.releaseDigest)
    expect(positionOf(release)).toEqual(parsePosition(expected.position))
    expect(unknownCritical(release) ?? null).toBe(expected.unknownCritical)
  })

  it.each<any>(vectors.reports)('report: $name', ({ name, json, read, error }) => {
    const understood = () => canonicalize(readReport(readJsonText(json, { what: name })) as unknown as Json)
    if (error === undefined) {
      expect(understood()).toBe(read)
      expect(canonicalize(readReport(JSON.parse(read)) as unknown as Json)).toBe(read)
    } else expect(understood).toThrow(expect.objectContaining({ code: error }))
  })

  it.each<any>(vectors.stepEvidence)('evidence of a step: $name', ({ name, json, read, error }) => {
    const understood = (text: string) =>
      canonicalize(readStepEvidence(shapeOf(readJsonText(text, { what: name }), name)) as unknown as Json)
    if (error === undefined) expect([understood(json), understood(read)]).toEqual([read, read])
    else expect(() => understood(json)).toThrow(expect.objectContaining({ code: error }))
  })

  it('holds plans that their policy reads', () => {
    const { release } = decodeRelease(encodeText(vectors.releases[1].file))
    expect(() => readStagedPlan(release.rollout?.plan ?? null)).not.toThrow()
  })

  it.each<any>(vectors.marks)('mark $sha256', ({ file, sha256: digest }) => {
    expect(decodeMark(encodeText(file)).namespace).toBe('checkout/prod')
    expect(sha256(file)).toBe(digest)
  })

  it.each<any>(vectors.positions)('$a is $order beside $b', ({ a, b, order }) => {
    expect(comparePositions(parsePosition(a), parsePosition(b))).toBe(order)
  })

  it('sorts namespaces and times', () => {
    expect(vectors.namespaces.valid.map(namespaceProblem)).toEqual(
      vectors.namespaces.valid.map(() => undefined),
    )
    expect(vectors.namespaces.invalid.filter((name: string) => namespaceProblem(name) === undefined)).toEqual(
      [],
    )
    expect(vectors.times.valid.every(isInstant)).toBe(true)
    expect(vectors.times.invalid.some(isInstant)).toBe(false)
  })
})
