// Writes vectors.json: what an implementation in another language must agree with, byte for byte
//   (docs/formats.md). node scripts/make-vectors.js writes the file node scripts/make-vectors.js
//   --check exits 1 if the file is not what the code says
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import * as cases from './vector-cases.js'

const file = fileURLToPath(new URL('../vectors.json', import.meta.url))
/** The parts of `src/core` that make and read the formats. */
const FORMATS = [
  'json/canonical',
  'json/json-text',
  'json/shape',
  'json/text',
  'release/audience',
  'release/digest',
  'release/instant',
  'release/labels',
  'release/mark',
  'release/release',
  'release/step-evidence',
  'release/target',
  'report/report-codec',
]

const { core, contracts } = await load()

/** @typedef {import('../src/contracts/index.js').Json} Json */
/** @typedef {import('../src/core/release/release.js').Arm} Arm */
/** @typedef {import('../src/core/release/release.js').Release} Release */

const hasher = { sha256: (/** @type {Uint8Array} */ bytes) => createHash('sha256').update(bytes).digest() }
const sha256 = (/** @type {string} */ text) => createHash('sha256').update(text, 'utf8').digest('hex')

const text = `${JSON.stringify(vectors(), null, 2)}\n`
if (!process.argv.includes('--check')) await writeFile(file, text)
else if ((await readFile(file, 'utf8')) !== text) {
  console.error('vectors.json is not what the code says; a change of it breaks boards and clients that exist')
  process.exitCode = 1
}

function vectors() {
  return {
    about:
      'Test vectors for docs/formats.md. `json` members hold JSON text as it may be written; `hex` members hold bytes.',
    canonical: canonical(),
    numbers: numbers(),
    refused: refused(),
    cohorts: cohorts(),
    labelMatches: labelMatches(),
    audiences: audiences(),
    targets: targets(),
    spreads: spreads(),
    releases: releases(),
    reports: reports(),
    stepEvidence: stepEvidence(),
    marks: marks(),
    positions: positions(),
    namespaces: namespaces(),
    times: times(),
  }
}

function canonical() {
  return cases.documents.map(([name, json]) => {
    const written = core.canonicalize(core.readJsonText(json, { what: name }))
    return { name, json, canonical: written, bytes: Buffer.byteLength(written), sha256: sha256(written) }
  })
}

function numbers() {
  return cases.doubles.map(hex => ({
    ieee754: hex,
    text: core.canonicalize(Buffer.from(hex, 'hex').readDoubleBE()),
  }))
}

function refused() {
  return cases.notCanonical.map(([name, bytes]) => ({ name, hex: Buffer.from(bytes).toString('hex') }))
}

function cohorts() {
  return cases.cohortPairs.map(([salt = '', clientId = '']) => {
    const hash = core.cohortHash(salt, clientId, hasher)
    return {
      salt,
      clientId,
      sha256: hash,
      bucket: Number.parseInt(hash.slice(0, 8), 16),
      id: hash.slice(0, 32),
    }
  })
}

function labelMatches() {
  return cases.labelCases.map(([name, when, labels]) => ({
    name,
    when,
    labels,
    matches: core.labelsMatch(core.readLabelMatch(core.shapeOf(when, name)), identity('web-1', labels)),
  }))
}

function audiences() {
  const id = core.cohortHash('r1', 'web-1', hasher).slice(0, 32)
  const bucket = Number.parseInt(id.slice(0, 8), 16)
  // prettier-ignore
  /** @type {[string, Json[], Record<string, string>][]} */
  const cases = [
    ['no clauses', [], {}], ['a clause without conditions', [{}], {}], ['by id', [{ ids: [id] }], {}], ['by another id', [{ ids: ['0'.repeat(32)] }], {}],
    ['an id in upper case', [{ ids: [id.toUpperCase()] }], {}], ['below its bucket', [{ below: bucket }], {}], ['one above its bucket', [{ below: bucket + 1 }], {}],
    ['everybody', [{ below: 4_294_967_296 }], {}], ['nobody', [{ below: 0 }], {}], ['by label', [{ labels: { region: ['eu'] } }], { region: 'eu' }],
    ['by label, not carried', [{ labels: { region: ['eu'] } }], {}], ['empty labels', [{ labels: {} }], { region: 'eu' }], ['and', [{ labels: { region: ['eu'] }, below: 0 }], { region: 'eu' }],
    ['or', [{ below: 0 }, { ids: [id] }], {}], ['unknown condition', [{ below: 4_294_967_296, since: 'x' }], {}], ['unknown condition beside a clause that holds', [{ since: 1 }, { ids: [id] }], {}],
  ]
  return cases.map(([name, clauses, labels]) => {
    const audience = { salt: 'r1', clauses }
    return {
      name,
      audience,
      clientId: 'web-1',
      labels,
      exposed: core.isExposed(
        core.readAudience(core.shapeOf(audience, name)),
        identity('web-1', labels),
        hasher,
      ),
    }
  })
}

