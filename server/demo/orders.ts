/** Orders of the last weeks: open, released, partly and fully shipped, cancelled, and a few let go against the credit. */
import { dateOf, type Day } from '../domain/day.ts'
import { formatMinor } from '../domain/money.ts'
import { isFault, takeStep, type OrderState, type OrderStep } from '../domain/order.ts'
import { writeAudit } from '../ledger/audit.ts'
import { afterEvent, stateOfOrder, type NewOrderEvent } from '../ledger/order-events.ts'
import { newUuid } from '../ids.ts'
import type { PersonName } from './company.ts'
import type { CreditDesk } from './credit-desk.ts'
import { seededRandom, type Random } from './random.ts'
import type { SalesOrderRow } from '@tidemark/drizzle/rows.ts'
import { orderEvent, salesOrder } from '@tidemark/drizzle/tables/order.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

const SEED = 77_001
const ORDERS = 110
const FIRST_NUMBER = 50_301
const ORDERED_WITHIN_DAYS = 24
const CLERK: PersonName = 'Daniel Ortega'
const HEAD: PersonName = 'Ingrid Solberg'

type Event = Omit<NewOrderEvent, 'auditId'> & {
  readonly orderId: string
  readonly version: number
  readonly on: Day
  readonly by: PersonName
}

type Invented = { readonly row: SalesOrderRow; readonly events: readonly Event[] }

export async function setDemoOrders(tx: Tx, desk: CreditDesk): Promise<void> {
  const random = seededRandom(SEED)
  const buyers = desk.customers.filter(({ insolvent }) => !insolvent).toSorted((a, b) => b.share - a.share)
  const invented = Array.from({ length: ORDERS }, (_, index) =>
    invent(desk, random, {
      index,
      buyer: buyers[Math.floor(random.fraction() ** 2 * buyers.length)] ?? buyers[0],
    }),
  ).flatMap((one) => one ?? [])
  await tx.insert(salesOrder).values(invented.map(({ row }) => row))
  const events = invented.flatMap(({ row, events: happened }) => happened.map((event) => ({ row, event })))
  const written = await Promise.all(
    events.map(async ({ row, event: { on, by, orderId, ...event } }) => {
      const audit = await writeAudit(
        tx,
        { organization: desk.organization, actor: `member:${desk.people.get(by) ?? ''}` },
        {
          action: ACTIONS[event.kind],
          subject: orderId,
          after: {
            number: row.number,
            amount: formatMinor({ minor: event.amount, currency: row.currency }),
            currency: row.currency,
          },
          reason: event.reason ?? null,
        },
        desk.momentOf(on),
      )
      const recordedAt = desk.momentOf(on)
      return { ...event, organizationId: desk.organization.id, orderId, auditId: audit.id, recordedAt }
    }),
  )
  await tx.insert(orderEvent).values(written)
}

const ACTIONS: Readonly<Record<NewOrderEvent['kind'], string>> = {
  RECORDED: 'recordOrder',
  RELEASED: 'releaseOrder',
  SHIPPED: 'shipOrder',
  INVOICED: 'invoiceOrder',
  UNINVOICED: 'voidInvoice',
  CANCELLED: 'cancelOrder',
}

type Buyer = CreditDesk['customers'][number]

function invent(
  desk: CreditDesk,
  random: Random,
  { index, buyer }: { readonly index: number; readonly buyer: Buyer | undefined },
): Invented | null {
  if (buyer === undefined) return null
  const orderedOn = desk.today - random.whole(0, ORDERED_WITHIN_DAYS)
  const size = Math.round(buyer.share * 35_000_000 * (0.4 + random.fraction()))
  const amount = BigInt(Math.max(12_000, size))
  const start: SalesOrderRow = {
    organizationId: desk.organization.id,
    id: newUuid(),
    customerId: desk.customerIdOf(buyer.number),
    number: `SO-${FIRST_NUMBER + index}`,
    amount,
    currency: buyer.currency,
    orderedOn: dateOf(orderedOn),
    releasedOn: null,
    shipped: 0n,
    invoiced: 0n,
    cancelledOn: null,
    isOpen: true,
    version: 1,
  }
  const recorded = { orderId: start.id, version: 1, kind: 'RECORDED', amount } as const
  const events: Event[] = [{ ...recorded, occurredOn: start.orderedOn, on: orderedOn, by: CLERK }]
  return stepsOf(desk, random, index, orderedOn).reduce<Invented>(
    ({ row, events: before }, { step, on, ...said }) => {
      const state = takeStep(stateOfOrder(row), stepOf(step, stateOfOrder(row)))
      // What cannot happen to it does not.
      if (on > desk.today || isFault(state)) return { row, events: before }
      const after = afterEvent(row, state, dateOf(on))
      const moved =
        step === 'SHIPPED' || step === 'HALF' ? after.shipped - row.shipped : row.amount - row.shipped
      const kind = step === 'HALF' ? 'SHIPPED' : step
      const event = {
        orderId: row.id,
        version: after.version,
        kind,
        amount: moved,
        occurredOn: dateOf(on),
        on,
      }
      return { row: after, events: [...before, { ...event, by: HEAD, ...said }] }
    },
    { row: start, events },
  )
}

type Kind = 'RELEASED' | 'HALF' | 'SHIPPED' | 'CANCELLED'

type PlannedStep = Pick<Event, 'on'> & {
  readonly step: Kind
  readonly by?: PersonName
  readonly reason?: string
  readonly isOverride?: boolean
  readonly isOverLimit?: boolean
}

const stepOf = (kind: Kind, { amount, shipped }: OrderState): OrderStep => {
  switch (kind) {
    case 'RELEASED':
    case 'CANCELLED':
      return { kind }
    case 'HALF':
      return { kind: 'SHIPPED', amount: (amount - shipped) / 2n }
    case 'SHIPPED':
      return { kind: 'SHIPPED', amount: amount - shipped }
  }
}

function stepsOf(desk: CreditDesk, random: Random, index: number, orderedOn: Day): PlannedStep[] {
  if (random.chance(0.2)) return []
  if (random.chance(0.05))
    return [{ step: 'CANCELLED', on: orderedOn + 1, by: CLERK, reason: 'Ordered twice' }]
  const isOverride = index % 23 === 11
  const against = { isOverride, isOverLimit: true, reason: 'Payment is announced; agreed with sales' }
  const released: PlannedStep = {
    step: 'RELEASED',
    on: orderedOn + random.whole(0, 2),
    by: isOverride ? CLERK : HEAD,
    ...(isOverride ? against : {}),
  }
  if (random.chance(0.4)) return [released]
  const shippedOn = released.on + random.whole(1, 6)
  return [
    released,
    { step: random.chance(0.35) ? 'HALF' : 'SHIPPED', on: Math.min(shippedOn, desk.today), by: CLERK },
  ]
}
