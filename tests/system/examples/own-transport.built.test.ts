import { kv } from '../../../examples/own-transport/kv.mjs'
import { kvInMemory } from '../../../examples/own-transport/kv-in-memory.mjs'
import { mirrorCases } from '../../../src/testing/conformance/index.js'
import { runCases } from '../../support/run-cases.js'

// may be skipped: parts that this small transport does not have, each with its reason.
runCases(
  'the transport of the example',
  mirrorCases(
    () => {
      const both = kv(kvInMemory())
      return { mirror: both, transport: both, close: () => Promise.resolve() }
    },
    {
      without: {
        next: 'the newest release is all it keeps',
        inline: 'snapshots are fetched',
        marks: 'it sends none',
        report: 'it carries none back',
        cut: 'it is in memory',
        freeze: 'it is in memory',
        silence: 'it is in memory',
        damage: 'it is in memory',
        stranger: 'everybody may write to it',
        heard: 'it carries no reports back',
        mark: 'it sends none',
      },
    },
  ),
)
