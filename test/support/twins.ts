/**
 * Two organizations whose books are built alike, on one server. All that the second has bears a mark, so that whatever
 * of it shows itself to the first is found by searching for the mark.
 */
import { desc } from 'drizzle-orm'
import { arrayOf } from '@tidemark/drizzle/array.ts'
import { budget, invitation, membership } from '@tidemark/drizzle/tables/access.ts'
import { customer } from '@tidemark/drizzle/tables/customer.ts'
import { goalReview, goalReviewSignature } from '@tidemark/drizzle/tables/review.ts'
import {
  policyText,
  policyTextAcknowledgement,
  policyTextApproval,
  policyTextMailing,
} from '@tidemark/drizzle/tables/policy-text.ts'
import { exchangeRate } from '@tidemark/drizzle/tables/kpi.ts'
import { person } from '@tidemark/drizzle/tables/organization.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { SCOPES, type Scope } from '@tidemark/server/access/scopes.ts'
import { vi } from 'vitest'
import { execute } from './graphql.ts'
import type { Sample } from './operations.ts'
import type { TestServer } from './server.ts'
import { SUMS } from './rows.ts'
import { makeToken } from './tokens.ts'

export type Twin = {
  readonly organization: OrganizationRow
  /** With every scope. */
  readonly token: string
  readonly tokenId: string
  /** Stands in every text of the books. */
  readonly mark: string
  /** The ids of the API of all that there is, by their prefix. */
  readonly ids: Readonly<Record<string, readonly string[]>>
  readonly numbers: readonly string[]
  /** Of the first of the audit's ids. */
  readonly auditHash: string
}

export type Twins = { readonly ours: Twin; readonly theirs: Twin }

const today = () => Temporal.Now.plainDateISO('UTC')
const daysAgo = (days: number) => today().subtract({ days }).toString()
/** The last day of the month so many months ago. */
const monthEnd = (months: number) =>
  today()
    .with({ day: 1 })
    .subtract({ months: months - 1, days: 1 })
    .toString()

/** Amounts whose digits nobody finds by chance. */
const MARKS = {
  ours: { mark: 'Alpha', currency: 'EUR', amount: (n: number) => `${n}111.50` },
  theirs: { mark: 'Zweitbuch', currency: 'CHF', amount: (n: number) => `${n}70707.07` },
} as const

type Mark = (typeof MARKS)[keyof typeof MARKS]

export const createTwins = async (server: TestServer): Promise<Twins> => ({
  ours: await createTwin(server, MARKS.ours),
  theirs: await createTwin(server, MARKS.theirs),
})

/** A token with these scopes and as many points as it likes. */
export const tokenWith = async (
  { connection }: Pick<TestServer, 'connection'>,
  organization: OrganizationRow,
  scopes: readonly Scope[],
  name = `${scopes.length} scopes`,
): Promise<string> => {
  const made = { name, scopes: SCOPES, actor: 'terminal' }
  const { id, secret } = await makeToken(connection, organization, made)
  // Nobody makes one with so many points, nor one without any scope.
  await connection.sql`
    update api_token set points_per_minute = 1000000000, scopes = ${arrayOf(scopes)}::text[] where id = ${id}`
  return secret
}

const createTwin = async (server: TestServer, twin: Mark): Promise<Twin> => {
  const { mark } = twin
  const organization = await server.createOrganization({
    slug: mark.toLowerCase(),
    name: `${mark} Ltd`,
    timeZone: 'UTC',
  })
  const token = await tokenWith(server, organization, SCOPES, `${mark} token`)
  await insertPeople(server, organization, twin)
  await fillBooks(server, token, twin)
  const other = await tokenWith(server, organization, SCOPES, `${mark} other token`)
  await fillApprovals(server, token, { mark, other })
  await vi.waitUntil(() => evaluated(server, organization), { timeout: 20_000 })
  const named = await readNames(server, organization)
  const tokenId = named.ids['token']?.[0]?.slice('token_'.length) ?? ''
  return { organization, token, tokenId, mark, ...named }
}

/** What no mutation makes, or only together with a user who signs in. */
const insertPeople = async (
  { connection }: Pick<TestServer, 'connection'>,
  { id: organizationId }: OrganizationRow,
  { mark, currency }: Mark,
): Promise<void> => {
  const [ownerId, otherId] = [crypto.randomUUID(), crypto.randomUUID()]
  const host = `${mark.toLowerCase()}.example`
  await inTransaction(connection, { organizationId, mode: 'write' }, async (tx) => {
    await tx.insert(person).values([
      { organizationId, id: ownerId, name: `${mark} Ada`, email: `ada@${host}` },
      { organizationId, id: otherId, name: `${mark} Ben`, email: `ben@${host}` },
    ])
    await tx.insert(membership).values(
      [ownerId, otherId].map((personId) => ({
        organizationId,
        personId,
        userId: `${mark}-${personId}`,
        role: 'admin' as const,
      })),
    )
    await tx.insert(invitation).values({
      organizationId,
      id: crypto.randomUUID(),
      email: `cleo@${host}`,
      role: 'viewer',
      secretHash: `${mark} secret`,
      invitedBy: 'terminal',
      expiresAt: Temporal.Now.instant().add({ hours: 24 }),
    })
    await tx.insert(budget).values({
      organizationId,
      actor: `token:${ownerId}`,
      level: 1,
      refilledAt: Temporal.Now.instant(),
    })
    await tx.insert(customer).values(
      [1, 2, 3].map((n) => ({
        organizationId,
        id: crypto.randomUUID(),
        number: `${mark}-C-${n}`,
        name: `${mark} Customer ${n}`,
        termsDays: 30,
        ownerId: n === 3 ? null : ownerId,
        region: `${mark} North`,
        businessUnit: `${mark} Unit`,
        channel: `${mark} Direct`,
      })),
    )
    await tx.insert(exchangeRate).values(
      Array.from({ length: 120 }, (_, index) => ({
        organizationId,
        currency,
        validOn: today().subtract({ days: index }),
        rate: '1.25',
        source: mark,
      })),
    )
  })
}

