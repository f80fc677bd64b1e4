/** `customerChanged`: what a subscriber has missed, or how things stand, then every change of a customer as it is sealed. */
import { and, eq, inArray } from 'drizzle-orm'
import { renewView, type Context } from '../context.ts'
import { badUserInput, tooMuch } from '../errors.ts'
import { decodeId, encodeId } from '../ids.ts'
import {
  decodeChangeCursor,
  encodeChangeCursor,
  readChainPosition,
  readCustomerChangesAfter,
  type ChangeCursor,
  type CustomerChange,
} from '../live/customer-changes.ts'
import { createQueue, type Queue } from '../live/queue.ts'
import type { CustomerChangedEventKind, SubscriptionCustomerChangedArgs } from '../schema.generated.ts'
import { customer } from '@tidemark/drizzle/tables/customer.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** What a subscription announces. */
export type CustomerChangedEvent = {
  readonly kind: CustomerChangedEventKind
  /** Where a subscriber stands that has seen this event. */
  readonly cursor: string
  /** Null where no single customer is told of. */
  readonly customerId: string | null
  /** The place in the chain of what it tells. */
  readonly sequence: bigint
}

const CUSTOMERS_MAX = 200
/** Whoever missed more reads anew. */
const REPLAY_MAX = 5_000
const WAITING_MAX = 1_000

/** Throws BAD_USER_INPUT for a text that is no cursor and for customers that do not exist. */
export async function followCustomers(
  context: Context,
  { ids, since }: SubscriptionCustomerChangedArgs,
): Promise<Queue<CustomerChangedEvent>> {
  const { organization, customerFeed } = context
  const wanted = ids ? decodeCustomerIds(ids) : null
  const cursor = since ? decodeChangeCursor(organization.id, since) : null
  if (since && cursor === null) {
    throw badUserInput('`since` is no cursor: pass the `cursor` of an event of `customerChanged`.')
  }
  const teller = tellerOf(organization.id, wanted)

  // What comes while the past is read waits here; only then it is known what of it is new.
  const arrived: CustomerChange[] = []
  let take = (change: CustomerChange): void => void arrived.push(change)
  const stop = await customerFeed.follow(organization.id, (change) => take(change))
  try {
    renewView(context)
    const past = await context.reader.read((tx) => readPast(tx, organization.id, wanted, cursor))
    const first = past.missed === null ? teller.stand(past) : teller.replay(past.missed)
    context.bounds.spending?.again(first.length - 1)
    const queue = createQueue(first, {
      itemsMax: WAITING_MAX,
      keyOf: (event) => event.customerId,
      onEnd: stop,
      order: { position: past.position, sequenceOf: ({ sequence }) => sequence },
    })
    take = (change) => {
      if (change.sequence > past.position) teller.tell(change).forEach((event) => queue.push(event))
    }
    arrived.forEach(take)
    return queue
  } catch (error) {
    stop()
    throw error
  }
}

function decodeCustomerIds(ids: readonly string[]): string[] {
  if (ids.length > CUSTOMERS_MAX)
    throw tooMuch(`\`ids\` takes at most ${CUSTOMERS_MAX} customers, not ${ids.length}.`)
  return [...new Set(ids.map((id) => decodeId('customer', id) ?? unknownCustomer(id)))].toSorted()
}

const unknownCustomer = (id: string): never => {
  throw badUserInput(`There is no customer with id ${id}.`)
}

/** A change that a subscriber missed; of its own place only the customers after the cursor's. */
type Past = {
  /** The place in the chain up to which it tells everything. */
  readonly position: bigint
  /** Null where that is not told one by one: how things stand is. */
  readonly missed: readonly CustomerChange[] | null
  readonly isGap: boolean
}

