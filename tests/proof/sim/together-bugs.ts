import type { PlantedBug } from './bugs.js'

/**
 * The list of planted bugs about processes that serve one board together. Each is hunted in the
 * scene `together` alone, of seeds that nothing was written with.
 */
export const TOGETHER_BUGS: readonly PlantedBug[] = [
  {
    name: 'a-worker-tells-what-its-store-has',
    file: 'src/server/together/member.ts',
    replace: [
      ['return { ...rest, reports: heard }', 'return { ...rest, ...(!heard && { reports: heard }) }'],
    ],
    oracles: ['last-words-hold'],
  },
  {
    name: 'words-are-handed-over-once',
    file: 'src/server/together/member.ts',
    replace: [['cancel = undefined handing ??=', 'handing ??=']],
    oracles: ['last-words-hold'],
  },
  {
    name: 'a-word-waits-for-a-stranger',
    file: 'src/server/together/member.ts',
    replace: [["soon() return 'kept-here'", "return 'kept-here'"]],
    oracles: ['last-words-hold'],
  },
  {
    name: 'questions-have-one-number',
    file: 'src/server/together/member.ts',
    replace: [['count += 1 const id = count', 'const id = count']],
    oracles: ['last-words-hold'],
  },
  {
    name: 'what-one-message-does-not-take-is-dropped',
    file: 'src/server/together/outbox.ts',
    replace: [['waiting = waiting.slice(REPORTS_A_MESSAGE)', 'waiting = []']],
    oracles: ['last-words-hold'],
  },
  {
    name: 'an-answer-is-its-first-part',
    file: 'src/server/together/desk.ts',
    replace: [['from += REPORTS_A_MESSAGE', 'from += all.length']],
    oracles: ['last-words-hold'],
  },
  {
    name: 'a-release-comes-to-its-own-worker',
    file: 'src/node/board/tail.ts',
    replace: [['tail.poll()', 'void tail']],
    oracles: ['told-at-once'],
  },
]
