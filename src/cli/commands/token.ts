import { join, resolve } from 'node:path'
import type { Scope } from '../../contracts/access.js'
import { NoticeboardError } from '../../contracts/errors.js'
import { patternProblem } from '../../core/access/namespace-pattern.js'
import { isScope, SCOPES } from '../../core/access/scopes.js'
import { drawToken, isTokenName } from '../../core/access/token.js'
import { isInstant } from '../../core/release/instant.js'
import { tokenFolder, type TokenFolder } from '../../node/index.js'
import { readSystem } from '../../system/system.js'
import { assertBoard } from '../boards.js'
import { BOARD_OPTIONS, type Command, type CommandContext } from '../command.js'
import { usageError } from '../exit.js'
import { loggerFor } from '../logger.js'
import { shortTime } from '../references.js'
import { boardFolder, tokensOf } from '../settings.js'

export const tokenCommand: Command = {
  name: 'token',
  summary: 'make, list and revoke tokens that may do some things in some namespaces',
  usage: 'create|list|revoke [NAME]',
  text: `Works on the folder where a server finds its tokens, on the server's machine: private/tokens of the board, or --tokens. create prints
the token, once; only its hash is kept. A running server knows a new token, and forgets a revoked one, within a second or two, and where
reading wants a token ends the streams that were opened with it. Scopes: read and report, where the server wants tokens for them; inspect reads history and reports too;
publish-staged begins rollouts and nothing else; revert rolls back, aborts, retreats and pauses; control moves rollouts on; admin does everything.`,
  options: {
    board: { value: 'FOLDER', text: 'the board; or "board" in the configuration file' },
    tokens: { value: 'FOLDER', text: 'where tokens are kept, if not in the private/tokens of a board' },
    scope: { value: 'SCOPE', multiple: true, text: `${SCOPES.join(', ')}; several are allowed` },
    for: {
      value: 'PATTERN',
      multiple: true,
      text: "namespaces: checkout/prod, 'checkout/*', 'checkout/**', or '**' for all; several are allowed",
    },
    client: {
      value: 'ID',
      multiple: true,
      text: "the client that it reports for, or 'web-*' for those that begin so; several are allowed, all unless given",
    },
    author: { value: 'NAME', text: 'the author that its releases have to name in the history' },
    expires: { value: 'WHEN', text: 'after 30m, 12h or 90d, or at a time such as 2027-01-31T00:00:00.000Z' },
    config: BOARD_OPTIONS['config'] ?? { value: 'FILE', text: 'the configuration file' },
  },
  examples: [
    "noticeboard token create ci --board /var/lib/board --scope publish-staged --for 'checkout/*' --expires 90d",
    "noticeboard token create web-17 --board /var/lib/board --scope report --for 'checkout/*' --client web-17",
    'noticeboard token revoke ci --board /var/lib/board',
  ],
  positionals: [1, 2],
  async run(context) {
    const { args } = context
    const [verb = '', name] = args.positionals
    switch (verb) {
      case 'create':
        return create(context, await openFolder(context), nameFrom(name, verb))
      case 'list':
        if (name !== undefined) throw usageError('noticeboard token list takes no name')
        return list(context, await openFolder(context))
      case 'revoke':
        return revoke(context, await openFolder(context), nameFrom(name, verb))
      default:
        throw usageError(
          `there is no token ${JSON.stringify(verb.slice(0, 60))}; it is create, list or revoke`,
        )
    }
  },
}

