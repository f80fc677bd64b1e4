/** What the demo's teams do for their goals, what they wrote about it, and the rules by which they hear of them. */
import { defaultRulesOf } from '../domain/alert-defaults.ts'
import { writeRule } from '../live/rule-writing.ts'
import { defaultConventions } from '../domain/conventions.ts'
import { newUuid } from '../ids.ts'
import { writeAudit, type Author } from '../ledger/audit.ts'
import type { KpiMetric } from '../domain/kpi.ts'
import type { People, PersonName } from './company.ts'
import type { GoalRow, OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { goalAction, goalNote } from '@tidemark/drizzle/tables/goal.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

type Work = {
  readonly title: string
  readonly owner: PersonName
  readonly brings: string
  /** Days before today; begun where there is one, done where there are two. */
  readonly days: readonly number[]
  /** Days after today. */
  readonly due: number
}

/** By the KPI of the goal. */
const works: { readonly [Metric in KpiMetric]?: readonly Work[] } = {
  DSO: [
    {
      title: 'Send invoices on the day of delivery',
      owner: 'Maya Okafor',
      brings: 'A day and a half less between delivery and due date',
      days: [48, 20],
      due: -15,
    },
    {
      title: 'Agree on direct debit with the ten largest customers',
      owner: 'Ingrid Solberg',
      brings: 'Two days of DSO',
      days: [12],
      due: 40,
    },
  ],
  PAST_DUE_SHARE: [
    {
      title: 'Write the dunning letters by the schedule, not by hand',
      owner: 'Hannah Weiss',
      brings: 'Every customer hears from us within three days',
      days: [],
      due: -4,
    },
  ],
}

const notes: { readonly [Metric in KpiMetric]?: string } = {
  DSO: 'Two of the ten large customers agreed to direct debit; the others want it from January on.',
}

/** Nobody set a goal on it, yet somebody wants to know. */
const DSO_ALERT = { metric: 'DSO', threshold: '33' } as const

type Setting = { readonly people: People; readonly now: Temporal.Instant; readonly today: Temporal.PlainDate }

export async function setDemoWork(
  tx: Tx,
  organization: OrganizationRow,
  goals: readonly GoalRow[],
  { people, now, today }: Setting,
): Promise<void> {
  const author = { organization, actor: 'demo', now }
  for (const row of goals) {
    const metric = row.metric as KpiMetric
    for (const work of works[metric] ?? []) await plan(tx, author, row, { work, people, today })
    const text = notes[metric]
    if (text !== undefined) await write(tx, author, row, text)
    for (const terms of defaultRulesOf(row)) {
      await writeRule(tx, author, {
        action: 'addDefaultAlertRules',
        thing: { goalId: row.id, metric: null, filter: null, conventions: null, currency: null },
        terms,
        channelIds: [],
      })
    }
  }
  const [usual] = defaultRulesOf({ direction: 'MAINTAIN_BAND' })
  if (usual === undefined) return
  await writeRule(tx, author, {
    action: 'createAlertRule',
    thing: {
      goalId: null,
      metric: DSO_ALERT.metric,
      filter: {},
      conventions: defaultConventions,
      currency: organization.baseCurrency,
    },
    terms: {
      ...usual,
      name: `DSO above ${DSO_ALERT.threshold} days`,
      condition: { kind: 'ABOVE', threshold: DSO_ALERT.threshold },
      forDays: 0,
    },
    channelIds: [],
  })
}

type Writing = Author & { readonly now: Temporal.Instant }

async function plan(
  tx: Tx,
  author: Writing,
  { organizationId, id: goalId }: GoalRow,
  { work, people, today }: { readonly work: Work } & Pick<Setting, 'people' | 'today'>,
): Promise<void> {
  const { title, owner, brings, days, due } = work
  const [startedOn = null, doneOn = null] = days.map((ago) => today.subtract({ days: ago }))
  const row = {
    organizationId,
    goalId,
    id: newUuid(),
    title,
    ownerId: people.get(owner) ?? null,
    dueOn: today.add({ days: due }),
    brings,
    state:
      doneOn !== null ? ('DONE' as const) : startedOn === null ? ('PLANNED' as const) : ('STARTED' as const),
    startedOn,
    doneOn,
    actor: author.actor,
  }
  await writeAudit(tx, author, { action: 'addGoalAction', subject: goalId, after: { id: row.id, title } })
  await tx.insert(goalAction).values(row)
}

async function write(
  tx: Tx,
  author: Writing,
  { organizationId, id: goalId }: GoalRow,
  text: string,
): Promise<void> {
  const id = newUuid()
  await writeAudit(tx, author, { action: 'addGoalNote', subject: goalId, after: { id, text } })
  await tx
    .insert(goalNote)
    .values({ organizationId, goalId, id, text, author: author.actor, writtenAt: author.now })
}