function targets() {
  const [a, b, c, d] = [digest('a'), digest('b'), digest('c'), digest('d')]
  /** @type {Arm} */
  const stable = {
    version: 3,
    variants: [
      { when: { region: ['eu'] }, digest: a, bytes: 10 },
      { digest: b, bytes: 20 },
    ],
  }
  /** @type {Arm} */
  const candidate = {
    version: 4,
    variants: [
      { when: { region: ['eu'] }, digest: c, bytes: 30 },
      { digest: d, bytes: 40 },
    ],
  }
  const audience = { salt: 'r1', clauses: [{ labels: { tier: ['canary'] } }] }
  const canary = { tier: 'canary' }
  // prettier-ignore
  /** @type {[string, Partial<Release>, Record<string, string>, string[]][]} */
  const cases = [
    ['stable, for the others', {}, {}, []], ['stable, by label', {}, { region: 'eu' }, []], ['not exposed', { candidate, audience }, {}, []], ['exposed', { candidate, audience }, canary, []],
    ['exposed, by label', { candidate, audience }, { ...canary, region: 'eu' }, []], ['the candidate was refused', { candidate, audience }, canary, [d]],
    ['a variant for others was refused', { candidate, audience }, canary, [c]], ['both were refused', { candidate, audience }, canary, [b, d]], ['stable was refused', {}, {}, [b]],
    ['refused stable, exposed', { candidate, audience }, canary, [b]],
  ]
  return cases.map(([name, more, labels, refused]) => {
    const { release } = core.decodeRelease(core.encodeRelease({ ...statement(), stable, ...more }))
    return {
      name,
      stable,
      ...more,
      clientId: 'web-1',
      labels,
      refused,
      target: core.target(release, {
        identity: identity('web-1', labels),
        refused: digest => refused.includes(digest),
        hasher,
      }),
    }
  })
}

function spreads() {
  return ['a', 'b'].flatMap(letter =>
    ['web-1', 'web-2'].map(clientId => {
      const salt = digest(letter)
      const bucket = Number.parseInt(core.cohortHash(salt, clientId, hasher).slice(0, 8), 16)
      return {
        digest: salt,
        clientId,
        spreadMs: 60_000,
        bucket,
        delayMs: Math.floor((bucket / core.BUCKETS) * 60_000),
      }
    }),
  )
}

