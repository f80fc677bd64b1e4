/** Documents that people print, mail and keep: each is one text of HTML that loads nothing and runs nothing. */
import { inWords } from './domain/goal-words.ts'

/** Of A4 and of letter paper alike; rows and headings stay with what belongs to them. */
export const DOCUMENT_STYLE = `
@page { margin: 18mm }
body { font: 11pt/1.45 system-ui, sans-serif; color: #1b2330; max-width: 48rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 18pt; line-height: 1.2; margin: 0 0 .3rem } h2 { font-size: 13pt; margin: 1.6rem 0 .4rem; break-after: avoid }
table { border-collapse: collapse; width: 100% } thead { display: table-header-group } tr { break-inside: avoid }
th, td { text-align: left; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid #c9d1dc; vertical-align: top }
th { font-weight: 600 } .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.kicker { color: #556173; margin: 0 } .small { font-size: 9pt; color: #556173 } code { font-size: 8pt; word-break: break-all }
@media print { body { margin: 0; max-width: none; padding: 0 } }
`

export type Markup = { readonly markup: string }

export const raw = (markup: string): Markup => ({ markup })

/** What is put in is text, unless it is markup already. */
export const html = (strings: TemplateStringsArray, ...values: readonly (string | Markup)[]): Markup => ({
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

/** With the clock of the organization. */
export const moment = (at: Temporal.Instant, timeZone: string): string => {
  const local = at.toZonedDateTimeISO(timeZone)
  const clock = local.toPlainTime().toString({ smallestUnit: 'minute' })
  return `${inWords(local.toPlainDate())}, ${clock} (${timeZone})`
}

export const paragraphs = (text: string): Markup[] =>
  text
    .split(/\n+/)
    .filter((line) => line.trim() !== '')
    .map((line) => html`<p>${line}</p>`)

export type Column = { readonly name: string; readonly isNumber?: boolean }

/** Nothing where there are no rows: an empty table says less than none. */
export function table(
  title: string,
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): Markup {
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
