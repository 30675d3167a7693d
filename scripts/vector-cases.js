// What vectors.json is made of: the inputs that need no code of the library.

// prettier-ignore
/** @type {[string, string][]} */
export const documents = [
  ['RFC 8785, 3.2.2', '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}'],
  ['RFC 8785, 3.2.3', '{"\\u20ac":"Euro Sign","\\r":"Carriage Return","\\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\\ud83d\\ude00":"Emoji: Grinning Face","\\u0080":"Control","\\u00f6":"Latin Small Letter O With Diaeresis"}'],
  ['integer-like keys are texts', '{"10":1,"9":2,"01":3,"1":4,"-1":5,"a":6}'],
  ['keys that begin alike', '{"ab":1,"a":2,"":3,"a b":4,"A":5}'],
  ['white space and nesting', ' { "b" : [ 1 , [ ] , { } ] ,\r\n\t"a" : { "d" : null , "c" : true } } '],
  ['escapes', '"\\b\\t\\n\\f\\r\\u0000\\u001f\\u007f\\u0080\\u2028\\u2029\\u00e9e\\u0301\\ufeff"'],
  ['a pair is one character', '["\\ud83d\\ude00","\\ud834\\udd1e"]'],
  ['names of what objects inherit', '{"toString":1,"constructor":2,"hasOwnProperty":3,"valueOf":4}'],
  ['root null', 'null'], ['root text', '""'], ['root number', '1.0'], ['root list', '[]'], ['root object', '{}'],
  ['64 levels', '['.repeat(64) + ']'.repeat(64)],
  ['a settings document', '{"pool":{"size":10,"timeoutMs":2500},"hosts":["db-1","db-2"],"ratio":0.05,"message":"gr\\u00fc\\u00df dich"}'],
]

// prettier-ignore
export const doubles = [
  '0000000000000000', '0000000000000001', '8000000000000001', '7fefffffffffffff', 'ffefffffffffffff', '4340000000000000', 'c340000000000000',
  '4430000000000000', '44b52d02c7e14af5', '44b52d02c7e14af6', '44b52d02c7e14af7', '444b1ae4d6e2ef4e', '444b1ae4d6e2ef4f', '444b1ae4d6e2ef50',
  '3eb0c6f7a0b5ed8c', '3eb0c6f7a0b5ed8d', '41b3de4355555553', '41b3de4355555554', '41b3de4355555555', '41b3de4355555556', '41b3de4355555557',
  'becbf647612f3696', '43143ff3c1cb0959', '3fb999999999999a', '3ff0000000000000', 'bff8000000000000', '0010000000000000', '000fffffffffffff',
  '4350000000000000', '43e158e460913d00', '3e7ad7f29abcaf48',
]

// prettier-ignore
/** @type {[string, string | Uint8Array][]} */
export const notCanonical = [
  ['nothing', ''], ['white space', '{"a": 1}'], ['a line break at the end', '{}\n'], ['keys out of order', '{"b":1,"a":2}'], ['integer-like keys in order of number', '{"9":1,"10":2}'],
  ['keys in order of code point', '{"\ufb33":1,"\u{1f600}":2}'], ['a key twice', '{"a":1,"a":1}'], ['__proto__', '{"__proto__":{}}'], ['__proto__ below', '[{"a":{"__proto__":1}}]'],
  ['1e400', '[1e400]'], ['-0', '[-0]'], ['1.0', '[1.0]'], ['1e3', '[1e3]'], ['1E+30', '[1E+30]'], ['2^53 + 1', '[9007199254740993]'], ['too many digits', '[0.1000000000000000055]'],
  ['an escape that is not needed', '["\\u0041"]'], ['an escaped slash', '["\\/"]'], ['an escape in upper case', '["\\u000F"]'], ['an escaped pair', '["\\ud83d\\ude00"]'],
  ['half a pair', '["\\ud800"]'], ['the other half', '["\\udc00"]'], ['half a pair as a key', '{"\\ud800":1}'], ['halves in the wrong order', '["\\ude00\\ud83d"]'],
  ['a control character', '["\u0001"]'], ['a trailing comma', '[1,]'], ['a comment', '[1/**/]'], ['NaN', '[NaN]'], ['two roots', '1 2'], ['65 levels', '['.repeat(65) + ']'.repeat(65)],
  ['not closed', '['.repeat(1000)], ['cut off', '{"a":'],
  ['byte order mark', Buffer.from('efbbbf7b7d', 'hex')], ['half a pair in UTF-8', Buffer.from('22eda08022', 'hex')], ['overlong UTF-8', Buffer.from('22c0af22', 'hex')],
  ['UTF-8 cut off', Buffer.from('22e282', 'hex')], ['Latin-1', Buffer.from('22e922', 'hex')], ['UTF-16', Buffer.from('7b007d00', 'hex')], ['past U+10FFFF', Buffer.from('22f490808022', 'hex')],
]

