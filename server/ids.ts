/** API ids are `<type>_<uuid v7>`, opaque to callers; the database keeps the uuid alone. */
import { randomUUIDv7 } from 'node:crypto'
import { isUuid } from '@tidemark/drizzle/uuid.ts'

export type IdType =
  | 'organization'
  | 'person'
  | 'customer'
  | 'invoice'
  | 'receipt'
  | 'creditNote'
  | 'dispute'
  | 'order'
  | 'security'
  | 'creditDecision'
  | 'creditApplication'
  | 'approvalRequest'
  | 'goal'
  | 'milestone'
  | 'goalAction'
  | 'goalNote'
  | 'alertRule'
  | 'alert'
  | 'alertChannel'
  | 'alertDelivery'
  | 'goalReview'
  | 'controlPaper'
  | 'token'
  | 'invitation'
  | 'audit'

/** A new uuid v7: made in the process, ordered by time. */
export const newUuid = (): string => randomUUIDv7()

/** ('customer', '0199...') -> 'customer_0199...' */
export const encodeId = (type: IdType, uuid: string): string => `${type}_${uuid}`

/** The uuid within an id of this type; null for anything else, so that it is answered like an id that does not exist. */
export const decodeId = (type: IdType, id: string): string | null => {
  const uuid = id.startsWith(`${type}_`) ? id.slice(type.length + 1) : ''
  return isUuid(uuid) ? uuid : null
}
