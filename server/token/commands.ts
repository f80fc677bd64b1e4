import { and, eq, sql } from 'drizzle-orm'
import { lockTokens } from '../access/made-by.ts'
import { actingToken, beyond, holdRights, type Rights } from '../access/rights.ts'
import { isScope, type Scope, SCOPES } from '../access/scopes.ts'
import { isOver, isWithin, readBlock } from '../access/token-rules.ts'
import { hashToken, mintToken } from '../access/token.ts'
import { runCommand, type Audited, type CommandContext } from '../command.ts'
import { decodeId, encodeId, newUuid } from '../ids.ts'
import { LIMITS } from '../limits.ts'
import { writeAudit } from '../ledger/audit.ts'
import { parseMinor } from '../domain/money.ts'
import { conflict, invalid, isProblem, notFound, type Problem } from '../problem.ts'
import { NAME_LENGTH_MAX, readRequiredText, readText, SENTENCE_LENGTH_MAX } from '../text.ts'
import type { CreateTokenInput, RevokeTokenInput, RotateTokenInput } from '../schema.generated.ts'
import type { ApiTokenRow } from '@tidemark/drizzle/rows.ts'
import { apiToken } from '@tidemark/drizzle/tables/access.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

const YEARS_MAX = 5
const ADDRESSES_MAX = 50
const POINTS_PER_MINUTE_MAX = 1_000_000
const OVERLAP_HOURS_MAX = 720

/** What is said of a token when it is made. */
type Wanted = Pick<ApiTokenRow, 'name' | 'expiresAt' | 'addresses' | 'pointsPerMinute' | 'creditLimitMax'> & {
  readonly scopes: Scope[]
}

/** A token that was made. Its secret is nowhere else: what is kept for the idempotency key has none. */
type Made<Outcome> = Outcome & { readonly secret: string | null }

type Created = Audited & {
  readonly tokenId: string
  /** As it would be, in a dry run. */
  readonly imagined: ApiTokenRow | null
}
export type TokenCreated = Made<Created>

/** A token for a program, with no more rights than whoever makes it. */
export async function createToken(
  context: CommandContext,
  input: CreateTokenInput,
): Promise<TokenCreated | Problem> {
  const wanted = checkToken(input, context)
  if (isProblem(wanted)) return wanted
  let secret: string | null = null
  const outcome = await runCommand<Created>(context, { action: 'createToken', input }, async (tx) => {
    const rights = await holdRights(tx, context, 'token:write')
    const excess = excessOf(wanted, rights)
    if (excess !== null) return excess
    const made = await insertToken(tx, context, { ...wanted, replacesId: null })
    secret = made.secret
    const { scopes, expiresAt, pointsPerMinute, creditLimitMax } = wanted
    const ceiling = creditLimitMax === null ? {} : { creditLimitMax: creditLimitMax.toString() }
    const after = {
      scopes,
      expiresAt,
      pointsPerMinute,
      ...ceiling,
      addressBlocks: wanted.addresses?.length ?? 0,
    }
    const audit = await writeAudit(tx, context, { action: 'createToken', subject: made.row.id, after })
    return { tokenId: made.row.id, imagined: input.dryRun ? made.row : null, audit }
  })
  return isProblem(outcome) ? outcome : { ...outcome, secret: input.dryRun ? null : secret }
}

type Rotated = Created & { readonly replacedId: string; readonly endsAt: Temporal.Instant }
export type TokenRotated = Made<Rotated>

/** A token with the rights of another, which works on for a while. */
export async function rotateToken(
  context: CommandContext,
  input: RotateTokenInput,
): Promise<TokenRotated | Problem> {
  const { overlapHours } = input
  if (overlapHours < 0 || overlapHours > OVERLAP_HOURS_MAX) {
    return invalid(
      ['overlapHours'],
      `The overlap is from 0 to ${OVERLAP_HOURS_MAX} hours, not ${overlapHours}`,
    )
  }
  let secret: string | null = null
  const outcome = await runCommand<Rotated>(context, { action: 'rotateToken', input }, async (tx) => {
    const old = await lockToken(tx, context, input.id)
    const rights = await holdRights(tx, context, 'token:write')
    if (isProblem(old)) return old
    const fault = await rotationFault(tx, context, old, rights)
    if (fault !== null) return fault
    const made = await insertToken(tx, context, follow(old, context.now))
    secret = made.secret
    const endsAt = earlier(old.expiresAt, asKept(context.now.add({ hours: overlapHours })))
    await tx.update(apiToken).set({ expiresAt: endsAt }).where(isToken(context, old.id))
    const audit = await writeAudit(tx, context, {
      action: 'rotateToken',
      subject: old.id,
      before: { expiresAt: old.expiresAt },
      after: { expiresAt: endsAt, followedBy: made.row.id },
    })
    const imagined = input.dryRun ? made.row : null
    return { tokenId: made.row.id, imagined, replacedId: old.id, endsAt, audit }
  })
  return isProblem(outcome) ? outcome : { ...outcome, secret: input.dryRun ? null : secret }
}

