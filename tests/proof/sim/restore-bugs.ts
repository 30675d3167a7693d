import type { PlantedBug } from './bugs.js'

/**
 * The fifth list of planted bugs: what may be got wrong with a store that goes back in the middle
 * of a rollout. Each is hunted in the scene `restores` alone, of seeds that nothing was written
 * with.
 */
export const RESTORE_BUGS: readonly PlantedBug[] = [
  {
    name: 'what-went-back-is-believed',
    file: 'src/core/store/board-memory.ts',
    replace: [
      [
        "const isGone = succession === 'went-back' || (succession === 'unproven' && !(await stillHas(known)))",
        "const isGone = succession === 'unproven' && !(await stillHas(known))",
      ],
    ],
    oracles: ['what-is-lost-is-told', 'nothing-proves-what-is-lost', 'no-step-on-what-went-back'],
  },
  {
    name: 'marks-go-on',
    file: 'src/server/stream/heartbeat.ts',
    replace: [['if (!wentBack(topic.namespace)) topic.mark = times', 'topic.mark = times']],
    oracles: ['what-went-back-is-not-marked', 'what-is-lost-is-not-marked'],
  },
  {
    name: 'nobody-says-so',
    file: 'src/server/stream/hub.ts',
    replace: [
      [
        'else logger?.error(sayWentBack(namespace, wentBack), { namespace })',
        'else logger?.debug(sayWentBack(namespace, wentBack), { namespace })',
      ],
    ],
    oracles: ['what-is-lost-is-told'],
  },
  {
    name: 'an-epoch-is-refused-like-the-rest',
    file: 'src/core/store/remembering-store.ts',
    replace: [
      [
        'if (known !== undefined && !isNext) await assertStands',
        'if (known !== undefined) await assertStands',
      ],
    ],
    oracles: ['publishing-works-again'],
  },
  {
    name: 'an-epoch-knows-only-what-is-left',
    file: 'src/publisher/epoch.ts',
    replace: [
      [
        'before === undefined ? highest : Math.max(highest, epochNumber(before.epoch))',
        'before === undefined ? highest : highest',
      ],
    ],
    // What the fleet says it has seen would make up for it.
    also: [
      {
        file: 'src/fleet/claims.ts',
        replace: [
          [
            'claims?.counted === undefined ? own : Math.max(own, epochNumber(claims.counted.epoch))',
            'claims?.counted === undefined ? own : own',
          ],
        ],
      },
    ],
    oracles: ['publishing-works-again', 'everybody-gets-there'],
  },
  {
    name: 'a-controller-goes-on-with-what-is-left',
    file: 'src/publisher/append.ts',
    replace: [
      [
        'if (!opens) assertDidNotGoBack(store, namespace)',
        'if (races < 0) assertDidNotGoBack(store, namespace)',
      ],
    ],
    also: [
      {
        file: 'src/publisher/rollouts/tend.ts',
        replace: [["if (says !== undefined) throw new NoticeboardError('store-damaged', says)", 'void says']],
      },
      {
        file: 'src/core/store/remembering-store.ts',
        replace: [
          [
            'if (known !== undefined && !isNext) await assertStands(namespace, signal)',
            'if (known === undefined && !isNext) await assertStands(namespace, signal)',
          ],
        ],
      },
    ],
    oracles: ['no-step-on-what-went-back', 'a-store-behind-refuses'],
  },
  {
    name: 'what-is-not-there-was-never-published',
    file: 'src/publisher/append.ts',
    replace: [
      [
        'if (wentBack !== undefined) throw wentBackError(context.namespace, wentBack)',
        'if (wentBack !== undefined && opens) throw wentBackError(context.namespace, wentBack)',
      ],
    ],
    oracles: ['a-store-behind-refuses'],
  },
  {
    name: 'what-the-fleet-has-seen-counts-for-nothing',
    file: 'src/fleet/claims.ts',
    replace: [['before + 1 >= needed', 'before >= needed + voters.length']],
    oracles: ['a-store-behind-refuses', 'no-step-on-what-went-back'],
  },
]
