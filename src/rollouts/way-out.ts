import type { UnknownKind } from './unknowns.js'

const BY_CLIENTS = 'enough healthy clients of the stage, or a failure among them'
const BY_PROBE = 'a probe that answers well, or a client that takes it back'
const BY_REPORTS = 'reports of clients'
const BY_CONTROL = 'clients outside of the stage that are heard and well'

const WAYS: { readonly [Kind in UnknownKind]?: string } = {
  baking: BY_CLIENTS,
  'not-applied': BY_CLIENTS,
  'too-few': BY_CLIENTS,
  'canary-missing': BY_CLIENTS,
  'client-silent': BY_CLIENTS,
  'never-heard': BY_REPORTS,
  'not-yet-heard': BY_REPORTS,
  'probe-unhealthy': BY_PROBE,
  'probe-threw': BY_PROBE,
  'probe-timed-out': BY_PROBE,
  'shared-id': 'a clientId of its own for each client',
  'control-failing': BY_CONTROL,
  'control-silent': BY_CONTROL,
  'guardrail-waiting': 'what clients measure for the guardrail',
  'gate-waiting': 'a controller that has the gate, and its answer',
  'gate-unknown': 'a green or red answer of the gate',
  'later-version': 'a controller of that version',
  'label-over-represented': 'promote it by hand, or stage it by another label',
}

/**
 * What would change the verdict where something is unknown, for people.
 *
 * ```ts
 * wayOutOf('gate-unknown') // a green or red answer of the gate
 * ```
 */
export function wayOutOf(kind: UnknownKind): string {
  return WAYS[kind] ?? 'the end of what it waits for'
}