export type TokenRevoked = Audited & { readonly tokenId: string }

/** Lets a token in no more. */
export async function revokeToken(
  context: CommandContext,
  input: RevokeTokenInput,
): Promise<TokenRevoked | Problem> {
  const reason = readText(input.reason, ['reason'], SENTENCE_LENGTH_MAX)
  if ('code' in reason) return reason
  return runCommand(context, { action: 'revokeToken', input }, async (tx) => {
    const token = await lockToken(tx, context, input.id)
    await holdRights(tx, context, 'token:write')
    if (isProblem(token)) return token
    await tx
      .update(apiToken)
      .set({ revokedAt: sql`clock_timestamp()` })
      .where(isToken(context, token.id))
    const record = { action: 'revokeToken', subject: token.id, reason: reason.text }
    return { tokenId: token.id, audit: await writeAudit(tx, context, record) }
  })
}

function checkToken(
  input: CreateTokenInput,
  { now, organization: { baseCurrency } }: Pick<CommandContext, 'now' | 'organization'>,
): Wanted | Problem {
  const name = readRequiredText(input.name, ['name'], NAME_LENGTH_MAX)
  if ('code' in name) return name
  const scopes = checkScopes(input.scopes)
  if (isProblem(scopes)) return scopes
  const addresses = checkAddresses(input.addresses ?? [])
  if (isProblem(addresses)) return addresses
  const { pointsPerMinute = null } = input
  const expiresAt = input.expiresAt ? asKept(input.expiresAt) : null
  const latest = now.toZonedDateTimeISO('UTC').add({ years: YEARS_MAX }).toInstant()
  if (expiresAt !== null && !isBefore(now, expiresAt)) {
    return invalid(['expiresAt'], `${expiresAt.toString()} has passed already`)
  }
  if (expiresAt !== null && isBefore(latest, expiresAt)) {
    return invalid(['expiresAt'], `A token lasts at most ${YEARS_MAX} years, until ${latest.toString()}`)
  }
  if (pointsPerMinute !== null && (pointsPerMinute < 1 || pointsPerMinute > POINTS_PER_MINUTE_MAX)) {
    const range = `from 1 to ${POINTS_PER_MINUTE_MAX.toLocaleString('en')}`
    return invalid(['pointsPerMinute'], `Points per minute are ${range}, not ${pointsPerMinute}`)
  }
  const ceiling = input.creditLimitMax
  const creditLimitMax = ceiling == null ? null : parseMinor(ceiling, baseCurrency)
  if (ceiling != null && (creditLimitMax === null || creditLimitMax < 0n))
    return invalid(['creditLimitMax'], `${ceiling} is no amount of ${baseCurrency} of 0 or more`)
  return { name: name.text, scopes, expiresAt, addresses, pointsPerMinute, creditLimitMax }
}

/** Each once, in the order in which they are always listed. */
function checkScopes(texts: readonly string[]): Scope[] | Problem {
  if (texts.length === 0) return invalid(['scopes'], `Say what the token may do. ${KNOWN_SCOPES}`)
  const unknown = texts.findIndex((text) => !isScope(text))
  if (unknown >= 0) {
    const shown = texts[unknown]?.slice(0, NAME_LENGTH_MAX) ?? ''
    return invalid(['scopes', String(unknown)], `There is no scope "${shown}". ${KNOWN_SCOPES}`)
  }
  const wanted = new Set(texts)
  return SCOPES.filter((scope) => wanted.has(scope))
}

const KNOWN_SCOPES = `The scopes are ${SCOPES.join(', ')}`

/** Null where there are none. */
function checkAddresses(texts: readonly string[]): string[] | null | Problem {
  if (texts.length > ADDRESSES_MAX) {
    return invalid(['addresses'], `At most ${ADDRESSES_MAX} addresses, not ${texts.length}`)
  }
  const tidy = texts.map((text) => text.trim().toLowerCase())
  const wrong = tidy.findIndex((text) => readBlock(text) === null)
  if (wrong >= 0) {
    const shown = texts[wrong]?.slice(0, NAME_LENGTH_MAX) ?? ''
    const message = `"${shown}" is neither an address, such as 203.0.113.7, nor a CIDR block, such as 2001:db8::/32`
    return invalid(['addresses', String(wrong)], message)
  }
  return tidy.length === 0 ? null : [...new Set(tidy)]
}

/** In what a token would reach beyond whoever makes it: nobody hands out more than they have. */
function excessOf(wanted: Wanted, rights: Rights): Problem | null {
  const missing = beyond(wanted.scopes, rights)
  if (missing.length > 0) {
    return invalid(['scopes'], `You cannot hand out what you may not do yourself: ${missing.join(', ')}`)
  }
  return rights.token === null ? null : limitFault(wanted, rights.token)
}

type Limits = Pick<ApiTokenRow, 'expiresAt' | 'addresses' | 'pointsPerMinute' | 'creditLimitMax'>

