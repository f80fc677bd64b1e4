/**
 * Where TRUSTED_DOCUMENTS is on, people who signed in may send only what the dashboard sends: a page that was taken over
 * can then do no more than the dashboard does. Tokens are for programs, which ask as they like.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { OperatorError } from '@tidemark/drizzle/operator-error.ts'
import { GraphQLError } from 'graphql'
import type { Actor } from './access/actor.ts'

/** SHA-256 of each document as the dashboard sends it, in hexadecimal digits. */
export type TrustedDocuments = ReadonlySet<string>

const LIST_FILE = new URL('../client/documents.json', import.meta.url)

/** Of the dashboard that is here. Throws an OperatorError where there is none. */
export const readTrustedDocuments = (): TrustedDocuments => {
  try {
    const list: unknown = JSON.parse(readFileSync(LIST_FILE, 'utf8'))
    return new Set(Object.keys(list as Readonly<Record<string, string>>))
  } catch (cause) {
    throw new OperatorError('TRUSTED_DOCUMENTS is 1, but client/documents.json cannot be read.', { cause })
  }
}

/** Throws where the document is none that the actor may send. */
export const refuseUntrusted = (
  trusted: TrustedDocuments | null,
  { kind }: Pick<Actor, 'kind'>,
  query: unknown,
): void => {
  if (trusted === null || kind !== 'member' || typeof query !== 'string') return
  if (trusted.has(createHash('sha256').update(query).digest('hex'))) return
  throw new GraphQLError(
    'Here people who signed in may send the dashboard’s own documents only. For others, use an API token.',
    { extensions: { code: 'DOCUMENT_NOT_TRUSTED', http: { status: 403 } } },
  )
}
