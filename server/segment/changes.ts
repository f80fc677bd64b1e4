/** Where a move leads: the dimensions that it changes. */
import { and, eq } from 'drizzle-orm'
import { decodeId } from '../ids.ts'
import type { Dimensions } from '../ledger/segments.ts'
import { invalid, notFound, type Problem } from '../problem.ts'
import type { MoveInvoiceInput, SegmentDimension } from '../schema.generated.ts'
import { NAME_LENGTH_MAX, readRequiredText } from '../text.ts'
import { person } from '@tidemark/drizzle/tables/organization.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** What is left out stays as it was. */
export type Changes = Partial<Omit<Dimensions, 'currency'>>

type ChangesInput = Pick<MoveInvoiceInput, 'businessUnit' | 'region' | 'channel' | 'collectorId' | 'none'> &
  Partial<Pick<MoveInvoiceInput, 'productLine'>>

const FIELDS = {
  BUSINESS_UNIT: 'businessUnit',
  REGION: 'region',
  CHANNEL: 'channel',
  PRODUCT_LINE: 'productLine',
  COLLECTOR: 'collectorId',
} as const satisfies Record<SegmentDimension, keyof Changes>

const TEXTS = ['businessUnit', 'region', 'channel', 'productLine'] as const

export async function readChanges(
  tx: Tx,
  organizationId: string,
  input: ChangesInput,
): Promise<Changes | Problem> {
  const changes: { -readonly [Field in keyof Changes]: Changes[Field] } = {}
  for (const field of TEXTS) {
    const value = input[field]
    if (typeof value !== 'string') continue
    const read = readRequiredText(value, [field], NAME_LENGTH_MAX)
    if ('code' in read) return read
    changes[field] = read.text
  }
  if (typeof input.collectorId === 'string') {
    const collectorId = await findPerson(tx, organizationId, input.collectorId)
    if (collectorId === null)
      return notFound(['collectorId'], `There is no person with id ${input.collectorId}`)
    changes.collectorId = collectorId
  }
  for (const [index, dimension] of (input.none ?? []).entries()) {
    const field = FIELDS[dimension]
    if (typeof changes[field] === 'string') {
      return invalid(['none', String(index)], `Give either ${field} or ${dimension} among none`)
    }
    changes[field] = null
  }
  return Object.keys(changes).length > 0
    ? changes
    : invalid([], 'Say where to: a dimension, or one that it has none of from then on')
}

async function findPerson(tx: Tx, organizationId: string, id: string): Promise<string | null> {
  const uuid = decodeId('person', id)
  if (uuid === null) return null
  const [row] = await tx
    .select({ id: person.id })
    .from(person)
    .where(and(eq(person.organizationId, organizationId), eq(person.id, uuid)))
  return row?.id ?? null
}
