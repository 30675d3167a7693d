// What a side is measured over: this build, which has to do what is measured, or the one before,
// which may not be able to.

/**
 * @import { Processes } from '../processes.js'
 * @typedef {object} Build
 * @property {Processes['start']} start a process of the benchmarks over this build
 * @property {<Result>(work: () => Promise<Result>) => Promise<Result | undefined>} attempt does a
 * piece of work of its side; of the build before what fails is noted, and it is asked for no more
 * @property {string | undefined} problem why it could not do what is measured
 */

/** How sides of the build before are called. */
export const titleBefore = 'before'

/** This build, and what stands beside it: what fails ends the run. @param {Processes} processes */
export function thisBuild({ start }) {
  /** @type {Build} */
  const build = { start, attempt: work => work(), problem: undefined }
  return build
}

/**
 * The build before, as one side of what a part measures.
 * @param {Processes['start']} start
 * @param {(problem: string) => void} failed is told once
 */
export function buildBefore(start, failed) {
  /** @type {Build} */
  const build = {
    start,
    problem: undefined,
    async attempt(work) {
      if (build.problem !== undefined) return undefined
      try {
        return await work()
      } catch (error) {
        build.problem = errorIn(error instanceof Error ? error.message : String(error))
        failed(build.problem)
        return undefined
      }
    },
  }
  return build
}

/**
 * With those beside them that the build before does as well, each right after this one's.
 * @template {{ readonly build?: Build }} Of
 * @param {readonly Of[]} among @param {Build | undefined} build nothing without one
 * @param {(one: Of) => Partial<Of> | undefined} asBefore how it is called there; undefined where it
 * has none
 * @returns {readonly Of[]}
 */
export function besideBefore(among, build, asBefore) {
  if (build === undefined) return among
  return among.flatMap(one => {
    const before = asBefore(one)
    return before === undefined ? [one] : [one, { ...one, ...before, build }]
  })
}

/**
 * What the figures of a part say of the build before: why it could not do what was measured.
 * @param {Build | undefined} build
 */
export function figuresOfBefore(build) {
  return build === undefined ? {} : { before: { problem: build.problem } }
}

/** The line of a text that names an error, or its first. @param {string} text */
export function errorIn(text) {
  return (/^\w*Error\b.*$/m.exec(text)?.[0] ?? text.trim().split('\n')[0] ?? '').trim()
}