const RESULT = '{ __typename ... on Problem { message path } }'

const fillBooks = async ({ url, connection }: TestServer, token: string, twin: Mark): Promise<void> => {
  const { mark } = twin
  const carryOut = async (name: string, input: Record<string, unknown>): Promise<void> => {
    const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`
    const query = `mutation ($input: ${type}!) { ${name}(input: $input) ${RESULT} }`
    const answer = await execute<Record<string, { __typename: string }>>(url, token, query, { input })
    if (!answer[name]?.__typename.endsWith('Success')) throw new Error(JSON.stringify(answer))
  }
  for (const n of [1, 2, 3, 4, 5, 6]) {
    const currency = n % 3 === 0 ? twin.currency : 'USD'
    await carryOut('recordInvoice', {
      customer: { number: `${mark}-C-${(n % 3) + 1}` },
      number: `${mark}-I-${n}`,
      amount: { amount: twin.amount(n), currency },
      issuedOn: daysAgo(10 * n + 5),
      productLine: `${mark} Line`,
      idempotencyKey: `${mark} key ${n}`,
      ...(n === 6 ? { replaces: { number: `${mark}-I-3` } } : {}),
    })
  }
  for (const n of [1, 2]) {
    await carryOut('recordReceipt', {
      customer: { number: `${mark}-C-${n + 1}` },
      amount: { amount: twin.amount(n), currency: 'USD' },
      receivedOn: daysAgo(2),
      reference: `${mark} receipt ${n}`,
      allocations: [{ invoice: { number: `${mark}-I-${n}` }, amount: '500.25' }],
    })
  }
  await carryOut('recordCreditNote', {
    customer: { number: `${mark}-C-2` },
    number: `${mark}-N-1`,
    amount: { amount: twin.amount(4), currency: 'USD' },
    issuedOn: daysAgo(2),
    reason: `${mark} goods`,
    allocations: [{ invoice: { number: `${mark}-I-1` }, amount: '50.25' }],
  })
  await carryOut('openDispute', {
    invoice: { number: `${mark}-I-1` },
    amount: '300.25',
    reason: `${mark} price`,
    openedOn: daysAgo(1),
  })
  // Over two product lines; the deduction is of neither.
  await carryOut('recordInvoice', {
    customer: { number: `${mark}-C-1` },
    number: `${mark}-I-7`,
    amount: { amount: twin.amount(7), currency: 'USD' },
    issuedOn: daysAgo(10),
    lines: [
      { description: `${mark} reams`, productLine: `${mark} Paper`, amount: twin.amount(7) },
      { productLine: `${mark} Ink`, amount: '250.25' },
      { description: `${mark} rebate`, amount: '-250.25' },
    ],
    discount: { amount: '30.00', until: daysAgo(5) },
  })
  await carryOut('discountInvoice', {
    invoice: { number: `${mark}-I-7` },
    amount: { amount: '12.50', currency: 'USD' },
    occurredOn: daysAgo(6),
  })
  await carryOut('moveInvoice', {
    invoice: { number: `${mark}-I-7` },
    from: daysAgo(4),
    region: `${mark} South`,
    reason: `${mark} branch`,
  })
  await carryOut('writeOffInvoice', {
    invoice: { number: `${mark}-I-5` },
    amount: { amount: '100.50', currency: 'USD' },
    code: 'BAD_DEBT',
    reason: `${mark} insolvent`,
  })
  await carryOut('closePeriod', { through: monthEnd(24), reason: `${mark} year` })
  await carryOut('setCreditLimit', {
    customer: { number: `${mark}-C-1` },
    limit: { amount: { amount: twin.amount(9), currency: 'USD' } },
    reason: `${mark} reason`,
  })
  await carryOut('placeCreditHold', { customer: { number: `${mark}-C-2` }, reason: `${mark} reason` })
  await fillOrders(carryOut, twin)
  await carryOut('setKpiConventions', { conventions: { graceDays: 2, lossRates: ['1', '2', '3', '4', '5'] } })
  await carryOut('recordMetricValues', {
    source: `${mark} payroll`,
    values: [1, 2].map((n) => ({ metric: 'COLLECTION_COST', date: daysAgo(n), value: twin.amount(n) })),
  })
  await carryOut('recordRates', {
    source: `${mark} bank`,
    rates: [{ currency: twin.currency, date: daysAgo(200), rate: '1.2' }],
  })
  const [ada] = await connection.sql<{ id: string; organizationId: string }[]>`
    select id, organization_id as "organizationId" from person where name = ${`${mark} Ada`}`
  // The third stays a draft, the fourth is paused.
  for (const n of [1, 2, 3, 4]) {
    await carryOut('createGoal', {
      name: `${mark} goal ${n}`,
      why: `${mark} why`,
      metric: 'PAST_DUE',
      direction: 'DECREASE',
      baseline: twin.amount(n),
      target: '0',
      startsOn: daysAgo(n === 1 ? 140 : 1),
      deadline: today().add({ days: 100 }).toString(),
      filter: { region: [`${mark} North`] },
      state: n === 3 ? 'DRAFT' : 'ACTIVE',
      guards: ['WRITTEN_OFF', 'WEIGHTED_AVERAGE_TERMS'],
      followerIds: [`person_${ada?.id}`],
    })
  }
  await carryOut('createMilestoneGoal', {
    name: `${mark} checklist`,
    milestones: [{ title: `${mark} milestone`, dueOn: today().add({ days: 10 }).toString() }],
    deadline: today().add({ days: 20 }).toString(),
  })
  const { goals } = await execute<{ goals: { nodes: { id: string; name: string }[] } }>(
    url,
    token,
    '{ goals { nodes { id name } } }',
  )
  const [first] = goals.nodes.toSorted((a, b) => a.id.localeCompare(b.id))
  await carryOut('addGoalAction', { goal: first?.id, title: `${mark} action`, brings: `${mark} days` })
  await carryOut('addGoalNote', { goal: first?.id, text: `${mark} note` })
  await fillAlerts(carryOut, { url, token, mark, goalId: first?.id ?? '' })
  const named = goals.nodes.find(({ name }) => name === `${mark} goal 1`)
  // The first is as it was opened, the second has a signature.
  for (const on of [daysAgo(today().day), daysAgo(today().day + 31)]) {
    await carryOut('openGoalReview', { goal: named?.id, kind: 'MONTHLY_ANALYSIS', on })
  }
  await carryOut('openControlPaper', {
    test: 'LIMITS_WITHOUT_REASON',
    from: daysAgo(1),
    to: today().toString(),
  })
  await insertSignature(connection, ada?.organizationId ?? '', ada?.id ?? '')
  await carryOut('saveCreditPolicyText', { title: `${mark} policy`, body: `${mark} text` })
  await publishText(connection, ada?.organizationId ?? '', ada?.id ?? '', mark)
  await carryOut('saveCreditPolicyText', { title: `${mark} policy`, body: `${mark} text of the draft` })
  const fourth = goals.nodes.find(({ name }) => name === `${mark} goal 4`)
  const second = goals.nodes.find(({ name }) => name === `${mark} goal 2`)
  const said = { status: 'AT_RISK', reason: `${mark} reason` }
  await carryOut('overrideGoalStatus', { goal: second?.id, expectedVersion: 1, ...said })
  await carryOut('pauseGoal', { goal: fourth?.id, expectedVersion: 1, reason: `${mark} reason` })
}

/** The third customer has an order that is open, one that is partly shipped and billed, and headroom that is taken. */
const fillOrders = async (
  carryOut: (name: string, input: Record<string, unknown>) => Promise<void>,
  twin: Mark,
): Promise<void> => {
  const { mark } = twin
  const third = { customer: { number: `${mark}-C-3` } }
  const reason = `${mark} reason`
  await carryOut('setCreditLimit', { ...third, limit: { unlimited: true }, reason })
  for (const n of [1, 2])
    await carryOut('recordOrder', {
      ...third,
      number: `${mark}-O-${n}`,
      amount: { amount: twin.amount(n), currency: 'USD' },
    })
  const order = { number: `${mark}-O-2` }
  await carryOut('releaseOrder', { order, reason })
  await carryOut('shipOrder', { order, amount: '150.25' })
  await carryOut('invoiceOrder', { order, invoice: { number: `${mark}-I-2` }, amount: '50.25' })
  await carryOut('creditDecision', {
    ...third,
    orderAmount: { amount: twin.amount(3), currency: 'USD' },
    reserve: true,
  })
  // So that each customer's id finds something.
  for (const n of [1, 2]) {
    const customer = { number: `${mark}-C-${n}` }
    const amount = { amount: twin.amount(n), currency: 'USD' }
    await carryOut('recordOrder', { customer, number: `${mark}-O-${n + 2}`, amount })
    await carryOut('creditDecision', { customer, orderAmount: amount })
  }
  await carryOut('recordSecurity', {
    ...third,
    kind: 'GUARANTEE',
    amount: { amount: twin.amount(2), currency: 'USD' },
    reference: `${mark} bank`,
    reason,
  })
  await carryOut('setParentCustomer', {
    customer: { number: `${mark}-C-2` },
    parent: { number: `${mark}-C-1` },
    reason,
  })
  await carryOut('setCreditPolicy', { clearingDays: 4, reason })
  for (const n of [1, 2, 3]) {
    const rated = { customer: { number: `${mark}-C-${n}` }, source: `${mark} agency`, grade: 'A' }
    await carryOut('setCreditRating', { ...rated, reason })
  }
  const nextReviewOn = today().add({ days: 90 }).toString()
  await fillApplications(carryOut, twin)
  await carryOut('setSalesPlan', {
    rows: [
      {
        month: today().toString(),
        channel: `${mark} Direct`,
        region: `${mark} North`,
        productLine: `${mark} line`,
        planned: { amount: twin.amount(4), currency: 'USD' },
      },
    ],
    termsDays: 30,
    reason,
  })
  await carryOut('reviewCredit', { ...third, riskClass: 'HIGH', nextReviewOn, reason })
}

/** Longer terms of the first customer, and of each more that wait for approval: asked for by us and by somebody else. */
const fillApprovals = async (
  { url, connection }: Pick<TestServer, 'url' | 'connection'>,
  token: string,
  { mark, other }: { readonly mark: string; readonly other: string },
): Promise<void> => {
  const rule = { action: 'TERMS', approvers: [{ anyone: true }] }
  const send = async (as: string, name: string, input: Record<string, unknown>) => {
    const asked = name === 'updateCustomer' ? '... on ApprovalRequested { requestId }' : ''
    const query = `mutation ($input: ${name.charAt(0).toUpperCase()}${name.slice(1)}Input!) {
      ${name}(input: $input) { __typename ${asked} ... on Problem { message path } } }`
    const answer = await execute<Record<string, { __typename: string; requestId?: string }>>(url, as, query, {
      input,
    })
    if (!/(Success|Requested)$/.test(answer[name]?.__typename ?? '')) throw new Error(JSON.stringify(answer))
    return answer[name]?.requestId
  }
  const [first] = await connection.sql<{ id: string }[]>`select id from person where name = ${`${mark} Ada`}`
  await send(token, 'setAuthorityMatrix', {
    rules: [
      { ...rule, upToDays: 500, deciders: [{ anyone: true }, { person: `person_${first?.id}` }] },
      rule,
    ],
    reason: `${mark} board`,
  })
  for (const n of [1, 2, 3])
    await send(token, 'updateCustomer', { customer: { number: `${mark}-C-${n}` }, termsDays: 31 })
  for (const [index, as] of [token, other, other].entries()) {
    const customer = { number: `${mark}-C-${index + 1}` }
    const request = await send(as, 'updateCustomer', { customer, termsDays: 700 + index })
    await send(token, 'commentOnRequest', { request, comment: `${mark} comment` })
  }
}

/** Two asked for credit by a scorecard of the organization's own, as often as each customer's id has to find something. */
const fillApplications = async (
  carryOut: (name: string, input: Record<string, unknown>) => Promise<void>,
  twin: Mark,
): Promise<void> => {
  const { mark } = twin
  await carryOut('setCreditScorecard', {
    criteria: [
      { key: 'YEARS_IN_BUSINESS', name: `${mark} years`, weight: 1, steps: [{ from: '1', points: 60 }] },
    ],
    bands: [{ from: 0, riskClass: 'MEDIUM', recommendation: 'REVIEW', requestPercent: 50, termsDaysMax: 30 }],
    bankReferencesMin: 1,
    tradeReferencesMin: 0,
    reason: `${mark} reason`,
  })
  for (const n of [1, 2, 3]) await carryOut('submitCreditApplication', applicationOf(twin, n))
}

const applicationOf = (
  { mark, amount }: { readonly mark: string; readonly amount: (n: number) => string },
  n: number,
) => ({
  customer: { number: `${mark}-C-${n}` },
  legalName: `${mark} Customer ${n} Ltd`,
  registrationNumber: `${mark} ${n}`,
  address: `${mark} Street ${n}`,
  contactName: `${mark} Dora`,
  contactEmail: `dora@${mark.toLowerCase()}.example`,
  foundedOn: '2001-05-17',
  annualRevenue: { amount: amount(9), currency: 'USD' },
  requestedLimit: { amount: amount(5), currency: 'USD' },
  requestedTermsDays: 30,
  references: [{ kind: 'BANK', name: `${mark} Bank`, contact: `${mark} phone`, experience: 'POSITIVE' }],
  figures: [{ key: 'equity_ratio', value: '12.5' }],
})

type Filled = {
  readonly url: string
  readonly token: string
  readonly mark: string
  readonly goalId: string
}

/** A rule that fires at once, one that was changed, and those of a goal; what is sent waits for the end of the year. */
const fillAlerts = async (
  carryOut: (name: string, input: Record<string, unknown>) => Promise<void>,
  { url, token, mark, goalId }: Filled,
): Promise<void> => {
  const host = `${mark.toLowerCase()}.example`
  await carryOut('createAlertChannel', { name: `${mark} hook`, target: { url: `https://hooks.${host}/in` } })
  const { alertChannels } = await execute<{ alertChannels: { id: string }[] }>(
    url,
    token,
    '{ alertChannels { id } }',
  )
  for (const name of ['late', 'later']) {
    await carryOut('createAlertRule', {
      name: `${mark} ${name}`,
      kpi: { metric: 'PAST_DUE', filter: { region: [`${mark} North`] } },
      condition: name === 'late' ? { above: '-1' } : { above: '900000000' },
      quietHours: { from: '00:00', to: '23:59', weekends: true },
      channelIds: alertChannels.map(({ id }) => id),
    })
  }
  const { alertRules } = await execute<{ alertRules: { nodes: { id: string; name: string }[] } }>(
    url,
    token,
    '{ alertRules { nodes { id name } } }',
  )
  const second = alertRules.nodes.find(({ name }) => name === `${mark} later`)
  await carryOut('updateAlertRule', { rule: second?.id, expectedVersion: 1, name: `${mark} much later` })
  await carryOut('addDefaultAlertRules', { goalId })
}

/** Only a person who signed in can sign. */
const insertSignature = (
  connection: TestServer['connection'],
  organizationId: string,
  personId: string,
): Promise<unknown> =>
  inTransaction(connection, { organizationId, mode: 'write' }, async (tx) => {
    const [review] = await tx
      .select({ id: goalReview.id })
      .from(goalReview)
      .orderBy(desc(goalReview.id))
      .limit(1)
    await tx.insert(goalReviewSignature).values({
      organizationId,
      reviewId: review?.id ?? '',
      role: 'OWNER',
      personId,
      signedAt: Temporal.Now.instant(),
      digest: 'of nothing',
    })
  })

/** Only a person who signed in can publish, and only a server with mail can send. */
const publishText = (
  connection: TestServer['connection'],
  organizationId: string,
  personId: string,
  mark: string,
): Promise<unknown> =>
  inTransaction(connection, { organizationId, mode: 'write' }, async (tx) => {
    const common = { organizationId, version: 1, auditId: crypto.randomUUID() }
    const approvedOn = today()
    await tx.update(policyText).set({ publishedAt: Temporal.Now.instant() })
    await tx
      .insert(policyTextApproval)
      .values({ ...common, sequence: 1, personId, approvedOn, dueOn: approvedOn.add({ years: 1 }) })
    await tx.insert(policyTextAcknowledgement).values({ ...common, personId, digest: 'of nothing' })
    const sent = { id: crypto.randomUUID(), email: `${mark.toLowerCase()}@company.example` }
    await tx.insert(policyTextMailing).values({ ...common, ...sent, state: 'SENT' })
  })

/** Every goal has its first progress, and the rule that fires its alert. */
const evaluated = async ({ connection }: TestServer, { id }: OrganizationRow): Promise<boolean> => {
  const [row] = await connection.sql<[{ done: boolean }]>`
    select count(*) > 0 and bool_and(exists (
      select from goal_progress p where p.organization_id = g.organization_id and p.goal_id = g.id))
      and exists (select from alert_delivery where organization_id = ${id}) as done
    from goal g where g.organization_id = ${id} and g.state = 'ACTIVE'`
  return row.done
}

/** Read as the superuser, who sees everything. */
const readNames = async (
  { connection: { sql } }: TestServer,
  { id }: OrganizationRow,
): Promise<Pick<Twin, 'ids' | 'numbers' | 'auditHash'>> => {
  const rows = await sql<{ type: string; id: string; number: string | null }[]>`
    select 'customer' as type, id, number from customer where organization_id = ${id}
    union all select 'invoice', id, number from invoice where organization_id = ${id}
    union all select 'person', id, null from person where organization_id = ${id}
    union all select 'receipt', id, null from receipt where organization_id = ${id}
    union all select 'creditNote', id, number from credit_note where organization_id = ${id}
    union all select 'dispute', id, null from item where organization_id = ${id} and kind = 'DISPUTE'
    union all select 'order', id, number from sales_order where organization_id = ${id}
    union all select 'security', id, null from credit_security where organization_id = ${id}
    union all select 'creditApplication', id, null from credit_application where organization_id = ${id}
    union all select 'creditDecision', id, null from credit_decision where organization_id = ${id}
    union all select 'approvalRequest', id, null from approval_request where organization_id = ${id}
    union all select 'goal', id, null from goal where organization_id = ${id}
    union all select 'milestone', id, null from goal_milestone where organization_id = ${id}
    union all select 'goalAction', id, null from goal_action where organization_id = ${id}
    union all select 'goalNote', id, null from goal_note where organization_id = ${id}
    union all select 'alertRule', id, null from alert_rule where organization_id = ${id}
    union all select 'alert', id, null from alert where organization_id = ${id}
    union all select 'alertChannel', id, null from alert_channel where organization_id = ${id}
    union all select 'alertDelivery', id, null from alert_delivery where organization_id = ${id}
    union all select 'goalReview', id, null from goal_review where organization_id = ${id}
    union all select 'controlPaper', id, null from control_paper where organization_id = ${id}
    union all select 'token', id, null from api_token where organization_id = ${id}
    union all select 'invitation', id, null from invitation where organization_id = ${id}
    union all select 'audit', id, null from audit where organization_id = ${id}
    union all select 'organization', id, null from organization where id = ${id}
    order by type, number, id`
  const ids: Record<string, string[]> = {}
  for (const row of rows) (ids[row.type] ??= []).push(`${row.type}_${row.id}`)
  const [first] = ids['audit'] ?? []
  const [row] = await sql<{ hash: string }[]>`
    select hash from audit where organization_id = ${id} and id = ${first?.slice('audit_'.length) ?? ''}`
  return { ids, numbers: rows.flatMap(({ number }) => number ?? []), auditHash: row?.hash ?? '' }
}

/** Values with which every operation on these books succeeds; nothing is written with them. */
export const samplesOf = ({ ids, mark, auditHash }: Twin): Sample => {
  const id = (type: string, index = 0) => ids[type]?.[index]
  const values: Readonly<Record<string, unknown>> = {
    // What lies below them is more than may be asked for of 50 at once.
    'Query.agingByCustomer.first': 10,
    'Query.goals.first': 20,
    'Query.goal.id': id('goal'),
    'Query.goalTemplate.id': 'cut-dso',
    'Query.alerts.first': 2,
    'Query.alertRules.first': 2,
    'Query.alertDeliveries.first': 2,
    'Query.alertRule.id': id('alertRule'),
    'Query.alert.id': id('alert'),
    'Query.goalReview.id': id('goalReview'),
    'Query.goalReviews.goal': undefined,
    'Query.controlPaper.id': id('controlPaper'),
    'Query.controlTest.from': daysAgo(1),
    'Query.controlTest.to': today().toString(),
    'Query.creditCrossings.customer': undefined,
    'Query.receipt.id': id('receipt'),
    'Query.dispute.id': id('dispute'),
    'Query.customerStatement.from': daysAgo(100),
    'Query.customerStatement.to': today().toString(),
    'Query.auditEntry.id': id('audit'),
    'Query.kpis.metrics': ['PAST_DUE', 'DSO', 'UNAPPLIED_CASH'],
    'Subscription.kpiChanged.metrics': ['PAST_DUE', 'DSO', 'UNAPPLIED_CASH'],
    'Subscription.customerChanged.ids': [id('customer')],
    'Query.kpis.groupBy': ['REGION', 'COLLECTOR'],
    'Query.restatements.metrics': ['PAST_DUE'],
    'Query.restatements.from': daysAgo(30),
    'Query.restatements.to': today().toString(),
    'Query.lossRates.from': daysAgo(100),
    'Query.lossRates.to': today().toString(),
    'Query.explainKpi.metric': 'PAST_DUE',
    'Query.explainKpi.from': daysAgo(30),
    'Query.explainKpi.to': today().toString(),
    'CustomerBy.id': id('customer'),
    'InvoiceBy.id': id('invoice'),
    'CreditNoteBy.id': id('creditNote'),
    'MoneyInput.amount': '12.50',
    'RecordInvoiceInput.number': `${mark}-I-new`,
    'VoidInvoiceInput.invoice': { number: `${mark}-I-4` },
    'CorrectInvoiceInput.invoice': { number: `${mark}-I-4` },
    'CorrectInvoiceInput.number': `${mark}-I-new`,
    'CorrectInvoiceInput.issuedOn': today().toString(),
    'InvoiceLineInput.amount': '12.50',
    'DiscountOfferInput.amount': '1.50',
    'DiscountOfferInput.until': today().toString(),
    'ReDateInvoiceInput.dueOn': today().add({ days: 40 }).toString(),
    'ReverseWriteOffInput.invoice': { number: `${mark}-I-5` },
    'RecoverInvoiceInput.invoice': { number: `${mark}-I-5` },
    'RecoverInvoiceInput.receivedOn': today().toString(),
    'DiscountInvoiceInput.invoice': { number: `${mark}-I-7` },
    'ReverseDiscountInput.invoice': { number: `${mark}-I-7` },
    'MoveCustomerInput.from': today().toString(),
    'MoveCustomerInput.region': `${mark} West`,
    'MoveInvoiceInput.from': today().toString(),
    'MoveInvoiceInput.region': `${mark} West`,
    'ClosePeriodInput.through': monthEnd(12),
    'ReopenPeriodInput.from': `${monthEnd(24).slice(0, 8)}01`,
    'RecordInvoiceInput.issuedOn': today().toString(),
    'RecordReceiptInput.receivedOn': today().toString(),
    'AllocationInput.amount': '1.50',
    'ApplyReceiptInput.receipt': id('receipt'),
    'UnapplyReceiptInput.receipt': id('receipt'),
    'BounceReceiptInput.receipt': id('receipt'),
    'BounceReceiptInput.bouncedOn': today().toString(),
    'RecordCreditNoteInput.number': `${mark}-N-new`,
    'RecordCreditNoteInput.issuedOn': today().toString(),
    'CreditNoteAllocationInput.amount': '1.50',
    'ResolveDisputeInput.dispute': id('dispute'),
    'CreateCustomerInput.number': `${mark}-C-new`,
    'UpdateCustomerInput.name': `${mark} Customer 1`,
    'InstallmentInput.dueOn': today().toString(),
    'SetCreditLimitInput.limit': { amount: { amount: '12.50', currency: 'USD' } },
    'CreditLimitRowInput.limit': { amount: { amount: '12.50', currency: 'USD' } },
    'ImportCreditLimitsInput.csv': `customer,limit\n${mark}-C-1,12.50\n`,
    'ReleaseCreditHoldInput.customer': { number: `${mark}-C-2` },
    'ReviewCreditInput.nextReviewOn': today().add({ days: 90 }).toString(),
    'Query.approvalRequest.id': id('approvalRequest'),
    'ApproveRequestInput.request': id('approvalRequest', 1),
    'RejectRequestInput.request': id('approvalRequest', 2),
    'WithdrawRequestInput.request': id('approvalRequest'),
    'CommentOnRequestInput.request': id('approvalRequest'),
    'SetAuthorityMatrixInput.rules': [{ action: 'WRITE_OFF', approvers: [{ role: 'ADMIN' }] }],
    'OrderBy.id': id('order'),
    'ImportOrdersInput.csv': `number,customer,amount\n${mark}-O-file,${mark}-C-1,12.50\n`,
    'RecordOrderInput.number': `${mark}-O-new`,
    'ReleaseOrderInput.order': { number: `${mark}-O-1` },
    'ShipOrderInput.order': { number: `${mark}-O-2` },
    'InvoiceOrderInput.order': { number: `${mark}-O-2` },
    'InvoiceOrderInput.invoice': { number: `${mark}-I-5` },
    'ReleaseReservationInput.decision': id('creditDecision'),
    'EndSecurityInput.security': id('security'),
    'SetCreditPolicyInput.clearingDays': 5,
    'SimulateCreditPolicyInput.months': 2,
    'SendCreditPolicyTextInput.emails': ['someone@company.example'],
    'PublishCreditPolicyTextInput.version': 2,
    'PublishCreditPolicyTextInput.expectedRevision': 1,
    'SetParentCustomerInput.parent': { none: true },
    'MetricValueInput.metric': 'COLLECTION_COST',
    'MetricValueInput.date': today().toString(),
    'MetricValueInput.value': '12.50',
    'RateInput.currency': 'GBP',
    'RateInput.date': today().toString(),
    'RateInput.rate': '1.25',
    'ApplyGoalsInput.document': `version: 1\ngoals:\n  - key: ${mark.toLowerCase()}-file\n    name: ${mark} file\n    metric: PAST_DUE\n    baseline: 100\n    target: 1\n    deadline: ${today().add({ days: 100 }).toString()}\n`,
    'GoalDraftInput.metric': 'PAST_DUE',
    'GoalDraftInput.direction': 'DECREASE',
    'GoalDraftInput.deadline': today().add({ days: 100 }).toString(),
    'CreateGoalInput.metric': 'PAST_DUE',
    'Query.creditApplication.id': id('creditApplication'),
    ...Object.fromEntries(
      Object.entries(applicationOf({ mark, amount: (n) => `${n}` }, 1)).map(([field, value]) => [
        `SubmitCreditApplicationInput.${field}`,
        value,
      ]),
    ),
    'DecideCreditApplicationInput.application': id('creditApplication'),
    'DecideCreditApplicationInput.decision': { decline: true },
    'WithdrawCreditApplicationInput.application': id('creditApplication'),
    'SetCreditScorecardInput.criteria': [
      { key: 'YEARS_IN_BUSINESS', name: 'Years', weight: 1, steps: [{ from: '1', points: 60 }] },
    ],
    'SetCreditScorecardInput.bands': [
      { from: 0, riskClass: 'MEDIUM', recommendation: 'REVIEW', requestPercent: 50, termsDaysMax: 30 },
    ],
    'SetSalesPlanInput.termsDays': 30,
    'SetSalesPlanInput.rows': [{ month: today().toString(), planned: { amount: '1', currency: 'USD' } }],
    'ImportSalesPlanInput.termsDays': 30,
    'ImportSalesPlanInput.csv': 'month,planned\n2026-01,5\n',
    'CreateGoalInput.direction': 'DECREASE',
    'CreateGoalInput.baseline': '100',
    'CreateGoalInput.target': '1',
    'CreateGoalInput.deadline': today().add({ days: 100 }).toString(),
    'OpenGoalReviewInput.goal': id('goal'),
    'OpenGoalReviewInput.kind': 'QUARTERLY_REVIEW',
    'OpenGoalReviewInput.on': daysAgo(92),
    'UpdateGoalReviewInput.review': id('goalReview'),
    'UpdateGoalReviewInput.discussion': `${mark} discussion`,
    'RefreshGoalReviewInput.review': id('goalReview'),
    'SignGoalReviewInput.review': id('goalReview'),
    'ReopenGoalReviewInput.review': id('goalReview', 1),
    'OpenControlPaperInput.from': daysAgo(1),
    'OpenControlPaperInput.to': today().toString(),
    'UpdateControlPaperInput.paper': id('controlPaper'),
    'UpdateControlPaperInput.notes': `${mark} notes`,
    'SignControlPaperInput.paper': id('controlPaper'),
    'SetGoalReviewsInput.goal': id('goal'),
    'SetGoalReviewsInput.kinds': ['MONTHLY_ANALYSIS'],
    'AddGoalActionInput.goal': id('goal'),
    'AddGoalNoteInput.goal': id('goal'),
    'UpdateGoalActionInput.action': id('goalAction'),
    'UpdateGoalActionInput.title': `${mark} action changed`,
    'UpdateGoalNoteInput.note': id('goalNote'),
    'UpdateGoalInput.goal': id('goal'),
    'UpdateGoalInput.parentId': id('goal', 1),
    'UpdateGoalInput.name': `${mark} goal 1 changed`,
    'CreateMilestoneGoalInput.deadline': today().add({ days: 100 }).toString(),
    'MilestoneInput.dueOn': today().add({ days: 5 }).toString(),
    'UpdateMilestonesInput.goal': id('goal', 4),
    'UpdateMilestonesInput.add': [{ title: 'One more', dueOn: today().add({ days: 5 }).toString() }],
    'MilestoneChangeInput.id': id('milestone'),
    'OverrideGoalStatusInput.goal': id('goal'),
    'OverrideGoalStatusInput.status': 'ON_TRACK',
    'OverrideGoalStatusInput.until': today().add({ days: 3 }).toString(),
    'WithdrawGoalStatusOverrideInput.goal': id('goal', 1),
    'WithdrawGoalStatusOverrideInput.expectedVersion': 2,
    'ActivateGoalInput.goal': id('goal', 2),
    'PauseGoalInput.goal': id('goal'),
    'ResumeGoalInput.goal': id('goal', 3),
    'CloseGoalInput.goal': id('goal'),
    'CloseGoalInput.outcome': 'ABANDONED',
    'CloseGoalInput.reason': 'overtaken',
    'ResumeGoalInput.expectedVersion': 2,
    'CreateAlertRuleInput.goalId': id('goal'),
    'CreateAlertRuleInput.condition': { above: '12.50' },
    'CreateAlertRuleInput.channelIds': [id('alertChannel')],
    'UpdateAlertRuleInput.rule': id('alertRule'),
    'UpdateAlertRuleInput.name': `${mark} rule changed`,
    'DeleteAlertRuleInput.rule': id('alertRule'),
    'AddDefaultAlertRulesInput.goalId': id('goal', 1),
    'AcknowledgeAlertInput.alert': id('alert'),
    'SnoozeAlertInput.alert': id('alert'),
    'SnoozeAlertInput.until': Temporal.Now.instant().add({ hours: 24 }).toString(),
    'CreateAlertChannelInput.target': { url: 'https://hooks.alpha.example/new' },
    'RotateAlertChannelSecretInput.channel': id('alertChannel'),
    'DeleteAlertChannelInput.channel': id('alertChannel'),
    'RetryAlertDeliveryInput.delivery': id('alertDelivery'),
    'BacktestAlertRuleInput.months': 2,
    'BacktestAlertRuleInput.rule': {
      name: `${mark} rule tried`,
      goalId: id('goal'),
      condition: { above: '12.50' },
    },
    'AuditReceiptInput.id': id('audit'),
    'AuditReceiptInput.hash': auditHash,
    'CreateTokenInput.scopes': ['kpi:read'],
    'CreateTokenInput.pointsPerMinute': 1_000,
    'RotateTokenInput.id': id('token'),
    'RevokeTokenInput.id': id('token'),
    'InviteMemberInput.email': 'new@alpha.example',
    'RevokeInvitationInput.id': id('invitation'),
    'ChangeMemberRoleInput.id': id('person'),
    'RemoveMemberInput.id': id('person'),
    'ErasePersonInput.id': id('person'),
  }
  return (coordinate) => (coordinate.endsWith('.dryRun') ? true : values[coordinate])
}

/** The evaluator, the compactor and the use of a token write these at any time. */
const RESTLESS = [
  'evaluation',
  'credit_crossing',
  'credit_watch',
  'audit_head',
  'audit_seal',
  'budget',
  'goal_progress',
  'goal_forecast',
  'alert',
  'alert_delivery',
  'alert_head',
  'alert_standing',
  'alert_transition',
  ...SUMS.map((name) => name.replace('public.', '')),
]

/** A hash over every row that an organization has, in every table. */
export const fingerprintOf = async (
  { connection: { sql } }: TestServer,
  { organization }: { readonly organization: Pick<OrganizationRow, 'id'> },
): Promise<string> => {
  const tables = await sql<{ name: string }[]>`
    select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attname = 'organization_id'
      and not c.relname = any(${RESTLESS})
    order by 1`
  const hashes: string[] = []
  for (const { name } of tables) {
    const [row] = await sql<[{ rows: string; hash: string | null }]>`
      select count(*) as rows, md5(string_agg(r, '' order by r)) as hash from (
        select (to_jsonb(t) - 'last_used_at')::text as r from ${sql(name)} t where organization_id = ${organization.id}
      ) as kept`
    hashes.push(`${name} ${row.rows} ${row.hash}`)
  }
  return hashes.join('\n')
}

/** All texts by which anything of an organization would be recognised: its ids, its mark, its amounts. */
export const marksOf = async (
  { connection: { sql } }: TestServer,
  { ids, mark, organization }: Twin,
): Promise<readonly string[]> => {
  const rows = await sql<{ amount: string }[]>`
    select distinct abs(amount)::text as amount from ledger_entry
    where organization_id = ${organization.id} and abs(amount) > 1000000`
  const amounts = rows.map(({ amount }) => `${amount.slice(0, -2)}.${amount.slice(-2)}`)
  return [...Object.values(ids).flat(), mark, mark.toLowerCase(), 'CHF', ...amounts]
}
