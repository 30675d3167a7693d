import { entryPoints } from './scripts/entry-points.js'

/** @type {Partial<import('typedoc').TypeDocOptions>} */
export default {
  name: 'noticeboard',
  entryPoints: entryPoints()
    .filter(({ subpath }) => subpath !== 'bin')
    .map(({ source }) => source),
  tsconfig: 'tsconfig.json',
  out: 'docs/api',
  readme: 'README.md',
  excludeInternal: true,
  excludePrivate: true,
  excludeExternals: true,
  // Types are checked by themselves, and links to a forge belong to whoever publishes the pages.
  skipErrorChecking: true,
  disableSources: true,
  treatWarningsAsErrors: true,
  validation: { notExported: true, invalidLink: true, notDocumented: true, rewrittenLink: true },
  // The working parts of `DeepReadonly`, and what a validator returns without its own name.
  intentionallyNotExported: [
    'src/contracts/deep-readonly.ts:Builtin',
    'src/contracts/deep-readonly.ts:Callable',
    'src/contracts/deep-readonly.ts:Primitive',
    'src/contracts/deep-readonly.ts:ReadonlyElements',
    'src/contracts/deep-readonly.ts:ReadonlyProperties',
    'src/contracts/validator.ts:Found',
  ],
  // Not every property: `digest` in an interface that says what it is needs no second sentence.
  requiredToBeDocumented: ['Class', 'Interface', 'TypeAlias', 'Function', 'Variable', 'Method', 'Accessor'],
}