/** What a token makes is bound by its own limits: whoever found it must not free themselves of them. */
function limitFault(wanted: Limits, own: Limits): Problem | null {
  const { expiresAt } = own
  if (expiresAt !== null && (wanted.expiresAt === null || isBefore(expiresAt, wanted.expiresAt))) {
    const end = expiresAt.toString()
    return invalid(['expiresAt'], `Your own token is over on ${end}: what it makes must be over by then`)
  }
  if (!areWithin(own.addresses, wanted.addresses)) {
    const list = own.addresses?.join(', ')
    return invalid(['addresses'], `Your own token may be used from ${list} alone, and so may what it makes`)
  }
  const { creditLimitMax } = own
  if (creditLimitMax !== null && (wanted.creditLimitMax === null || wanted.creditLimitMax > creditLimitMax))
    return invalid(
      ['creditLimitMax'],
      'Your own token has a ceiling of credit limits, and what it makes none above it',
    )
  const points = pointsOf(own)
  if (pointsOf(wanted) <= points) return null
  return invalid(
    ['pointsPerMinute'],
    `Your own token has ${points} points per minute, and what it makes no more`,
  )
}

const pointsOf = ({ pointsPerMinute }: Limits): number => pointsPerMinute ?? LIMITS.pointsPerMinute

const areWithin = (own: readonly string[] | null, wanted: readonly string[] | null): boolean => {
  if (own === null || own.length === 0) return true
  const blocks = own.map(readBlock)
  return (
    wanted !== null &&
    wanted.every((text) => {
      const inner = readBlock(text)
      return inner !== null && blocks.some((outer) => isWithin(outer, inner))
    })
  )
}

async function rotationFault(
  tx: Tx,
  context: CommandContext,
  old: ApiTokenRow,
  rights: Rights,
): Promise<Problem | null> {
  if (isOver(old, context.now)) return conflict(['id'], 'This token is over already: make a new one')
  const [follower] = await tx
    .select({ id: apiToken.id })
    .from(apiToken)
    .where(and(eq(apiToken.organizationId, context.organization.id), eq(apiToken.replacesId, old.id)))
  if (follower !== undefined) {
    const message = `This token was replaced by ${encodeId('token', follower.id)} already: replace that one`
    return conflict(['id'], message)
  }
  const missing = beyond(old.scopes.filter(isScope), rights)
  if (missing.length > 0) {
    return invalid(['id'], `This token may do what you may not do yourself: ${missing.join(', ')}`)
  }
  // A token may always be followed by one like itself.
  if (rights.token === null || rights.token.id === old.id) return null
  const fault = limitFault(follow(old, context.now), rights.token)
  return fault === null ? null : { ...fault, path: ['id'] }
}

/** What follows a token: the same, for as long as it was made for. */
const follow = (old: ApiTokenRow, now: Temporal.Instant): Wanted & Pick<ApiTokenRow, 'replacesId'> => ({
  name: old.name,
  scopes: old.scopes.filter(isScope),
  expiresAt: old.expiresAt === null ? null : now.add(old.createdAt.until(old.expiresAt)),
  addresses: old.addresses,
  pointsPerMinute: old.pointsPerMinute,
  creditLimitMax: old.creditLimitMax,
  replacesId: old.id,
})

/** Locks a token, and the one that acts with it, so that two that end each other do not wait for each other. */
async function lockToken(tx: Tx, context: CommandContext, id: string): Promise<ApiTokenRow | Problem> {
  const uuid = decodeId('token', id)
  const ids = [uuid, actingToken(context)].filter((known) => known !== null)
  const locked = await lockTokens(tx, context.organization.id, ids)
  const token = locked.find((row) => row.id === uuid)
  if (token === undefined || token.revokedAt !== null) {
    return notFound(['id'], `There is no token ${id.slice(0, NAME_LENGTH_MAX)} that is not revoked`)
  }
  return token
}

const isToken = ({ organization }: CommandContext, id: string) =>
  and(eq(apiToken.organizationId, organization.id), eq(apiToken.id, id))

async function insertToken(
  tx: Tx,
  { organization, actor }: CommandContext,
  wanted: Wanted & Pick<ApiTokenRow, 'replacesId'>,
): Promise<{ readonly row: ApiTokenRow; readonly secret: string }> {
  const secret = mintToken('token', organization.id)
  const [row] = await tx
    .insert(apiToken)
    .values({
      ...wanted,
      organizationId: organization.id,
      id: newUuid(),
      createdBy: actor,
      secretHash: hashToken(secret),
    })
    .returning()
  if (row === undefined) throw new Error('The token was not written')
  return { row, secret }
}

/** As PostgreSQL keeps it, never later: so what was read of one token can be asked for another. */
const asKept = (moment: Temporal.Instant): Temporal.Instant =>
  moment.round({ smallestUnit: 'microsecond', roundingMode: 'floor' })

const earlier = (one: Temporal.Instant | null, other: Temporal.Instant): Temporal.Instant =>
  one !== null && isBefore(one, other) ? one : other

const isBefore = (a: Temporal.Instant, b: Temporal.Instant): boolean => Temporal.Instant.compare(a, b) < 0
