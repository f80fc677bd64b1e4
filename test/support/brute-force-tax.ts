/** What of sales is tax, document by document. */
import type { Decimal } from 'decimal.js'
import { at, n, sum, total, type PlainItem, type Sight, type TwinAnswer } from './brute-force-books.ts'

/** Of the documents that some periods look at: how many there are, and of how many the tax is known. */
export type Documents = {
  readonly all: readonly [bills: number, credits: number]
  readonly known: readonly [number, number]
}

const FIRST_KIND = { INVOICE: 'INVOICED', CREDIT_NOTE: 'CREDITED' } as const
type Document = PlainItem & { readonly kind: keyof typeof FIRST_KIND }

const documents = ({ items }: Sight): Document[] =>
  items.filter((item): item is Document => item.kind === 'INVOICE' || item.kind === 'CREDIT_NOTE')

export function documentsIn(sight: Sight, first: number, last: number): Documents {
  const begun = documents(sight).filter(({ kind, entries }) =>
    entries.some(
      (entry) =>
        entry.kind === FIRST_KIND[kind] &&
        entry.installment === 1 &&
        entry.effectiveOn >= first &&
        entry.effectiveOn <= last,
    ),
  )
  const count = (of: readonly Document[], kind: Document['kind']) =>
    of.filter((one) => one.kind === kind).length
  const known = begun.filter(({ facts }) => facts?.tax != null)
  return {
    all: [count(begun, 'INVOICE'), count(begun, 'CREDIT_NOTE')],
    known: [count(known, 'INVOICE'), count(known, 'CREDIT_NOTE')],
  }
}

/** Why sales net of tax cannot be told; null where they can. */
export function whyNotNet(parts: readonly Documents[]): TwinAnswer['reason'] {
  const add = (read: (one: Documents) => number) => parts.reduce((all, one) => all + read(one), 0)
  const isAll = [0, 1].every(
    (kind) => add((one) => one.all[kind] ?? 0) === add((one) => one.known[kind] ?? 0),
  )
  if (isAll) return null
  return add(({ known }) => known[0] + known[1]) === 0 ? 'NOT_RECORDED' : 'TAX_BASIS_MIXED'
}

/** The tax of bills less that of credit notes, each change at the rate of `rateDay`, or of its own day where that is null. */
export function taxBetween(sight: Sight, first: number, last: number, rateDay: number | null): Decimal {
  const taxes = documents(sight).flatMap((item) => {
    const tax = item.facts?.tax ?? null
    if (tax === null) return []
    const upTo = (day: number): bigint => {
      const entries = item.entries.filter((entry) => entry.effectiveOn <= day)
      if (item.kind === 'CREDIT_NOTE') return entries.length === 0 ? 0n : -tax
      const begun = total(entries, 'INVOICED')
      return begun === 0n ? 0n : (tax * total(entries, 'INVOICED', 'CORRECTED', 'VOIDED')) / begun
    }
    const days = new Set(item.entries.map((entry) => entry.effectiveOn))
    return [...days]
      .filter((day) => day >= first && day <= last)
      .map((day) => at(sight, item, upTo(day) - upTo(day - 1), rateDay ?? day))
  })
  return taxes.length === 0 ? n(0) : sum(taxes)
}
