// The hook is passed in, so that this file needs no React of its own.

/**
 * Something of noticeboard's that can be read and followed: a client, or what its `select` gives.
 * @template Value
 * @typedef {object} Followed
 * @property {Value} current
 * @property {(this: void, listener: (value: Value) => void) => () => void} subscribe
 */

/**
 * A hook that gives the value now, and renders the component again when it changes.
 * @param {<Value>(subscribe: (onStoreChange: () => void) => () => void, getSnapshot: () => Value) => Value}
 * useSyncExternalStore React's own
 */
export function createUseCurrent(useSyncExternalStore) {
  /** @template Value @param {Followed<Value>} followed @returns {Value} */
  return followed => useSyncExternalStore(followed.subscribe, () => followed.current)
}
