/** Requests for approval as they are read. */
import { and, eq, gt, lte, not, or, sql, type SQL } from 'drizzle-orm'
import { arrayOf } from '@tidemark/drizzle/array.ts'
import type { ApprovalRequestRow } from '@tidemark/drizzle/rows.ts'
import { approvalEvent, approvalRequest, approvalStep } from '@tidemark/drizzle/tables/approval.ts'
import { actorName } from '../access/actor.ts'
import { selectSteps } from '../authority/read.ts'
import type { StoredStep } from '../authority/stored.ts'
import { PAGE_SIZE_MAX, type Page, type SortKey } from '../connection.ts'
import type { Context } from '../context.ts'
import {
  isExpired,
  isSamePerson,
  lacking,
  mayApprove,
  type Identity,
  type Requirement,
} from '../domain/authority.ts'
import { badUserInput } from '../errors.ts'
import { limited } from '../filter.ts'
import { decodeId } from '../ids.ts'
import { listRows, type PageArguments } from '../list.ts'
import type { ApprovalRequestFilter, ApprovalState } from '../schema.generated.ts'

export type RequirementShown = Requirement & { readonly lacking: number }

/** As the clock has it: nobody ends a request that nobody decided. */
export const stateOf = (
  { state, expiresAt }: Pick<ApprovalRequestRow, 'state' | 'expiresAt'>,
  now: Temporal.Instant,
): ApprovalState => (state === 'PENDING' && isExpired(expiresAt, now) ? 'EXPIRED' : state)

export const requirementsOfRequest = ({ requirements }: Pick<ApprovalRequestRow, 'requirements'>) =>
  // What `writeRequest` keeps there.
  requirements as readonly Requirement[]

type RequestsArguments = PageArguments & { readonly filter?: ApprovalRequestFilter | null | undefined }

/** The latest first. */
export const listRequests = async (
  context: Context,
  args: RequestsArguments,
  customerId?: string,
): Promise<Page<ApprovalRequestRow>> =>
  listAllRequests(context, args, { customerId, mine: await concernsMe(context, args.filter ?? {}) })

/** The same for who asks for nothing of their own, such as the command line: `mine` and `mineToDecide` are passed over. */
export async function listAllRequests(
  context: Pick<Context, 'reader' | 'organization' | 'now'>,
  args: RequestsArguments,
  { customerId, mine }: { readonly customerId?: string | undefined; readonly mine?: SQL | undefined } = {},
): Promise<Page<ApprovalRequestRow>> {
  const { reader, organization } = context
  const filter = args.filter ?? {}
  const about = customerId === undefined ? filter.customerId : undefined
  const where = and(
    eq(approvalRequest.organizationId, organization.id),
    customerId === undefined ? undefined : isAbout(organization.id, [customerId]),
    about
      ? isAbout(
          organization.id,
          limited(about, 'customerId').flatMap((id) => decodeId('customer', id) ?? []),
        )
      : undefined,
    filter.state
      ? (or(...filter.state.map((state) => hasState(state, context.now))) ?? sql`false`)
      : undefined,
    filter.action
      ? sql`${approvalRequest.actions}::text[] && ${arrayOf(limited(filter.action, 'action'))}::text[]`
      : undefined,
    filter.applicationId == null ? undefined : isForApplication(filter.applicationId),
    filter.requestedBy == null ? undefined : isBy(filter.requestedBy),
    mine,
  )
  return listRows(reader, { table: approvalRequest, keys: LATEST_FIRST, where }, args)
}

// Ids ascend with time.
const LATEST_FIRST: readonly SortKey<ApprovalRequestRow>[] = [
  { name: 'ID', column: approvalRequest.id, direction: 'DESC', type: 'uuid', valueOf: ({ id }) => id },
]

const isAbout = (organizationId: string, customerIds: readonly string[]): SQL =>
  sql`exists (select from ${approvalStep} where ${approvalStep.organizationId} = ${organizationId}
    and ${approvalStep.requestId} = ${approvalRequest.id}
    and ${approvalStep.customerId} = any(${arrayOf(customerIds)}::uuid[]))`

const isForApplication = (id: string): SQL =>
  sql`${approvalRequest.command} = 'decideCreditApplication' and ${approvalRequest.input} ->> 'application' = ${id}`

function hasState(state: ApprovalState, now: Temporal.Instant): SQL | undefined {
  const isPending = eq(approvalRequest.state, 'PENDING')
  if (state === 'PENDING') return and(isPending, gt(approvalRequest.expiresAt, now))
  if (state === 'EXPIRED') return and(isPending, lte(approvalRequest.expiresAt, now))
  return eq(approvalRequest.state, state)
}

