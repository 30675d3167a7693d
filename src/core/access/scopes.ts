import type { Grant, Scope } from '../../contracts/access.js'
import type { Namespace } from '../../contracts/names.js'
import { matchesPattern } from './namespace-pattern.js'

/** Every scope, and those that it has with it. */
const INCLUDED: { readonly [Each in Scope]: readonly Scope[] } = {
  read: ['read'],
  report: ['report'],
  inspect: ['inspect', 'read'],
  'publish-staged': ['publish-staged', 'inspect', 'read'],
  revert: ['revert', 'inspect', 'read'],
  control: ['control', 'revert', 'inspect', 'read', 'report'],
  admin: ['admin', 'control', 'revert', 'publish-staged', 'inspect', 'read', 'report'],
}

/** Every scope there is, the narrowest first. */
export const SCOPES = Object.keys(INCLUDED) as readonly Scope[]

/** Whether a text is a scope. */
export function isScope(text: unknown): text is Scope {
  return typeof text === 'string' && Object.hasOwn(INCLUDED, text)
}

/**
 * Whether somebody may do something in a namespace.
 *
 * ```ts
 * if (!isGranted(grant, { scope: 'revert', namespace: 'checkout/prod' })) return refusal
 * ```
 */
export function isGranted(
  grant: Grant,
  { scope, namespace }: { readonly scope: Scope; readonly namespace: Namespace },
): boolean {
  return hasScope(grant, scope) && grant.namespaces.some(pattern => matchesPattern(pattern, namespace))
}

/** Whether somebody may do something in any namespace at all. */
export function hasScope({ scopes }: Grant, scope: Scope): boolean {
  return scopes.some(own => INCLUDED[own].includes(scope))
}

/**
 * Whether a token names this very client, so that who has it speaks for that one. By the beginning
 * of clientIds it could speak for as many as it likes to make up.
 *
 * ```ts
 * const report = { ...said, ...(isBoundTo(grant, said.clientId) && { bound: true }) }
 * ```
 */
export function isBoundTo({ clients = [] }: Grant, clientId: string): boolean {
  return !clientId.endsWith('*') && clients.includes(clientId)
}

/** Whether somebody may report for a client. */
export function speaksFor({ clients }: Grant, clientId: string): boolean {
  if (clients === undefined) return true
  return clients.some(client =>
    client.endsWith('*') ? clientId.startsWith(client.slice(0, -1)) : client === clientId,
  )
}
