import { NoticeboardError } from '../contracts/errors.js'
import type { Namespace } from '../contracts/names.js'

const PART = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
/** The name of an object: an RFC 1123 subdomain. */
const OBJECT = new RegExp(`^${PART}(\\.${PART})*$`)
/** A namespace of Kubernetes: an RFC 1123 label. */
const SCOPE = new RegExp(`^${PART}$`)
const LABEL = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/

/**
 * The name of the ConfigMap of a namespace where none is given; `checkout/prod` is in
 * `noticeboard-checkout-prod`.
 *
 * ```ts
 * const name = options.name ?? objectNameFor(namespace)
 * ```
 */
export function objectNameFor(namespace: Namespace): string {
  const words = namespace.split(/[^a-z0-9]+/).filter(word => word !== '')
  return `noticeboard-${words.join('-')}`
}

/** Throws `invalid-option` unless Kubernetes takes it as the name of a ConfigMap or a Secret. */
export function checkObjectName(whose: string, name: unknown): void {
  if (typeof name === 'string' && name.length <= 253 && OBJECT.test(name)) return
  throw new NoticeboardError(
    'invalid-option',
    `${whose}: name must be the name of an object in Kubernetes, such as "checkout-board": a-z, 0-9, "-" and ".", 253 characters at most`,
  )
}

/** Throws `invalid-option` unless Kubernetes takes it as a namespace of its own. */
export function checkScope(whose: string, scope: unknown): void {
  if (typeof scope === 'string' && scope.length <= 63 && SCOPE.test(scope)) return
  throw new NoticeboardError(
    'invalid-option',
    `${whose}: namespace must be a namespace of Kubernetes, such as "shop": a-z, 0-9 and "-", 63 characters at most`,
  )
}

/** Throws `invalid-option` unless Kubernetes takes them as labels. */
export function checkLabels(whose: string, labels: unknown): void {
  const entries = typeof labels === 'object' && labels !== null ? Object.entries(labels) : undefined
  if (entries?.every(([key, value]) => isLabelKey(key) && isLabelValue(value)) === true) return
  throw new NoticeboardError(
    'invalid-option',
    `${whose}: labels must be labels of Kubernetes, such as { team: "checkout" }: letters, digits, "-", "_" and ".", 63 characters at most, and a key may begin with a domain and "/"`,
  )
}

function isLabelKey(key: string): boolean {
  const [name = '', prefix, ...more] = key.split('/').reverse()
  const isPrefixed = prefix === undefined || (prefix.length <= 253 && OBJECT.test(prefix))
  return more.length === 0 && isPrefixed && name.length <= 63 && LABEL.test(name)
}

function isLabelValue(value: unknown): boolean {
  return typeof value === 'string' && (value === '' || (value.length <= 63 && LABEL.test(value)))
}
