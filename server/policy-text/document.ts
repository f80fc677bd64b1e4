/** A version of the credit policy as one HTML document: for printing, mailing and keeping. */
import { inWords } from '../domain/goal-words.ts'
import { DOCUMENT_STYLE, html, paragraphs, raw } from '../html.ts'
import { markdownToHtml } from './markdown.ts'
import type { PolicyTextRow } from '@tidemark/drizzle/rows.ts'

export type DocumentOf = {
  readonly organization: string
  readonly text: Pick<PolicyTextRow, 'version' | 'title' | 'body' | 'publishedAt'>
  /** The last approval; null for a draft. */
  readonly approvedOn: Temporal.PlainDate | null
  /** What stands above it in a mail. */
  readonly message?: string | null
}

export function documentOf({ organization, text, approvedOn, message }: DocumentOf): string {
  const standing = approvedOn === null ? 'draft, not in force' : `approved on ${inWords(approvedOn)}`
  const above = message ? [...paragraphs(message).map(({ markup }) => markup), '<hr />'].join('\n') : ''
  const style = raw(`<style>${DOCUMENT_STYLE}</style>`)
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <title>${text.title}</title>
        ${style}
      </head>
      <body>
        ${raw(above)}
        <p class="kicker">${organization}</p>
        <h1>${text.title}</h1>
        <p class="small">Version ${String(text.version)}, ${standing}</p>
        ${markdownToHtml(text.body)}
      </body>
    </html> `.markup
}
