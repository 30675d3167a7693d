// A gate that a person opens: the first stage runs, and nobody more is exposed before somebody has
// approved the document.
import { access } from 'node:fs/promises'
import { join } from 'node:path'

/** @import { Gate } from 'noticeboard/core' */

/**
 * Waits until the folder holds a file that is named by the candidate's digest. Whoever may write
 * there may approve: keep the folder where it is not the author's alone, in a repository with
 * reviews or on a volume of the operators. A folder that cannot be read approves nothing.
 *
 * @param {object} options
 * @param {string} options.folder
 * @param {string} [options.name] Names the gate in plans. `approval` unless given.
 * @returns {Gate}
 */
export function approvalGate({ folder, name = 'approval' }) {
  return {
    name,
    onBad: 'pause',
    async check({ candidate }) {
      for (const digest of candidate) {
        const isApproved = await access(join(folder, digest)).then(
          () => true,
          () => false,
        )
        if (!isApproved) return { verdict: 'unknown', why: `nobody has approved ${digest}` }
      }
      return 'good'
    },
  }
}
