/**
 * Markdown as HTML: headings, paragraphs, lists, tables, emphasis, code and links. What is not one of these is text, HTML
 * included, so nothing that somebody writes can do more than be read. Each line is looked at a bounded number of times.
 */
import { html, raw, type Markup } from '../html.ts'

const HEADING = /^(#{1,4}) +(.*)$/
const BULLET = /^ {0,3}[-*+] +(.*)$/
const NUMBERED = /^ {0,3}\d{1,4}[.)] +(.*)$/
const RULE = /^ {0,3}(?:-{3,}|\*{3,}|_{3,}) *$/
const TABLE_RULE = /^ *\|?(?: *:?-+:? *\|)+ *(?::?-+:? *)?$/

type Block = { readonly markup: Markup; readonly lines: number }

export function markdownToHtml(text: string): Markup {
  const lines = text.replaceAll(/\r\n?/g, '\n').split('\n')
  const blocks: string[] = []
  for (let at = 0; at < lines.length;) {
    if ((lines[at] ?? '').trim() === '') {
      at += 1
      continue
    }
    const { markup, lines: taken } = blockAt(lines, at)
    blocks.push(markup.markup)
    at += taken
  }
  return raw(blocks.join('\n'))
}

function blockAt(lines: readonly string[], at: number): Block {
  const line = lines[at] ?? ''
  const heading = HEADING.exec(line)
  if (heading !== null) return { markup: headingOf(heading[1]?.length ?? 1, heading[2] ?? ''), lines: 1 }
  if (RULE.test(line)) return { markup: raw('<hr />'), lines: 1 }
  if (line.includes('|') && TABLE_RULE.test(lines[at + 1] ?? '')) return tableAt(lines, at)
  for (const [item, tag] of [
    [BULLET, 'ul'],
    [NUMBERED, 'ol'],
  ] as const) {
    if (item.test(line)) return listAt(lines, at, item, tag)
  }
  const taken = run(lines, at, (one) => one.trim() !== '' && !startsBlock(one), 1)
  return { markup: html`<p>${inline(taken.join(' '))}</p>`, lines: taken.length }
}

/** The page has its title as the first heading. */
const headingOf = (level: number, text: string): Markup => {
  const tag = `h${Math.min(level + 1, 4)}`
  return raw(`<${tag}>${inline(text).markup}</${tag}>`)
}

const startsBlock = (line: string): boolean =>
  HEADING.test(line) || RULE.test(line) || BULLET.test(line) || NUMBERED.test(line)

/** The lines from `at` on for as long as they belong to it; the first `least` do at any rate. */
function run(
  lines: readonly string[],
  at: number,
  belongs: (line: string) => boolean,
  least: number,
): string[] {
  const taken: string[] = []
  for (let index = at; index < lines.length; index += 1) {
    const line = lines[index] ?? ''
    if (taken.length >= least && !belongs(line)) break
    taken.push(line.trim())
  }
  return taken
}

/** A line that is indented goes on with the item above. */
function listAt(lines: readonly string[], at: number, item: RegExp, tag: 'ul' | 'ol'): Block {
  const items: string[] = []
  let taken = 0
  for (let index = at; index < lines.length; index += 1) {
    const line = lines[index] ?? ''
    const found = item.exec(line)
    const last = items.length - 1
    if (found !== null) items.push(found[1] ?? '')
    else if (line.startsWith('  ') && line.trim() !== '' && last >= 0)
      items[last] = `${items[last]} ${line.trim()}`
    else break
    taken += 1
  }
  const markup = items.map((text) => html`<li>${inline(text)}</li>`.markup).join('\n')
  return { markup: raw(`<${tag}>\n${markup}\n</${tag}>`), lines: taken }
}

function tableAt(lines: readonly string[], at: number): Block {
  const rows = run(lines, at, (line) => line.includes('|') && line.trim() !== '', 2)
  const [head = '', rule = '', ...body] = rows
  const numbers = cellsOf(rule).map((cell) => cell.endsWith(':'))
  const row = (line: string, tag: 'th' | 'td') => {
    const cells = cellsOf(line).slice(0, numbers.length)
    const shown = cells.map((cell, index) => {
      const style = numbers[index] === true ? ' class="number"' : ''
      return `<${tag}${style}>${inline(cell).markup}</${tag}>`
    })
    return `<tr>${shown.join('')}</tr>`
  }
  const markup = `<table>\n<thead>${row(head, 'th')}</thead>\n<tbody>\n${body.map((line) => row(line, 'td')).join('\n')}\n</tbody>\n</table>`
  return { markup: raw(markup), lines: rows.length }
}

const cellsOf = (line: string): string[] =>
  line
    .replace(/^ *\|/, '')
    .replace(/\| *$/, '')
    .split('|')
    .map((cell) => cell.trim())

/** Each part has a bound of its own, so that no text of any shape is slow to read. */
const INLINE =
  /`([^`\n]{1,500})`|\*\*([^*\n]{1,1000})\*\*|\*([^*\n]{1,1000})\*|\[([^[\]\n]{1,300})\]\(((?:https?:\/\/|mailto:)[^\s()<>"']{1,500})\)/g

function inline(text: string): Markup {
  const parts: string[] = []
  let from = 0
  for (const found of text.matchAll(INLINE)) {
    parts.push(html`${text.slice(from, found.index)}`.markup)
    const [whole, code, strong, emphasis, label = '', address] = found
    if (code !== undefined) parts.push(html`<code>${code}</code>`.markup)
    else if (strong !== undefined) parts.push(html`<strong>${strong}</strong>`.markup)
    else if (emphasis !== undefined) parts.push(html`<em>${emphasis}</em>`.markup)
    else if (address !== undefined)
      parts.push(html`<a href="${address}" rel="noopener noreferrer">${label}</a>`.markup)
    from = found.index + whole.length
  }
  parts.push(html`${text.slice(from)}`.markup)
  return raw(parts.join(''))
}