const isBy = (id: string): SQL => {
  const person = decodeId('person', id)
  const token = decodeId('token', id)
  const name = person === null ? (token === null ? null : `token:${token}`) : `member:${person}`
  return name === null ? sql`false` : sharesName([name])
}

const sharesName = (names: readonly string[]): SQL =>
  sql`${approvalRequest.requesters} && ${arrayOf(names)}::text[]`

async function concernsMe(
  context: Context,
  { mine, mineToDecide }: ApprovalRequestFilter,
): Promise<SQL | undefined> {
  if (mine == null && mineToDecide == null) return undefined
  const me = await identityOf(context)
  const asked = sharesName(me.names)
  const mayDecide = and(
    hasState('PENDING', context.now),
    not(asked),
    isNamed(me),
    not(hasApproved(context, me)),
  )
  const either = (wanted: boolean | null | undefined, condition: SQL | undefined) =>
    wanted == null || condition === undefined ? undefined : wanted ? condition : not(condition)
  return and(either(mine, asked), either(mineToDecide, mayDecide))
}

/** `mayApprove` of `domain/authority.ts` in SQL. */
function isNamed({ role, authorities }: Identity): SQL {
  const whos = [
    { kind: 'ANYONE' },
    ...(role === null ? [] : [{ kind: 'ROLE', role }]),
    ...authorities.map((name) => {
      const [kind, id = ''] = name.split(':')
      return { kind: kind === 'member' ? 'PERSON' : 'TOKEN', id }
    }),
  ]
  const holds = whos.map(
    (who) => sql`${approvalRequest.requirements} @> ${JSON.stringify([{ approvers: [who] }])}::jsonb`,
  )
  return or(...holds) ?? sql`false`
}

const hasApproved = ({ organization }: Context, { names }: Identity): SQL =>
  sql`exists (select from ${approvalEvent} where ${approvalEvent.organizationId} = ${organization.id}
    and ${approvalEvent.requestId} = ${approvalRequest.id} and ${approvalEvent.kind} = 'APPROVED'
    and ${approvalEvent.actor} = any(${arrayOf(names)}::text[]))`

/** Whoever asks. */
export const identityOf = async ({ loaders, actor }: Pick<Context, 'loaders' | 'actor'>): Promise<Identity> =>
  loaders.identity.load(actorName(actor))

/** Null for what is no id of a request. */
export const findRequest = async (
  { loaders }: Pick<Context, 'loaders'>,
  id: string,
): Promise<ApprovalRequestRow | null> => {
  const uuid = decodeId('approvalRequest', id)
  return uuid === null ? null : loaders.approvalRequest.load(uuid)
}

/** What it needs, and how much of that it lacks. */
export async function readRequirements(
  { loaders }: Pick<Context, 'loaders'>,
  row: ApprovalRequestRow,
): Promise<RequirementShown[]> {
  const approvers = await approversOf(loaders, row)
  return requirementsOfRequest(row).map((one) => ({ ...one, lacking: lacking(one, approvers) }))
}

const approversOf = async (loaders: Context['loaders'], { id }: ApprovalRequestRow): Promise<Identity[]> => {
  const events = await loaders.approvalEvents.load(id)
  return Promise.all(
    events.flatMap(({ kind, actor }) => (kind === 'APPROVED' ? [loaders.identity.load(actor)] : [])),
  )
}

/** Whether whoever asks may approve or reject it now. */
export async function mayDecide(context: Context, row: ApprovalRequestRow): Promise<boolean> {
  if (stateOf(row, context.now) !== 'PENDING' || !context.actor.scopes.has('approval:write')) return false
  const [me, approvers] = await Promise.all([identityOf(context), approversOf(context.loaders, row)])
  return (
    !isSamePerson(me.names, row.requesters) &&
    !approvers.some(({ names }) => isSamePerson(me.names, names)) &&
    requirementsOfRequest(row).some((requirement) => mayApprove(requirement, me))
  )
}

/** A part of what it would do, in the order of its rows. Throws BAD_USER_INPUT where the part is none. */
export async function readSteps(
  { reader, organization }: Pick<Context, 'reader' | 'organization'>,
  requestId: string,
  { first, skip }: { readonly first: number; readonly skip: number },
): Promise<StoredStep[]> {
  checkPart(first, skip)
  return reader.read((tx) => selectSteps(tx, organization.id, requestId, { first, skip }))
}

export function checkPart(first: number, skip = 0): void {
  if (first < 1 || first > PAGE_SIZE_MAX)
    throw badUserInput(`\`first\` must be from 1 to ${PAGE_SIZE_MAX}, not ${first}.`)
  if (skip < 0) throw badUserInput(`\`skip\` must not be less than 0.`)
}
