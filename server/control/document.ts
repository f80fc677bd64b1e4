/** A working paper as a document and as a file, for auditors to keep. */
import { actorInWords } from '../access/actor-words.ts'
import type { Context } from '../context.ts'
import { csvLine } from '../csv.ts'
import { inWords } from '../domain/goal-words.ts'
import { formatMinor } from '../domain/money.ts'
import { DOCUMENT_STYLE, html, moment, paragraphs, raw, table, type Markup } from '../html.ts'
import { encodeId } from '../ids.ts'
import { marksOf, type StoredMark } from './papers.ts'
import type { ControlItem } from './items.ts'
import { controlTestOf, runOf, type ControlRunShown } from './queries.ts'
import type { ControlPaperRow } from '@tidemark/drizzle/rows.ts'

const OUTCOMES: Readonly<Record<StoredMark['outcome'], string>> = {
  PASSED: 'passed',
  FAILED: 'failed',
  NOT_TESTED: 'not tested',
}

const CONCLUSIONS = {
  EFFECTIVE: 'The control is effective.',
  DEFICIENT: 'The control is deficient.',
  MATERIAL_WEAKNESS: 'The control has a material weakness.',
} as const

/** An item as people read it; null where nothing is said of it. */
type Told = {
  readonly item: ControlItem
  readonly customer: string | null
  readonly by: string | null
  readonly mark: StoredMark | null
}

const tell = (items: readonly ControlItem[], paper: ControlPaperRow, context: Context): Promise<Told[]> => {
  const marks = new Map(marksOf(paper).map((mark) => [mark.key, mark]))
  const { loaders } = context
  return Promise.all(
    items.map(async (item) => ({
      item,
      customer:
        item.customerId === null ? null : ((await loaders.customer.load(item.customerId))?.name ?? null),
      by: item.actor === null ? null : await actorInWords(item.actor, loaders),
      mark: marks.get(item.key) ?? null,
    })),
  )
}

const amountOf = ({ amount, currency }: ControlItem): string | null =>
  amount === null || currency === null ? null : formatMinor({ minor: BigInt(amount), currency })

export async function documentOf(paper: ControlPaperRow, context: Context): Promise<string> {
  const { organization } = context
  const run = runOf(paper)
  const test = controlTestOf(run.test)
  const [exceptions, sample] = await Promise.all([
    tell(run.exceptions, paper, context),
    tell(run.sample, paper, context),
  ])
  const title = `Control test: ${test.name}`
  const parts = [
    html`<p class="kicker">${organization.name}</p>`,
    html`<h1>${title}</h1>`,
    html`<p>${inWords(run.from)} to ${inWords(run.to)}</p>`,
    ...[test.objective, `Looked at: ${test.population}`, `An exception: ${test.exception}`].map(
      (sentence) => html`<p>${sentence}</p>`,
    ),
    figures(run),
    itemTable('Exceptions', exceptions),
    itemTable('Sample', sample),
    html`<h2>Notes</h2>`,
    ...paragraphs(paper.notes ?? 'Nothing was written down.'),
    html`<h2>Conclusion</h2>`,
    html`<p>${paper.conclusion === null ? 'None yet.' : CONCLUSIONS[paper.conclusion]}</p>`,
    await signature(paper, context),
    html`<p class="small">
      As the books were known at ${moment(run.knownAt, organization.timeZone)}. The sample is the items whose
      SHA-256 of “${run.seed}:” and their key is the lowest. Keys of the population: SHA-256
      <code>${run.populationDigest}</code>
    </p>`,
  ]
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <title>${title}</title>
        ${raw(`<style>${DOCUMENT_STYLE}</style>`)}
      </head>
      <body>
        ${raw(parts.map(({ markup }) => markup).join('\n'))}
      </body>
    </html> `.markup
}

const figures = ({ population, exceptionCount, exceptions, sample }: ControlRunShown): Markup => {
  const listed =
    exceptions.length < exceptionCount ? `, of which the first ${exceptions.length} are listed` : ''
  return html`<p>
    ${`${population} items, ${exceptionCount} exceptions${listed}, ${sample.length} drawn for the sample.`}
  </p>`
}

const itemTable = (title: string, items: readonly Told[]): Markup =>
  table(
    title,
    [
      { name: 'Day' },
      { name: 'What' },
      { name: 'Customer' },
      { name: 'By' },
      { name: 'Reason' },
      { name: 'Exception' },
      { name: 'Tested' },
    ],
    items.map(({ item, customer, by, mark }) => [
      item.on,
      item.what,
      customer ?? '',
      by ?? '',
      item.reason ?? '',
      item.finding ?? '',
      mark === null ? '' : [OUTCOMES[mark.outcome], mark.note].filter(Boolean).join(': '),
    ]),
  )

async function signature(
  { signedAt, signedBy, digest }: ControlPaperRow,
  { loaders, organization }: Context,
): Promise<Markup> {
  if (signedAt === null || signedBy === null) return html`<p>It is not signed.</p>`
  const name = (await loaders.person.load(signedBy))?.name ?? 'unknown person'
  return table(
    'Signed',
    ['Who', 'When', 'SHA-256'].map((column) => ({ name: column })),
    [[name, moment(signedAt, organization.timeZone), digest ?? '']],
  )
}

const COLUMNS = [
  'test',
  'from',
  'to',
  'list',
  'key',
  'on',
  'what',
  'customer',
  'amount',
  'currency',
  'by',
  'reason',
  'exception',
  'auditId',
  'outcome',
  'note',
] as const

/** A line for each item of the exceptions and of the sample. */
export async function csvOf(paper: ControlPaperRow, context: Context): Promise<string> {
  const { test, from, to, exceptions, sample } = runOf(paper)
  const lists = [
    { list: 'EXCEPTION', items: await tell(exceptions, paper, context) },
    { list: 'SAMPLE', items: await tell(sample, paper, context) },
  ]
  const lines = lists.flatMap(({ list, items }) =>
    items.map(({ item, customer, by, mark }) => [
      test,
      from.toString(),
      to.toString(),
      list,
      item.key,
      item.on,
      item.what,
      customer,
      amountOf(item),
      item.currency,
      by,
      item.reason,
      item.finding,
      item.auditId === null ? null : encodeId('audit', item.auditId),
      mark?.outcome ?? null,
      mark?.note ?? null,
    ]),
  )
  return [COLUMNS, ...lines].map(csvLine).join('')
}
