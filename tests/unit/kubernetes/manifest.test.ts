import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { MAX_CONFIG_MAP_BYTES } from '../../../src/core/limits.js'
import { releaseKey, snapshotKey } from '../../../src/kubernetes/keys.js'
import { boardManifest, manifestYaml, type BoardManifestOptions } from '../../../src/kubernetes/index.js'
import { systemHasher } from '../../../src/system/system.js'
import { sampleLog } from '../../../src/testing/conformance/fixture.js'
import { EPOCH, NAMESPACE, releaseOf, snapshotOf } from '../../support/board-kit.js'
import { refusalOf } from '../../support/option-names.js'

const at = { epoch: EPOCH, sequence: 7 }
const stable = snapshotOf({ size: 1 })
const candidate = snapshotOf({ size: 2 })
const release = releaseOf(stable, {
  at,
  candidate: { version: 7, variants: [{ digest: candidate.digest, bytes: candidate.bytes.length }] },
  audience: { salt: 'a', clauses: [{ below: 5 }] },
})
const make = (options: BoardManifestOptions = {}) =>
  boardManifest(
    { release, snapshots: [candidate, stable, snapshotOf('of another release')] },
    { ...options, hasher: systemHasher },
  )

describe('a manifest', () => {
  test('holds the release and the snapshots of both arms, and nothing else', () => {
    const { data, ...rest } = make({ namespace: 'shop', labels: { team: 'checkout' } })
    expect(rest).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'noticeboard-checkout-prod',
        namespace: 'shop',
        labels: { 'app.kubernetes.io/managed-by': 'noticeboard', team: 'checkout' },
        annotations: { 'noticeboard-namespace': NAMESPACE, 'noticeboard-position': `${EPOCH}:7` },
      },
    })
    expect(Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text)]))).toEqual({
      'checkout.S.prod.release.json': Buffer.from(release),
      [`${stable.digest}.json`]: Buffer.from(stable.bytes),
      [`${candidate.digest}.json`]: Buffer.from(candidate.bytes),
    })
  })

  test('of a Secret holds them as base64', () => {
    const { kind, type, data } = make({ kind: 'Secret', name: 'board' })
    expect({ kind, type }).toEqual({ kind: 'Secret', type: 'Opaque' })
    expect(Buffer.from(data[snapshotKey(stable.digest)] ?? '', 'base64')).toEqual(Buffer.from(stable.bytes))
  })

  test('has keys that Kubernetes takes, also for the longest namespace, and another for each', () => {
    const segment = 'a'.repeat(63)
    const longest = [segment, segment, segment, 'a'.repeat(8)].join('/')
    for (const key of [releaseKey(longest), snapshotKey(stable.digest), releaseKey('a._-b/c')])
      expect(key).toMatch(/^(?!\.\.)[-._a-zA-Z0-9]{1,253}$/)
    const alike = ['a/s/b', 'a.s.b', 'a.s/b', 'a/b', 'a.b', 'a-b', 'a_b', 'a/b.release', 'a..b']
    expect(new Set(alike.map(releaseKey)).size).toBe(alike.length)
  })

  test.each(['ConfigMap', 'Secret'] as const)('of a %s takes 1 MiB, and no byte more', kind => {
    const sized = (bytes: number) => {
      const big = snapshotOf('x'.repeat(bytes - 2))
      const of = releaseOf(big, { at })
      return { content: { release: of, snapshots: [big] }, own: of.length }
    }
    const { own } = sized(1_000_000)
    const fits = sized(MAX_CONFIG_MAP_BYTES - own)
    expect(boardManifest(fits.content, { kind, hasher: systemHasher }).kind).toBe(kind)
    const { content } = sized(MAX_CONFIG_MAP_BYTES - own + 1)
    const refusal = refusalOf(() => boardManifest(content, { kind, hasher: systemHasher }))
    expect(refusal).toMatchObject({ code: 'too-large' })
    expect(refusal.message).toMatch(/1048577 bytes.*1048576.*smaller.*HTTP/)
  })

  test('is refused without a snapshot that the release names, and with one that was changed', () => {
    const hasher = systemHasher
    const refused = (snapshots: readonly { digest: string; bytes: Uint8Array }[]) =>
      refusalOf(() => boardManifest({ release, snapshots }, { hasher })).code
    expect(refused([stable])).toBe('not-found')
    expect(refused([stable, { ...candidate, bytes: stable.bytes }])).toBe('digest-mismatch')
  })

  test.each<BoardManifestOptions>([
    { name: 'Board' },
    { name: '' },
    { name: '-a' },
    { name: 'a'.repeat(254) },
    { name: 'a\nb' },
    { namespace: 'a.b' },
    { namespace: 'a'.repeat(64) },
    { labels: { 'a b': 'c' } },
    { labels: { a: 'b'.repeat(64) } },
    { labels: { a: '-' } },
    { labels: { 'x/y/z': 'a' } },
    { labels: { '/y': 'a' } },
    { kind: 'Pod' as never },
  ])('is refused with %j', options => {
    expect(refusalOf(() => make(options)).code).toBe('invalid-option')
  })
})

describe('YAML of a manifest', () => {
  const log = sampleLog('a-0/1e3/yes')
  const awkward = log.next()
  const hostile = log.next({
    document: { text: 'a: b #\n---\r\n\u0085\u2028\ufeff\ufffe \u{1f6f0} *x &y !z %' },
  })
  const manifests = [
    make(),
    make({ kind: 'Secret', labels: { yes: 'no', version: '1.10', date: '2026-11-26', octal: '010', a: '' } }),
    ...[awkward, hostile].map(({ bytes, snapshot }) =>
      boardManifest({ release: bytes, snapshots: [snapshot] }, { hasher: systemHasher, name: '1e3' }),
    ),
  ]
  test.each(['1.1', '1.2'] as const)('reads back as it was, by a reader of YAML %s', version => {
    for (const manifest of manifests) {
      const text = manifestYaml(manifest)
      expect(parse(text, { version, strict: true })).toEqual(manifest)
      expect(text).toMatch(
        /^[\n\u0020-\u007e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]*$/u,
      )
    }
  })
})
