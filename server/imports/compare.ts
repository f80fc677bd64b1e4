/** What a row of a later export says about an invoice that is already in the books. Pure. */
import { formatDay, type Day } from '../domain/day.ts'
import { formatMinor } from '../domain/money.ts'
import { dimensionFields, milestoneFields, type FieldName } from './mapping.ts'
import type { Combination, Milestones } from './rows.ts'

/** An invoice as a row tells it. */
export type ToldInvoice = Milestones & {
  readonly number: string
  readonly customerNumber: string
  /** Null where the books do not know the customer yet. */
  readonly customerId: string | null
  readonly combination: Combination
  readonly amount: bigint
  readonly issuedOn: Day
  readonly dueOn: Day
  readonly settledOn: Day | null
  readonly disputed: boolean
}

/** The same invoice as the books have it. */
export type BookedInvoice = ToldInvoice & {
  /** What is still owed. `amount` is what was billed, corrections included. */
  readonly balance: bigint
  /** Whether anything was paid, credited or written off. */
  readonly isTouched: boolean
  readonly installments: number
  /** Where it was before, where it moved: an older export still says so. */
  readonly earlier: readonly Combination[]
}

/** What the row brings up to date. */
export type Changes = {
  /** Added to what was billed; 0 for nothing. */
  readonly correctBy: bigint
  readonly reDateTo: Day | null
  readonly settleOn: Day | null
}

export type Difference = { readonly field: FieldName; readonly reason: string }

export type Comparison = { readonly changes: Changes; readonly differences: readonly Difference[] }

/**
 * A settlement date that is new, a due date that changed, and an amount that changed before anything was paid are
 * changes. All else in which the two differ is told with old and new, for a person to decide.
 * @param present the fields of the file: about the others it says nothing
 */
export function compareWithBooks(
  told: ToldInvoice,
  booked: BookedInvoice,
  present: ReadonlySet<FieldName>,
): Comparison {
  const differences: Difference[] = []
  const differ = (field: FieldName, old: string | null, now: string | null, why = '') =>
    differences.push({ field, reason: `changed from ${old ?? 'nothing'} to ${now ?? 'nothing'}${why}` })
  const money = (minor: bigint) => formatMinor({ minor, currency: booked.combination.currency })

  if (present.has('sourceKey') && told.number !== booked.number) {
    differ('invoiceNumber', booked.number, told.number)
  }
  if (told.customerId !== booked.customerId) {
    differ('customerNumber', booked.customerNumber, told.customerNumber)
  }
  if (told.combination.currency !== booked.combination.currency) {
    differ('currency', booked.combination.currency, told.combination.currency)
  }
  for (const field of dimensionFields) {
    const [old, now] = [booked.combination[field], told.combination[field]]
    const isKnown = [booked.combination, ...booked.earlier].some((place) => place[field] === now)
    if (present.has(field) && !isKnown) differ(field, old, now)
  }
  if (told.issuedOn !== booked.issuedOn)
    differ('issuedOn', formatDay(booked.issuedOn), formatDay(told.issuedOn))
  for (const field of milestoneFields) {
    const [old, now] = [booked[field], told[field]]
    if (present.has(field) && old !== now) differ(field, dayText(old), dayText(now))
  }
  if (present.has('disputed') && told.disputed !== booked.disputed) {
    differ('disputed', yesNo(booked.disputed), yesNo(told.disputed))
  }
  if (saysWhetherSettled(present) && booked.settledOn !== null && told.settledOn !== booked.settledOn) {
    differ('settledOn', formatDay(booked.settledOn), dayText(told.settledOn))
  }

  const severalParts =
    booked.installments > 1 ? `, yet the invoice has ${booked.installments} installments` : ''
  const isReDated = told.dueOn !== booked.dueOn
  if (isReDated && severalParts !== '') {
    differ('dueOn', formatDay(booked.dueOn), formatDay(told.dueOn), severalParts)
  }
  const correctBy = told.amount - booked.amount
  const whyNot = booked.isTouched ? ' after a payment, credit or write-off' : severalParts
  if (correctBy !== 0n && whyNot !== '') differ('amount', money(booked.amount), money(told.amount), whyNot)

  return {
    changes: {
      correctBy,
      reDateTo: isReDated ? told.dueOn : null,
      settleOn: booked.settledOn === null ? told.settledOn : null,
    },
    differences,
  }
}

export const changesNothing = ({ correctBy, reDateTo, settleOn }: Changes): boolean =>
  correctBy === 0n && reDateTo === null && settleOn === null

/** A file without settlement dates and status is not one of open invoices: it just does not tell. */
const saysWhetherSettled = (present: ReadonlySet<FieldName>) =>
  present.has('settledOn') || present.has('status')

const dayText = (day: Day | null) => (day === null ? null : formatDay(day))
const yesNo = (flag: boolean) => (flag ? 'yes' : 'no')