async function readPast(
  tx: Tx,
  organizationId: string,
  wanted: readonly string[] | null,
  cursor: (ChangeCursor & { readonly foreign: boolean }) | null,
): Promise<Past> {
  const [position] = await Promise.all([
    readChainPosition(tx, organizationId),
    wanted === null ? undefined : checkCustomers(tx, organizationId, wanted),
  ])
  const anew = { position, missed: null }
  if (cursor === null || isBeginning(cursor)) return { ...anew, isGap: false }
  if (cursor.foreign || cursor.sequence > position) return { ...anew, isGap: true }
  // Its own place once more: there may be customers of it that were not told.
  const sequence = cursor.customerId === null ? cursor.sequence : cursor.sequence - 1n
  const missed = await readCustomerChangesAfter(tx, organizationId, { sequence, limit: REPLAY_MAX + 2 })
  if (missed.length > REPLAY_MAX + 1 || missed.some(({ isMany }) => isMany)) return { ...anew, isGap: true }
  return { position, missed: missed.map((change) => afterCursor(change, cursor)), isGap: false }
}

const afterCursor = (change: CustomerChange, { sequence, customerId }: ChangeCursor): CustomerChange =>
  change.sequence === sequence && customerId !== null
    ? { ...change, customerIds: change.customerIds.filter((id) => id > customerId) }
    : change

async function checkCustomers(tx: Tx, organizationId: string, ids: readonly string[]): Promise<void> {
  const rows = await tx
    .select({ id: customer.id })
    .from(customer)
    .where(and(eq(customer.organizationId, organizationId), inArray(customer.id, [...ids])))
  const found = new Set(rows.map(({ id }) => id))
  const missing = ids.find((id) => !found.has(id))
  if (missing !== undefined) unknownCustomer(encodeId('customer', missing))
}

/** Of whoever has not been told how all stands: with its cursor one begins again. */
const BEGINNING: ChangeCursor = { sequence: 0n, customerId: '00000000-0000-0000-0000-000000000000' }
const isBeginning = ({ sequence, customerId }: ChangeCursor): boolean =>
  sequence === 0n && customerId !== null

/** Makes events of changes, for who follows these customers, or all. */
function tellerOf(organizationId: string, wanted: readonly string[] | null) {
  const isWanted = wanted === null ? () => true : (id: string) => wanted.includes(id)
  const eventOf = (
    kind: CustomerChangedEventKind,
    sequence: bigint,
    customerId: string | null,
    cursor: ChangeCursor = { sequence, customerId },
  ): CustomerChangedEvent => ({
    kind,
    cursor: encodeChangeCursor(organizationId, cursor),
    customerId,
    sequence,
  })
  const update = (sequence: bigint, customerId: string) => eventOf('UPDATE', sequence, customerId)
  const all = (kind: 'SNAPSHOT' | 'GAP', sequence: bigint, ids: readonly string[]) =>
    // Only the last one tells that all were told.
    ids.map((id, index) =>
      eventOf(kind, sequence, id, index === ids.length - 1 ? { sequence, customerId: null } : BEGINNING),
    )

  return {
    /** How things stand. */
    stand: ({ position, isGap }: Pick<Past, 'position' | 'isGap'>): readonly CustomerChangedEvent[] =>
      wanted === null
        ? [eventOf(isGap ? 'GAP' : 'LISTENING', position, null)]
        : all(isGap ? 'GAP' : 'SNAPSHOT', position, wanted),
    /** Each customer once, at the place of its last change. */
    replay: (missed: readonly CustomerChange[]): readonly CustomerChangedEvent[] => {
      const last = new Map<string, bigint>()
      for (const { sequence, customerIds } of missed)
        for (const id of customerIds.filter(isWanted)) {
          // Set anew, so that the order is that of the last changes.
          last.delete(id)
          last.set(id, sequence)
        }
      return [...last].map(([id, sequence]) => update(sequence, id))
    },
    tell: ({ sequence, customerIds, isMany }: CustomerChange): readonly CustomerChangedEvent[] => {
      if (!isMany) return customerIds.filter(isWanted).map((id) => update(sequence, id))
      return wanted === null ? [eventOf('GAP', sequence, null)] : all('GAP', sequence, wanted)
    },
  }
}