async function create(
  { io, args, print, json }: CommandContext,
  { path, folder }: Opened,
  name: string,
): Promise<void> {
  const { clock, random, hasher } = readSystem('token', io.system)
  const scopes = args.texts('scope').map(readScope)
  if (scopes.length === 0) throw usageError(`the scope is missing: pass --scope, one of ${SCOPES.join(', ')}`)
  const namespaces = args.texts('for')
  if (namespaces.length === 0)
    throw usageError("the namespaces are missing: pass --for 'checkout/*', or --for '**' for all")
  for (const pattern of namespaces) {
    const problem = patternProblem(pattern)
    if (problem !== undefined) throw usageError(`--for ${JSON.stringify(pattern.slice(0, 80))}: ${problem}`)
  }
  const clients = args.texts('client')
  const author = args.text('author')
  const nowMs = clock.now()
  const expiresAt = expiryFrom(args.text('expires'), nowMs)
  const { token, record } = drawToken(
    {
      name,
      scopes: [...new Set(scopes)],
      namespaces,
      createdAt: new Date(nowMs).toISOString(),
      ...(clients.length > 0 && { clients }),
      ...(author !== undefined && { author }),
      ...(expiresAt !== undefined && { expiresAt }),
    },
    { random, hasher },
  )
  await folder.create(record)
  if (json) return print.jsonLine({ name, token, ...(expiresAt !== undefined && { expiresAt }) })
  print.data(`${token}\n`)
  print.note(`this is shown once; its hash is in ${join(path, `${name}.json`)}`)
}

async function list({ io, print, json }: CommandContext, { folder, path }: Opened): Promise<void> {
  const { clock } = readSystem('token', io.system)
  const now = new Date(clock.now()).toISOString()
  const records = await folder.tokens(io.signal)
  if (json) {
    for (const { sha256: _, ...record } of records) print.jsonLine(record)
    return
  }
  if (records.length === 0) return print.note(`there are no tokens in ${path}`)
  print.table(
    ['name', 'scopes', 'namespaces', 'clients', 'author', 'created', 'expires'],
    records.map(({ name, scopes, namespaces, clients, author, createdAt, expiresAt }) => [
      name,
      scopes.join(' '),
      namespaces.join(' '),
      clients?.join(' '),
      author,
      shortTime(createdAt),
      expiresAt === undefined
        ? undefined
        : expiresAt <= now
          ? { text: `expired ${shortTime(expiresAt)}`, tone: 'red' as const }
          : shortTime(expiresAt),
    ]),
  )
}

async function revoke(
  { print, json }: CommandContext,
  { folder, path }: Opened,
  name: string,
): Promise<void> {
  if (!(await folder.revoke(name)))
    throw new NoticeboardError(
      'not-found',
      `there is no token ${name} in ${path}; noticeboard token list shows them`,
    )
  if (json) return print.jsonLine({ revoked: name })
  print.data(`${name} is revoked\n`)
}

interface Opened {
  readonly path: string
  readonly folder: TokenFolder
}

async function openFolder(context: CommandContext): Promise<Opened> {
  const { io } = context
  const path = await findFolder(context)
  return {
    path,
    folder: tokenFolder(path, {
      logger: loggerFor(context),
      ...(io.system !== undefined && { system: io.system }),
    }),
  }
}

async function findFolder({ io, args }: CommandContext): Promise<string> {
  const tokens = args.text('tokens')
  if (tokens !== undefined) return resolve(io.cwd, tokens)
  const board = await boardFolder({ io, args })
  if (board !== undefined) {
    await assertBoard(board)
    return tokensOf(board)
  }
  throw usageError(
    'the folder of the tokens is missing: pass --board FOLDER, the one that is served, or --tokens FOLDER',
  )
}

function nameFrom(name: string | undefined, verb: string): string {
  if (isTokenName(name)) return name
  throw usageError(
    `name the token: noticeboard token ${verb} NAME, of a-z, 0-9, "." and "-", 63 characters at most`,
  )
}

function readScope(text: string): Scope {
  if (isScope(text)) return text
  throw usageError(
    `there is no scope ${JSON.stringify(text.slice(0, 60))}; it is one of ${SCOPES.join(', ')}`,
  )
}

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

function expiryFrom(text: string | undefined, nowMs: number): string | undefined {
  if (text === undefined) return undefined
  const [, count, unit = ''] = /^([1-9]\d{0,5})([mhd])$/.exec(text) ?? []
  if (count !== undefined) return new Date(nowMs + Number(count) * (UNITS[unit] ?? 0)).toISOString()
  if (isInstant(text) && Date.parse(text) > nowMs) return text
  throw usageError('--expires must be 30m, 12h or 90d, or a later time such as 2027-01-31T00:00:00.000Z')
}