function releases() {
  const first = core.encodeRelease(statement())
  // prettier-ignore
  const full = core.encodeRelease(
    {
      ...statement(), sequence: 2, cause: 'promote', prev: core.releaseDigest(hasher, first),
      candidate: { version: 2, variants: [{ digest: digest('c'), bytes: 31 }] }, audience: { salt: 'r1', clauses: [{ below: 214_748_364 }, { labels: { tier: ['canary'] } }] },
      spreadMs: 30_000, activateAt: '2026-11-21T10:00:00.000Z', withdrawn: [digest('e')], readmit: [{ digest: digest('f'), reason: 'the check was wrong' }],
      rollout: {
        id: 'r1', state: 'running', stage: 1, plan: { type: 'staged', version: 1, stages: [{ by: 'count', count: 1 }, { by: 'share', share: 0.1, atLeast: 3 }, { by: 'all' }], bakeMs: 300_000, reportMs: 60_000, spreadMs: 30_000, quorum: 0.9, watchMs: 1_800_000, late: 'roll-back', gates: [{ name: 'errors', onBad: 'pause' }] },
        stageStart: { position: { epoch: '1-9f3a01bc', sequence: 2 }, at: '2026-11-21T09:30:00.000Z', live: 60, exposed: 6, control: 54, before: { control: 59, failed: 1 }, added: 1, anew: 1 },
        from: { epoch: '1-9f3a01bc', sequence: 1 }, decideBy: '2026-11-21T12:00:00.000Z', controller: 'server-1', why: 'stage 0 was good',
      }, evidence: { bakeMs: 300_000, reportMs: 60_000, spreadMs: 30_000 }, audit: digest('1'), crit: ['candidate', 'audience'],
    },
  )
  const unknown = core.encodeText(
    core.canonicalize({ release: { ...statement(), later: { x: 1 }, crit: ['later'] }, signatures: [] }),
  )
  const unknownState = core.encodeText(
    core.canonicalize({
      release: { ...statement(), rollout: { ...rollout(), state: 'dancing' } },
      signatures: [],
    }),
  )
  const future = core.encodeText(core.canonicalize({ release: { ...statement(), v: 2 }, signatures: [] }))
  const signed = core.encodeRelease(statement(), [{ protected: 'e30', signature: 'AA' }])
  /** @type {[string, Uint8Array][]} */
  const readable = [
    ['first', first],
    ['every member', full],
    ['the first, with a signature: the same release digest', signed],
    ['a member that must be known and is not', unknown],
    ['a rollout in a state that is not known', unknownState],
  ]
  return [
    ...readable.map(([name, bytes]) => {
      const { release } = core.decodeRelease(bytes)
      return {
        name,
        file: Buffer.from(bytes).toString(),
        bytes: bytes.length,
        releaseDigest: core.releaseDigest(hasher, bytes),
        position: contracts.formatPosition(core.positionOf(release)),
        unknownCritical: core.unknownCritical(release) ?? null,
      }
    }),
    { name: 'another version of the format', file: Buffer.from(future).toString(), error: 'unsupported' },
    ...malformed().map(([name, change]) => ({
      name,
      file: core.canonicalize({ release: { ...statement(), ...change }, signatures: [] }),
      error: 'invalid-data',
    })),
  ]
}

/** @returns {[string, object][]} */
function malformed() {
  const [variant] = statement().stable.variants
  return [
    ['no namespace', { namespace: undefined }],
    ['a namespace that is none', { namespace: '../x' }],
    ['an epoch with a leading zero', { epoch: '01-9f3a01bc' }],
    ['sequence 0', { sequence: 0 }],
    ['a time without milliseconds', { issuedAt: '2026-11-21T09:30:00Z' }],
    ['a candidate without an audience', { candidate: statement().stable }],
    ['no variants', { stable: { version: 1, variants: [] } }],
    ['an audience without a candidate', { audience: { salt: 'r1', clauses: [] } }],
    [
      'a last variant with a condition',
      { stable: { version: 1, variants: [{ ...variant, when: { a: ['b'] } }] } },
    ],
    ['a first variant without one', { stable: { version: 1, variants: [variant, variant] } }],
    ['a digest in upper case', { stable: { version: 1, variants: [{ ...variant, digest: digest('A') }] } }],
    ['no prev', { prev: undefined }],
    ['a line break in the cause', { cause: 'publish\nrollback' }],
    ['a rollout without the start of its stage', { rollout: { ...rollout(), stageStart: undefined } }],
    ['a plan over 4 KB', { rollout: { ...rollout(), plan: 'x'.repeat(4_095) } }],
    ['a rollout at half a stage', { rollout: { ...rollout(), stage: 0.5 } }],
    ['a rollout whose way back is no position', { rollout: { ...rollout(), from: '1-9f3a01bc:1' } }],
    [
      'a rollout that is decided in a leap second',
      { rollout: { ...rollout(), decideBy: '2026-12-31T23:59:60.000Z' } },
    ],
    ['a rollout that says why in two lines', { rollout: { ...rollout(), why: 'a\nb' } }],
    ['a rollout without a plan', { rollout: { ...rollout(), plan: undefined } }],
    [
      'a control that is no number',
      { rollout: { ...rollout(), stageStart: { ...rollout().stageStart, control: '54' } } },
    ],
    ['a report period of 0', { evidence: { bakeMs: 0, reportMs: 0, spreadMs: 0 } }],
    ['evidence without a spread', { evidence: { bakeMs: 0, reportMs: 1 } }],
    ['a bake of more than a week', { evidence: { bakeMs: 604_800_001, reportMs: 1, spreadMs: 0 } }],
  ]
}

function reports() {
  return cases.reportCases.map(([name, json]) => readCase(name, json, core.readReport))
}

function stepEvidence() {
  return cases.stepCases.map(([name, json]) =>
    readCase(name, json, value => core.readStepEvidence(core.shapeOf(value, name))),
  )
}

