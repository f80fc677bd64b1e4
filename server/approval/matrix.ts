/** The authority matrix: set as a whole, a version at a time. */
import { and, eq, inArray, isNull } from 'drizzle-orm'
import { apiToken } from '@tidemark/drizzle/tables/access.ts'
import { authorityMatrix } from '@tidemark/drizzle/tables/approval.ts'
import { person } from '@tidemark/drizzle/tables/organization.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { readLatestMatrix } from '../authority/matrix.ts'
import { storeRule, type MatrixInBooks } from '../authority/stored.ts'
import { runCommand, type Audited, type CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { faultOfRules, type AuthorityRule, type Who } from '../domain/authority.ts'
import { isPlausible } from '../domain/day.ts'
import { Exact, formatMinor, MINOR_MAX, parseMinor } from '../domain/money.ts'
import { decodeId } from '../ids.ts'
import { writeAudit } from '../ledger/audit.ts'
import { conflict, implausible, invalid, isProblem, notFound, type Path, type Problem } from '../problem.ts'
import type {
  AuthorityHolderInput,
  AuthorityRuleInput,
  SetAuthorityMatrixInput,
} from '../schema.generated.ts'
import { readRequiredText, SENTENCE_LENGTH_MAX } from '../text.ts'

export type MatrixSet = Audited & { readonly matrix: MatrixInBooks }

const RULES_MAX = 200
const HOLDERS_MAX = 50
const DAYS_MAX = 366
/** Longer than any due date is put off. */
const RULE_DAYS_MAX = 3_660
const PERCENT_MAX = 1_000_000

/** Sets the rules that hold from a day on. Those of the days before stay what they were. */
export async function setAuthorityMatrix(
  context: CommandContext,
  input: SetAuthorityMatrixInput,
): Promise<MatrixSet | Problem> {
  const read = readMatrixInput(context, input)
  if (isProblem(read)) return read
  const { matrix, reason } = read
  const { organization } = context
  return runCommand(
    context,
    {
      action: 'setAuthorityMatrix',
      input,
      duplicates: { authority_matrix_organization_id_version_pk: changedMeanwhile },
    },
    async (tx) => {
      const before = await readLatestMatrix(tx, organization.id)
      if (typeof input.expectedVersion === 'number' && input.expectedVersion !== before.version)
        return conflict(['expectedVersion'], `The authority matrix is at version ${before.version} by now`)
      const unknown = await unknownHolder(tx, organization.id, matrix.rules)
      if (unknown !== null) return unknown
      const set: MatrixInBooks = { ...matrix, version: before.version + 1 }
      const audit = await writeAudit(tx, context, {
        action: 'setAuthorityMatrix',
        subject: organization.id,
        before: auditable(before),
        after: auditable(set),
        reason,
      })
      await tx.insert(authorityMatrix).values({
        organizationId: organization.id,
        version: set.version,
        effectiveOn: matrix.effectiveOn,
        windowDays: set.windowDays,
        expiryDays: set.expiryDays,
        rules: set.rules.map(storeRule),
        auditId: audit.id,
      })
      return { matrix: set, audit }
    },
  )
}

const changedMeanwhile = conflict(
  [],
  'Somebody else set the authority matrix at the same moment: read it again',
)

const auditable = ({ rules, effectiveOn, ...matrix }: MatrixInBooks) => ({
  ...matrix,
  effectiveOn: effectiveOn?.toString() ?? null,
  rules: rules.map(storeRule),
})

type Read = {
  readonly matrix: Omit<MatrixInBooks, 'version'> & { readonly effectiveOn: Temporal.PlainDate }
  readonly reason: string
}

function readMatrixInput(context: CommandContext, input: SetAuthorityMatrixInput): Read | Problem {
  const reason = readRequiredText(input.reason, ['reason'], SENTENCE_LENGTH_MAX)
  if ('code' in reason) return reason
  const { windowDays, expiryDays } = input
  for (const [field, days] of Object.entries({ windowDays, expiryDays }))
    if (days < 1 || days > DAYS_MAX)
      return invalid([field], `${days} days do not lie between 1 and ${DAYS_MAX}`)
  const today = todayOf(context)
  const effectiveOn = input.effectiveOn ?? today
  if (!isPlausible(effectiveOn)) return implausible(['effectiveOn'], effectiveOn)
  if (Temporal.PlainDate.compare(effectiveOn, today) < 0)
    return invalid(['effectiveOn'], `${effectiveOn.toString()} is over: who decided then stays as it was`)
  const rules = readRules(input.rules, context.organization.baseCurrency)
  if (isProblem(rules)) return rules
  const fault = faultOfRules(rules)
  if (fault !== null) return invalid(['rules', String(fault.index), fault.field], fault.fault)
  return { matrix: { windowDays, expiryDays, effectiveOn, rules }, reason: reason.text }
}

function readRules(inputs: readonly AuthorityRuleInput[], currency: string): AuthorityRule[] | Problem {
  if (inputs.length > RULES_MAX)
    return invalid(['rules'], `At most ${RULES_MAX} rules are taken, not ${inputs.length}`)
  const rules: AuthorityRule[] = []
  for (const [index, input] of inputs.entries()) {
    const rule = readRule(input, ['rules', String(index)], currency)
    if (isProblem(rule)) return rule
    rules.push(rule)
  }
  return rules
}

function readRule(input: AuthorityRuleInput, path: Path, currency: string): AuthorityRule | Problem {
  const upTo = readAmount(input.upTo, [...path, 'upTo'], currency)
  if (isProblem(upTo)) return upTo
  const upToByActor = readAmount(input.upToByActor, [...path, 'upToByActor'], currency)
  if (isProblem(upToByActor)) return upToByActor
  const upToBasisPoints = readPercent(input.upToPercent, [...path, 'upToPercent'])
  if (isProblem(upToBasisPoints)) return upToBasisPoints
  const upToDays = input.upToDays ?? null
  if (upToDays !== null && (upToDays < 0 || upToDays > RULE_DAYS_MAX))
    return invalid([...path, 'upToDays'], `${upToDays} days do not lie between 0 and ${RULE_DAYS_MAX}`)
  const deciders = readHolders(input.deciders, [...path, 'deciders'])
  if (isProblem(deciders)) return deciders
  const approvers = readHolders(input.approvers, [...path, 'approvers'])
  if (isProblem(approvers)) return approvers
  const { action, approvals } = input
  const newCustomer = input.newCustomer ?? null
  return { action, upTo, upToByActor, upToBasisPoints, upToDays, newCustomer, deciders, approvers, approvals }
}

function readAmount(text: string | null | undefined, path: Path, currency: string): bigint | null | Problem {
  if (text == null) return null
  const minor = parseMinor(text, currency)
  if (minor !== null && minor >= 0n) return minor
  const most = formatMinor({ minor: MINOR_MAX, currency })
  return invalid(path, `${text} is no amount of ${currency} from 0 to ${most}`)
}

function readPercent(text: string | null | undefined, path: Path): number | null | Problem {
  if (text == null) return null
  const percent = /^\d{1,7}(\.\d{1,2})?$/.test(text) ? new Exact(text) : null
  return percent !== null && percent.lessThanOrEqualTo(PERCENT_MAX)
    ? percent.times(100).toNumber()
    : invalid(path, `${text} is no percentage from 0 to ${PERCENT_MAX} with at most two decimals`)
}

function readHolders(inputs: readonly AuthorityHolderInput[], path: Path): Who[] | Problem {
  if (inputs.length > HOLDERS_MAX)
    return invalid(path, `At most ${HOLDERS_MAX} are named, not ${inputs.length}`)
  const holders: Who[] = []
  for (const [index, input] of inputs.entries()) {
    const who = readHolder(input, [...path, String(index)])
    if (isProblem(who)) return who
    holders.push(who)
  }
  return holders
}

function readHolder(input: AuthorityHolderInput, path: Path): Who | Problem {
  if (input.role) return { kind: 'ROLE', role: input.role.toLowerCase() }
  if (input.anyone === true) return { kind: 'ANYONE' }
  if (input.anyone === false) return invalid([...path, 'anyone'], 'anyone can only be true')
  const [kind, type] = input.person == null ? (['TOKEN', 'token'] as const) : (['PERSON', 'person'] as const)
  const given = input.person ?? input.token ?? ''
  const id = decodeId(type, given)
  return id === null
    ? notFound([...path, type], `There is no ${type} with id ${given.slice(0, 200)}`)
    : { kind, id }
}

/** Somebody whom a rule names, and who is not there. */
async function unknownHolder(
  tx: Tx,
  organizationId: string,
  rules: readonly AuthorityRule[],
): Promise<Problem | null> {
  const named = rules.flatMap((rule, index) =>
    (['deciders', 'approvers'] as const).flatMap((field) =>
      rule[field].flatMap((who, place) =>
        'id' in who
          ? [{ kind: who.kind, id: who.id, path: ['rules', String(index), field, String(place)] }]
          : [],
      ),
    ),
  )
  const idsOf = (kind: 'PERSON' | 'TOKEN') => named.flatMap((one) => (one.kind === kind ? [one.id] : []))
  const [people, tokens] = [idsOf('PERSON'), idsOf('TOKEN')]
  const isKnown = new Set(
    [
      ...(people.length === 0
        ? []
        : await tx
            .select({ id: person.id })
            .from(person)
            .where(
              and(
                eq(person.organizationId, organizationId),
                inArray(person.id, people),
                isNull(person.erasedAt),
              ),
            )),
      ...(tokens.length === 0
        ? []
        : await tx
            .select({ id: apiToken.id })
            .from(apiToken)
            .where(
              and(
                eq(apiToken.organizationId, organizationId),
                inArray(apiToken.id, tokens),
                isNull(apiToken.revokedAt),
              ),
            )),
    ].map(({ id }) => id),
  )
  const unknown = named.find(({ id }) => !isKnown.has(id))
  if (unknown === undefined) return null
  const type = unknown.kind === 'PERSON' ? 'person' : 'token'
  return notFound([...unknown.path, type], `There is no ${type} with id ${type}_${unknown.id}`)
}
