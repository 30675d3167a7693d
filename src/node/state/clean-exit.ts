/** What is to be done when the process ends in order. */
const endings = new Set<() => void>()

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

/** A shell's exit codes for these signals: 128 and the signal's number. */
const OF_SIGNALS = new Set([129, 130, 143])

/** What marks the listeners of this file, of which a program may have loaded several copies. */
const OURS = Symbol.for('noticeboard.clean-exit')

/**
 * The signals whose listeners, but for ours, were removed just now: by `once`, as it handles one.
 */
const handledNow = new Set<string>()

/**
 * Calls back, synchronously, when this process ends in order: by exit code 0, when it is told to
 * end by SIGTERM or SIGINT, and by a SIGHUP that nobody handles. Not when it dies: by another exit
 * code, an uncaught error or another signal. Returns what takes it back.
 *
 * A signal that the program does not handle still ends it, as it would without this; one that it
 * handles, by `on` or by `once`, before or after this, is left to it.
 *
 * ```ts
 * const forget = onCleanExit(() => writeFileSync(path, ''))
 * ```
 */
export function onCleanExit(callback: () => void): () => void {
  if (endings.size === 0) listen()
  endings.add(callback)
  return () => {
    endings.delete(callback)
    if (endings.size === 0) unlisten()
  }
}

function listen(): void {
  process.on('exit', onExit)
  process.on('removeListener', onRemoval)
  for (const signal of SIGNALS) process.on(signal, onSignal)
}

function unlisten(): void {
  process.off('exit', onExit)
  process.off('removeListener', onRemoval)
  for (const signal of SIGNALS) process.off(signal, onSignal)
}

function onExit(code: number): void {
  if (code === 0 || OF_SIGNALS.has(code)) end()
}

const onSignal = Object.assign((signal: NodeJS.Signals): void => hear(signal), { [OURS]: true })

function hear(signal: NodeJS.Signals): void {
  const isHandled = handledNow.has(signal) || process.listeners(signal).some(isForeign)
  // Who handles SIGHUP reads its files again, and goes on.
  if (isHandled && signal === 'SIGHUP') return
  end()
  if (isHandled) return
  unlisten()
  process.kill(process.pid, signal)
}

/**
 * A listener by `once` is gone before it is called, so whoever is called after it does not see it.
 * A signal comes by itself, so what is removed before any promise goes on was removed by its
 * listeners.
 */
function onRemoval(name: string | symbol, listener: unknown): void {
  if (typeof name !== 'string' || !isSignal(name) || !isForeign(listener)) return
  handledNow.add(name)
  queueMicrotask(() => handledNow.delete(name))
}

function isSignal(name: string): boolean {
  return (SIGNALS as readonly string[]).includes(name)
}

function isForeign(listener: unknown): boolean {
  return !(OURS in (listener as object))
}

function end(): void {
  for (const callback of endings) {
    try {
      callback()
    } catch {
      // The disk is gone, or the folder: the next start takes this end for a death.
    }
  }
}