// prettier-ignore
export const cohortPairs = [
  ['r1', 'web-1'], ['r1', 'web-2'], ['r2', 'web-1'], ['7f3a', 'checkout-5d9c7b-x2x9k'], ['salt', 'naïve'], ['salt', 'nai\u0308ve'], ['salt', '\u{1f600}'], ['s', 'a'],
]

const eu = { region: 'eu', tier: 'canary' }

// prettier-ignore
/** @type {[string, import('../src/contracts/index.js').Json, Record<string, string>][]} */
export const labelCases = [
  ['one of the values', { region: ['us', 'eu'] }, eu], ['another value', { region: ['us'] }, eu], ['all names', { region: ['eu'], tier: ['canary'] }, eu],
  ['one name fails', { region: ['eu'], tier: ['stable'] }, eu], ['a label that is not carried', { zone: ['a'] }, eu], ['no labels at all', { region: ['eu'] }, {}],
  ['an empty match is for nobody', {}, eu], ['an empty list is for nobody', { region: [] }, eu], ['compared as they are', { region: ['EU'] }, eu],
  ['values that are no list', { region: 'eu' }, eu], ['values that are no texts', { region: ['eu', 1] }, eu], ['what objects inherit is no label', { toString: ['x'] }, eu],
]

// prettier-ignore
export const somePositions = [
  '1-9f3a01bc:1',
  '1-9f3a01bc:2',
  '1-9f3a01bc:10',
  '1-00000000:2',
  '2-00000000:1',
  '10-9f3a01bc:1',
  '9-9f3a01bc:9007199254740991',
]

// prettier-ignore
export const goodNamespaces = [
  'a',
  '0',
  'checkout/prod',
  'a/b/c/d',
  'a.b-c_d',
  'v1',
  '1-9f3a01bc',
  'console',
  'com10',
  'x'.repeat(63),
  `${'x'.repeat(63)}/${'x'.repeat(63)}/${'x'.repeat(63)}/${'x'.repeat(8)}`,
]

// prettier-ignore
export const badNamespaces = [
  '', '/', 'a/', '/a', 'a//b', 'a/b/c/d/e', '.', '..', '../x', 'a/..', '.a', '-a', '_a', 'A', 'Checkout', 'a~b', '~events', 'a b', 'a%2fb', 'a\\b', 'a\0', 'é', 'a\n', 'releases', 'a/snapshots', 'a/releases/b', 'x.json', 'a/release.json', 'a.',
  'con', 'a/nul', 'com1.x', 'lpt9', 'aux.log', 'x'.repeat(64), `${'x'.repeat(63)}/${'x'.repeat(63)}/${'x'.repeat(63)}/${'x'.repeat(9)}`,
]

// prettier-ignore
export const someTimes = [
  '2026-11-21T09:30:00.000Z',
  '2024-02-29T00:00:00.000Z',
  '2026-11-21T09:30:00Z',
  '2026-11-21T09:30:00.000+00:00',
  '2026-02-30T00:00:00.000Z',
  '2026-11-21T24:00:00.000Z',
  '2026-12-31T23:59:60.000Z',
  '2026-11-21 09:30:00.000Z',
  '2026-11-21t09:30:00.000z',
]

const digest = 'a'.repeat(64)
const words = {
  v: 1, namespace: 'checkout/prod', clientId: 'web-1', instanceId: 'i1', ephemeral: false, labels: {}, strategy: 'pull', lookMs: 30_000, count: 7,
  upMs: 5, phase: 'applied', sinceMs: 3, protection: 'disk', nextReportWithinMs: 60_000,
} // prettier-ignore
const said = (/** @type {object} */ change) => JSON.stringify({ ...words, ...change })
const spelled = (/** @type {string} */ count) => said({}).replace('"count":7', `"count":${count}`)
const previous = { instanceId: 'i0', digest, end: 'abrupt', ranMs: 300 }

