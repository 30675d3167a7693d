/**
 * How the library names an option, and how the command line does. The library does not know who
 * calls it, so its messages speak of `{ readmit }` and `everyone()`, which nobody can type.
 */
const WORDS: readonly (readonly [api: RegExp, flag: string])[] = [
  // Both are named: the flag stays.
  [/\{ ignoreReports: true \} \(--ignore-reports\)/g, '--ignore-reports'],
  [/ --to VERSION, or \{ to \}/g, ' --to VERSION'],
  [/, or by publisher\.prune\(\) over the store that the server has/g, ''],
  [/\(pass \{ ifPosition \}\)/g, '(pass --if-position instead)'],
  [/, \{ labels \}, \{ clients \}, or "all"/g, ' or "all"'],
  [/pass \{ drive: true \} and iterate the rollout/g, 'wait here with --wait=completed'],
  // Both are named: the command stays.
  [/iterate the rollout with \{ drive: true \} \((noticeboard rollout show [^)]*)\)/g, '$1'],
  [/publish\(document, \{ readmit \}\)/g, 'noticeboard publish FILE --readmit "why it may come back"'],
  [/rollback\(\{ to \}\)/g, 'noticeboard rollback --to VERSION'],
  [/\{ readmit: ("[^"]*") \}/g, '--readmit $1'],
  [/say why in \{ belowFloor \}/g, 'say why with --below-floor "…"'],
  [/\{ supersede: true \}/g, '--supersede'],
  [/\{ document \}/g, '--document FILE'],
  [/\{ reason: "why" \}/g, '--reason "why"'],
  [/\b(with|use) (everyone|timed)\(\)/g, '$1 --$2'],
  [/\bthe url of http\(url\)/g, 'the address of the board'],
  [
    /; pass http\(url, \{ token \}\) or \{ headers \}/g,
    '; give a token by --token-file FILE or NOTICEBOARD_TOKEN',
  ],
  [/; pass \{ token \} or \{ headers \}/g, '; give a token by --webhook-token-file FILE'],
  [/pass secrets in \{ headers \}/g, 'give a token by --token-file FILE or NOTICEBOARD_TOKEN'],
  [
    /adaptivePullModel\(\): leastMs must not be more than mostMs/g,
    '--model adaptive: least must not be more than most',
  ],
  [/: httpStore\(url, \{ token \}\), from the file that the server names at its start/g, ''],
]

/** Options of the library whose flag has a name of its own. */
const FLAGS: Readonly<Record<string, string>> = {
  hosts: 'allow-host',
  origins: 'origin',
  trustedProxies: 'trusted-proxy',
  mostClients: 'most',
  url: 'webhook',
}

/** A message that begins with the option that it is about. */
const ABOUT_OPTION =
  /^(?:staged|publish|promote|prune|createController|compare|webhook)\(\): ([a-z][A-Za-z]*)(?= (?:must|is|has)\b)/
const ABOUT_BARE_OPTION = /^(activateAt|origins|hosts|trustedProxies|heartbeatMs)(?= (?:must|is)\b)/

/**
 * A message of the library in the words of the command line, which has flags for its options.
 *
 * ```ts
 * byFlags('to publish it again, pass { readmit: "why it may come back" }')
 * // to publish it again, pass --readmit "why it may come back"
 * ```
 */
export function byFlags(message: string): string {
  const said = WORDS.reduce((text, [api, flag]) => text.replace(api, flag), message)
  return said
    .replace(ABOUT_OPTION, (_, name: string) => `--${flagOf(name)}`)
    .replace(ABOUT_BARE_OPTION, (_, name: string) => `--${flagOf(name)}`)
    .replace(/^staged\(\): /, '--stages: ')
}

function flagOf(name: string): string {
  return FLAGS[name] ?? name.replace(/[A-Z]/g, capital => `-${capital.toLowerCase()}`)
}
