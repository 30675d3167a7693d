// The fleet: for each strategy two processes with half of the applications each, so that one half
// can be down.
import { followedBy } from './documents.js'
import { strategyNames } from './periods.js'

/**
 * @import { Child } from './processes.js'
 * @import { StrategyName } from './periods.js'
 * @typedef {{ name: string, index: number }} Member an application
 * @typedef {{ strategy: StrategyName, members: Member[], child: Child }} Group those of one process
 */

/**
 * @param {ReturnType<typeof import('./processes.js').createProcesses>} processes
 * @param {{ clients: number, broken: string, url: string, events: string, state: string }} settings
 */
export function createFleet(processes, { clients, broken, url, events, state }) {
  const launch = (/** @type {StrategyName} */ strategy, /** @type {Member[]} */ members) =>
    processes.start('fleet-process.js', { strategy, members, broken, url, events, state })

  const half = Math.ceil(clients / 2)
  const groups = /** @type {Group[]} */ ([])
  /** The second group of each strategy. */
  const second = () => groups.filter((_, index) => index % 2 === 1)

  /**
   * Names by strategy of those in some groups who follow a namespace. @param {Group[]} chosen
   * @param {string} namespace
   */
  const followers = (chosen, namespace) =>
    Object.fromEntries(
      strategyNames.map(name => [
        name,
        chosen
          .filter(({ strategy }) => strategy === name)
          .flatMap(({ members }) => members)
          .filter(({ index }) => followedBy(index).some(document => document.namespace === namespace))
          .map(member => member.name),
      ]),
    )

  /**
   * Asks every process and waits until all have done it.
   * @param {{ type: string, namespace?: string, on?: boolean }} message
   */
  const ask = async message => {
    const done = groups.map(({ child }) => child.heard(`${message.type} done`))
    for (const { child } of groups) child.tell(message)
    await Promise.all(done)
  }

  return {
    async start() {
      for (const strategy of strategyNames) {
        const members = Array.from({ length: clients }, (_, index) => ({
          name: `${strategy}-${String(index + 1).padStart(2, '0')}`,
          index,
        }))
        for (const part of [members.slice(0, half), members.slice(half)]) {
          groups.push({ strategy, members: part, child: launch(strategy, part) })
        }
      }
      await Promise.all(groups.map(({ child }) => child.heard('ready')))
    },
    /** Kills one process of each strategy, with SIGKILL. */
    killHalf: async () => void (await Promise.all(second().map(({ child }) => child.kill()))),
    /** Starts those again. Resolves when they are past their start. */
    async restartHalf() {
      for (const group of second()) group.child = launch(group.strategy, group.members)
      await Promise.all(second().map(({ child }) => child.heard('ready')))
    },
    /** Every application writes down its traffic until now. */
    count: () => ask({ type: 'count' }),
    /**
     * Puts a stale relay in front of everybody, or takes it away. @param {string} namespace
     * @param {boolean} on
     */
    lag: (namespace, on) => ask({ type: 'lag', namespace, on }),
    /** Takes the middlebox away that keeps dead streams warm, where there is one. */
    cool: () => ask({ type: 'cool' }),
    /** Everybody who follows a namespace. @param {string} namespace */
    everybody: namespace => followers(groups, namespace),
    /** Those of them in the processes that `killHalf` kills. @param {string} namespace */
    secondHalf: namespace => followers(second(), namespace),
  }
}
