/** A review as one HTML document: for printing, mailing and keeping. It loads nothing and runs nothing. */
import { actorInWords } from '../../access/actor-words.ts'
import type { Context } from '../../context.ts'
import { driverTexts } from '../../domain/explain-drivers.ts'
import { inWords } from '../../domain/goal-words.ts'
import { DOCUMENT_STYLE, html, moment, paragraphs, raw, table, type Markup } from '../../html.ts'
import { shownOf } from '../changes.ts'
import { scopeOf } from '../queries.ts'
import { required } from '../../loaders.ts'
import type { Decision } from './commands.ts'
import type { Findings } from './findings.ts'
import { findingsOf, signaturesOf } from './queries.ts'
import type { GoalReviewRow } from '@tidemark/drizzle/rows.ts'

export async function documentOf(review: GoalReviewRow, context: Context): Promise<string> {
  const { loaders, organization } = context
  const findings = findingsOf(review)
  const goal = await required(loaders.goal, review.goalId)
  const nameOf = async (id: string | null) =>
    id === null ? '' : ((await loaders.person.load(id))?.name ?? 'unknown person')
  const title = `${KIND_WORDS[review.kind]}: ${findings.name}`
  const parts = [
    html`<p class="kicker">${organization.name}</p>`,
    html`<h1>${title}</h1>`,
    html`<p>${day(review.periodFrom)} to ${day(review.periodTo)} · ${await scopeOf(goal, context)}</p>`,
    ...findings.summary.map((sentence) => html`<p>${sentence}</p>`),
    standing(findings),
    explanation(findings),
    statuses(findings),
    alerts(findings),
    await changes(findings, context),
    await work(findings, nameOf),
    html`<h2>Discussed</h2>`,
    ...paragraphs(review.discussion ?? 'Nothing was written down.'),
    await decisions(review.decisions as readonly Decision[], nameOf),
    await signatures(review, context, nameOf),
    html`<p class="small">
      Found in the books as they were known at ${moment(findings.knownAt, organization.timeZone)}.
    </p>`,
  ]
  const style = raw(`<style>${DOCUMENT_STYLE}</style>`)
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <title>${title}</title>
        ${style}
      </head>
      <body>
        ${raw(parts.map(({ markup }) => markup).join('\n'))}
      </body>
    </html> `.markup
}

const KIND_WORDS = { MONTHLY_ANALYSIS: 'Monthly analysis', QUARTERLY_REVIEW: 'Quarterly review' } as const

const day = (date: Temporal.PlainDate): string => inWords(date)
const dayIn = (text: string | null): string => (text === null ? '' : day(Temporal.PlainDate.from(text)))
const standing = ({ measured, begin, end }: Findings): Markup =>
  table(
    'Where it stood',
    [{ name: 'At the end of' }, { name: measured, isNumber: true }, { name: 'Expected', isNumber: true }],
    [begin, end].map(({ date, shown, expectedShown }) => [dayIn(date), shown, expectedShown ?? '–']),
  )

const explanation = ({ explanation: parts, explanationMissing }: Findings): Markup =>
  explanationMissing === null
    ? table(
        'What moved it',
        [{ name: 'Driver' }, { name: 'Change', isNumber: true }, { name: 'Most of it by' }],
        parts.map(({ driver, shown, customers }) => [
          driverTexts[driver].name,
          shown,
          customers.map((one) => `${one.name} (${one.shown})`).join(', '),
        ]),
      )
    : html`<h2>What moved it</h2>
        <p>${explanationMissing}</p>`

const statuses = ({ statuses: list }: Findings): Markup =>
  table(
    'How it was judged',
    [{ name: 'From' }, { name: 'Status' }, { name: 'Why' }],
    list.map(({ date, status, reason }) => [dayIn(date), words(status), reason]),
  )

const alerts = ({ alerts: list }: Findings): Markup =>
  table(
    'Alerts',
    [{ name: 'Raised' }, { name: 'Severity' }, { name: 'What' }, { name: 'Over' }],
    list.map(({ date, severity, summary, isOver }) => [
      dayIn(date),
      words(severity),
      summary,
      isOver ? 'yes' : 'no',
    ]),
  )

const words = (name: string): string => {
  const text = name.toLowerCase().replaceAll('_', ' ')
  return text.charAt(0).toUpperCase() + text.slice(1)
}

async function changes({ changes: list }: Findings, { loaders }: Context): Promise<Markup> {
  const rows = await Promise.all(
    list.map(async ({ date, field, from, to, by, reason }) => [
      dayIn(date),
      words(field),
      (await shownOf(field, from, loaders)) ?? '–',
      (await shownOf(field, to, loaders)) ?? '–',
      await actorInWords(by, loaders),
      reason ?? '',
    ]),
  )
  const columns = ['Day', 'What', 'From', 'To', 'By', 'Why'].map((name) => ({ name }))
  return table('What was changed of the goal', columns, rows)
}

type NameOf = (id: string | null) => Promise<string>

async function work(found: Findings, nameOf: NameOf): Promise<Markup> {
  const { actionsDone, actionsNotDone, milestonesDone, milestonesNotDone } = found
  const milestones = (list: Findings['milestonesDone']) => list.map((one) => ({ ...one, ownerId: null }))
  const rows = await Promise.all(
    [...actionsDone, ...milestones(milestonesDone), ...actionsNotDone, ...milestones(milestonesNotDone)].map(
      async ({ title, ownerId, dueOn, doneOn }) => [
        title,
        await nameOf(ownerId),
        dayIn(dueOn),
        doneOn === null ? 'not done' : dayIn(doneOn),
      ],
    ),
  )
  return table(
    'The plan',
    ['What', 'Who', 'Due', 'Done'].map((name) => ({ name })),
    rows,
  )
}

async function decisions(list: readonly Decision[], nameOf: NameOf): Promise<Markup> {
  const rows = await Promise.all(
    list.map(async ({ text, ownerId, dueOn }) => [text, await nameOf(ownerId), dayIn(dueOn)]),
  )
  return rows.length === 0
    ? html`<h2>Decided</h2>
        <p>Nothing was decided.</p>`
    : table(
        'Decided',
        ['What', 'Who', 'By'].map((name) => ({ name })),
        rows,
      )
}

async function signatures(review: GoalReviewRow, context: Context, nameOf: NameOf): Promise<Markup> {
  const places = await signaturesOf(review, context)
  const rows = await Promise.all(
    places.map(async ({ role, personId, signedAt, digest }) => [
      words(role),
      (await nameOf(personId)) || 'anybody who may change goals',
      signedAt === null ? 'not signed yet' : moment(signedAt, context.organization.timeZone),
      digest ?? '',
    ]),
  )
  return table(
    'Signed',
    ['As', 'Who', 'When', 'SHA-256'].map((name) => ({ name })),
    rows,
  )
}