/** Reports as they are posted. */
// prettier-ignore
/** @type {[string, string][]} */
export const reportCases = [
  ['the least', said({})],
  ['every member', said({
    labels: { region: 'eu' }, build: 'b1', slot: 0, seen: { epoch: '1-9f3a01bc', sequence: 2 }, applied: { epoch: '1-9f3a01bc', sequence: 1 }, digest, version: 1, phase: 'reverted',
    refused: digest, code: 'vetoed', validator: 'schema', path: '/pool', reason: 'refused the change', verdicts: [{ digest, verdict: 'reverted', code: 'vetoed', validator: 'schema', path: '/pool', overridden: true }],
    health: { before: 'healthy', now: 'unhealthy' }, previous, overridden: ['/pool/size'],
  })],
  ['a controller', said({ role: { type: 'controller', policies: ['staged@1'], gates: ['errors'] } })],
  ['a role of a later version', said({ role: { type: 'auditor', x: 1 } })],
  ['a phase of a later version', said({ phase: 'dancing' })],
  ['a verdict of a later version', said({ verdicts: [{ digest, verdict: 'doubted' }] })],
  ['an end of a later version', said({ previous: { ...previous, end: 'frozen' } })],
  ['a health of a later version', said({ health: { before: 'none', now: 'dizzy' } })],
  ['a protection of a later version', said({ protection: 'vault' })],
  ['members of a later version are dropped', said({ later: { x: 1 }, previous: { ...previous, later: 1 } })],
  ['stamps are the receiver\'s to set', said({ receivedAt: '1999-12-31T00:00:00.000Z', firstHeardAt: '1999-12-31T00:00:00.000Z' })],
  ['not ephemeral unless it is true', said({ ephemeral: 1 })],
  ['overrides that are no texts are left out', said({ overridden: ['/a', 1, ''] })],
  ['texts are not normalised', said({ clientId: 'nai\u0308ve' })],
  ['a whole number in another spelling', spelled('7.0e0')],
  ['2^53-1', spelled('9007199254740991')],
  ['2^53', spelled('9007199254740992')], ['1e400', spelled('1e400')], ['a count of 0', spelled('0')], ['half a count', spelled('7.5')], ['a count as text', spelled('"7"')],
  ['a key twice', spelled('7,"count":8')], ['another version', said({ v: 2 })], ['half a pair', said({ clientId: '\ud800' })], ['a label whose name holds =', said({ labels: { 'a=b': 'c' } })],
  ['five verdicts', said({ verdicts: Array.from({ length: 5 }, () => ({ digest, verdict: 'rejected' })) })], ['a slot past 65,535', said({ slot: 65_536 })], ['a reason of 257 characters', said({ reason: 'r'.repeat(257) })],
  ['a previous life without a length', said({ previous: { instanceId: 'i0', end: 'clean' } })], ['an instance that is no file\'s name', said({ instanceId: '../x' })],
  ['a digest in upper case', said({ digest: digest.toUpperCase() })], ['no time until the next report', said({ nextReportWithinMs: 0 })],
]

const step = { rollout: 'r1', stage: 1, step: 'roll-back', verdict: 'bad', why: '2 abrupt', asOf: '2026-11-21T09:30:00.000Z', counts: { exposed: 6 }, exceptions: [{ clientId: 'web-1', instanceId: 'i1', kind: 'abrupt', digest }], omitted: 1 } // prettier-ignore
const told = (/** @type {object} */ change) => JSON.stringify({ ...step, ...change })

/** The `evidence` of audit records. */
// prettier-ignore
/** @type {[string, string][]} */
export const stepCases = [
  ['every member', told({})], ['a reason of the rollout itself', told({ code: 'way-back-failed' })], ['nobody judged', told({ verdict: undefined, omitted: undefined, exceptions: [] })], ['a verdict of a later version', told({ verdict: 'splendid' })],
  ['a member of a later version is dropped', told({ later: 1 })], ['none omitted', told({ omitted: 0 })], ['a time with an offset', told({ asOf: '2026-11-21T10:30:00.000+01:00' })],
  ['101 clients', told({ exceptions: Array.from({ length: 101 }, () => ({ clientId: 'a', kind: 'b' })) })], ['a count below 0', told({ counts: { exposed: -1 } })],
]