/** What is understood of a JSON text, as canonical JSON; or the code with which it is refused. */
function readCase(
  /** @type {string} */ name,
  /** @type {string} */ json,
  /** @type {(value: Json) => object} */ read,
) {
  try {
    const value = core.readJsonText(json, { what: name })
    return { name, json, read: core.canonicalize(/** @type {any} */ (read(value))) }
  } catch (error) {
    return { name, json, error: /** @type {{ code: string }} */ (error).code }
  }
}

function marks() {
  // prettier-ignore
  const mark = {
    v: /** @type {const} */ (1),
    namespace: 'checkout/prod',
    epoch: '1-9f3a01bc',
    sequence: 1,
    digest: digest('a'),
    asOf: '2026-11-21T09:30:00.000Z',
    validUntil: '2026-11-21T09:31:00.000Z',
  }
  const bytes = core.encodeMark(mark)
  return [{ file: Buffer.from(bytes).toString(), sha256: core.digestOf(hasher, bytes) }]
}

function positions() {
  return cases.somePositions.flatMap(a =>
    cases.somePositions.map(b => ({
      a,
      b,
      order: contracts.comparePositions(contracts.parsePosition(a), contracts.parsePosition(b)),
    })),
  )
}

function namespaces() {
  for (const name of cases.goodNamespaces)
    if (contracts.namespaceProblem(name) !== undefined) throw new Error(`${name} is refused`)
  for (const name of cases.badNamespaces)
    if (contracts.namespaceProblem(name) === undefined) throw new Error(`${name} is accepted`)
  return { valid: cases.goodNamespaces, invalid: cases.badNamespaces }
}

function times() {
  return {
    valid: cases.someTimes.filter(core.isInstant),
    invalid: cases.someTimes.filter(time => !core.isInstant(time)),
  }
}

/** A digest of nothing in particular. */
function digest(/** @type {string} */ letter) {
  return letter.repeat(64)
}

function statement() {
  return {
    v: /** @type {const} */ (1),
    namespace: 'checkout/prod',
    epoch: '1-9f3a01bc',
    sequence: 1,
    issuedAt: '2026-11-21T09:30:00.000Z',
    cause: 'publish',
    stable: {
      version: 1,
      variants: /** @type {[{ digest: string, bytes: number }]} */ ([{ digest: digest('b'), bytes: 20 }]),
    },
    prev: null,
  }
}

function rollout() {
  const position = { epoch: '1-9f3a01bc', sequence: 1 }
  const at = '2026-11-21T09:30:00.000Z'
  return {
    id: 'r1',
    state: /** @type {const} */ ('watching'),
    stage: 2,
    plan: { type: 'staged', version: 1 },
    stageStart: { position, at, live: 2, exposed: 2, control: 0 },
    from: position,
    decideBy: at,
    controller: 'server-1',
  }
}

function identity(/** @type {string} */ clientId, /** @type {Record<string, string>} */ labels) {
  return { clientId, instanceId: '00000000', ephemeral: false, labels }
}

/**
 * @typedef {typeof import('../src/core/json/canonical.js') & typeof import('../src/core/json/json-text.js') & typeof import('../src/core/json/shape.js') & typeof import('../src/core/json/text.js') & typeof import('../src/core/release/audience.js') & typeof import('../src/core/release/digest.js') & typeof import('../src/core/release/instant.js') & typeof import('../src/core/release/labels.js') & typeof import('../src/core/release/mark.js') & typeof import('../src/core/release/release.js') & typeof import('../src/core/release/step-evidence.js') & typeof import('../src/core/release/target.js') & typeof import('../src/core/report/report-codec.js')}
 * Core
 */

/**
 * The code itself, from its source.
 * @returns {Promise<{ core: Core, contracts: typeof import('../src/contracts/index.js') }>}
 */
async function load() {
  const parts = FORMATS.map((name, index) => `import * as part${index} from './src/core/${name}.js'\n`)
  const contents = `export * as contracts from './src/contracts/index.js'\n${parts.join('')}export const core = { ${FORMATS.map((_, index) => `...part${index}`).join(', ')} }`
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL('..', import.meta.url)) },
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    write: false,
  })
  return import(
    `data:text/javascript;base64,${Buffer.from(outputFiles[0]?.contents ?? []).toString('base64')}`
  )
}
