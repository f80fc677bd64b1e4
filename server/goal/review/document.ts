/** A review as one HTML document: for printing, mailing and keeping. It loads nothing and runs nothing. */
import { actorInWords } from '../../access/actor-words.ts'
import type { Context } from '../../context.ts'
import { driverTexts } from '../../domain/explain-drivers.ts'
import { inWords } from '../../domain/goal-words.ts'
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
  const style = raw(`<style>${STYLE}</style>`)
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

/** Of A4 and of letter paper alike; rows and headings stay with what belongs to them. */
const STYLE = `
@page { margin: 18mm }
body { font: 11pt/1.45 system-ui, sans-serif; color: #1b2330; max-width: 48rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 18pt; line-height: 1.2; margin: 0 0 .3rem } h2 { font-size: 13pt; margin: 1.6rem 0 .4rem; break-after: avoid }
table { border-collapse: collapse; width: 100% } thead { display: table-header-group } tr { break-inside: avoid }
th, td { text-align: left; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid #c9d1dc; vertical-align: top }
th { font-weight: 600 } .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.kicker { color: #556173; margin: 0 } .small { font-size: 9pt; color: #556173 } code { font-size: 8pt; word-break: break-all }
@media print { body { margin: 0; max-width: none; padding: 0 } }
`

type Markup = { readonly markup: string }

const raw = (markup: string): Markup => ({ markup })

/** What is put in is text, unless it is markup already. */
const html = (strings: TemplateStringsArray, ...values: readonly (string | Markup)[]): Markup => ({
  markup: String.raw(
    { raw: strings },
    ...values.map((value) => (typeof value === 'string' ? escape(value) : value.markup)),
  ),
})

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escape = (text: string): string => text.replaceAll(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign)

const day = (date: Temporal.PlainDate): string => inWords(date)
const dayIn = (text: string | null): string => (text === null ? '' : day(Temporal.PlainDate.from(text)))
const moment = (at: Temporal.Instant, timeZone: string): string => {
  const local = at.toZonedDateTimeISO(timeZone)
  const clock = local.toPlainTime().toString({ smallestUnit: 'minute' })
  return `${inWords(local.toPlainDate())}, ${clock} (${timeZone})`
}

const paragraphs = (text: string): Markup[] =>
  text
    .split(/\n+/)
    .filter((line) => line.trim() !== '')
    .map((line) => html`<p>${line}</p>`)

type Column = { readonly name: string; readonly isNumber?: boolean }

/** Nothing where there are no rows: an empty table says less than none. */
function table(title: string, columns: readonly Column[], rows: readonly (readonly string[])[]): Markup {
  if (rows.length === 0) return raw('')
  const classOf = (index: number) => raw(columns[index]?.isNumber === true ? ' class="number"' : '')
  const head = columns.map(({ name }, index) => html`<th scope="col" ${classOf(index)}>${name}</th>`.markup)
  const body = rows.map((cells) => {
    const row = cells.map((cell, index) => html`<td${classOf(index)}>${cell}</td>`.markup)
    return `<tr>${row.join('')}</tr>`
  })
  return html`<h2>${title}</h2>
    <table>
      <thead>
        <tr>
          ${raw(head.join(''))}
        </tr>
      </thead>
      <tbody>
        ${raw(body.join('\n'))}
      </tbody>
    </table>`
}

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
