import { asNoticeboardError } from '../contracts/errors.js'
import { alarmOf } from '../alarms/index.js'
import type { Namespace } from '../contracts/names.js'
import type { System } from '../contracts/system.js'
import type { Store } from '../contracts/transport.js'
import { silentLogger } from '../core/silent-logger.js'
import { bareContext } from './context.js'
import { lookAtNamespace, type NamespaceLook } from './look-at-namespace.js'

/** One namespace of a board as it stands. */
export interface BoardLook extends NamespaceLook {
  /** The empty string where the store could not even list its namespaces. */
  readonly namespace: Namespace
}

/** How many namespaces are looked at at the same time. */
const AT_ONCE = 16

/**
 * Reads where each namespace of a store stands, the given ones or all. Rejects only when the signal
 * aborts: a store that fails is an alarm.
 *
 * ```ts
 * const looks = await lookAtBoard(store, { namespaces: undefined, system, signal })
 * ```
 */
export async function lookAtBoard(
  store: Store,
  {
    namespaces,
    system,
    signal,
  }: {
    readonly namespaces: readonly Namespace[] | undefined
    readonly system: Pick<System, 'clock' | 'random' | 'hasher'>
    readonly signal: AbortSignal
  },
): Promise<readonly BoardLook[]> {
  const looks: BoardLook[] = []
  try {
    const listed = namespaces ?? (await store.namespaces?.(signal)) ?? []
    for (let from = 0; from < listed.length; from += AT_ONCE) {
      const some = listed.slice(from, from + AT_ONCE).map(async (namespace): Promise<BoardLook> => {
        const context = bareContext({
          namespace,
          store,
          mirrors: [],
          system,
          logger: silentLogger,
          author: '',
        })
        return { namespace, ...(await lookAtNamespace(context, signal)) }
      })
      looks.push(...(await Promise.all(some)))
    }
    return looks
  } catch (error) {
    signal.throwIfAborted()
    const { code, message } = asNoticeboardError(error, 'internal', 'the namespaces could not be listed')
    const alarms = [alarmOf('board-failing', `${message} (${code})`)]
    return [{ namespace: '', newest: undefined, fleet: { type: 'unknown', why: 'no-reports' }, alarms }]
  }
}
