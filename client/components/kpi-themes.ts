import type { KpiMetric } from '../documents.generated.ts'

/**
 * What KPIs are about, in the order in which people look for them. The catalog of the server names no themes; the first
 * pattern that fits an id decides, so that a KPI of tomorrow finds its place by the words that it is made of.
 */
const patterns = [
  ['disputes', /DISPUTE|DEDUCTION/],
  ['losses', /WRITTEN|WRITE_OFF|BAD_DEBT|RECOVER|TOLERANCE|ADJUST|EXPECTED_LOSS/],
  ['outside', /COST|STAFF|SATISFACTION|PLAN|DEBT_SERVICE|PER_COLLECTOR/],
  ['speed', /DSO|DELINQUENT|EFFECTIVENESS|TURNOVER|COLLECTION_PERIOD/],
  ['paying', /ON_TIME|TO_PAY|LATE$|PAID|BEYOND_TERMS|DISCOUNT|TERMS|SETTLED|BOUNCED/],
  ['cash', /CASH|UNAPPLIED/],
  ['billing', /SALES|INVOICES_SENT|BILLED|ACCURACY|TO_INVOICE|RETURN|CREDIT_NOTE|CREDITED|REPEAT/],
  ['owed', /RECEIVABLE|PAST_DUE|CURRENT|OPEN_|AGE|OVER_|RISK|UTILI[SZ]ATION|EXPOSURE/],
] as const satisfies readonly (readonly [string, RegExp])[]

export type KpiTheme = (typeof patterns)[number][0] | 'other'

const titles = [
  ['owed', 'What is owed'],
  ['speed', 'How fast it comes in'],
  ['paying', 'How customers pay'],
  ['cash', 'Cash'],
  ['billing', 'Sales and billing'],
  ['disputes', 'Disputes'],
  ['losses', 'Losses and adjustments'],
  ['outside', 'Figures from outside'],
  ['other', 'Other'],
] as const satisfies readonly (readonly [KpiTheme, string])[]

export const themeOf = (metric: KpiMetric): KpiTheme =>
  patterns.find(([, pattern]) => pattern.test(metric))?.[0] ?? 'other'

/** The themes that have any, each with its KPIs in the order in which they come. */
export const byTheme = <Definition extends { readonly metric: KpiMetric }>(
  definitions: readonly Definition[],
): { readonly id: KpiTheme; readonly title: string; readonly definitions: readonly Definition[] }[] =>
  titles.flatMap(([id, title]) => {
    const members = definitions.filter(({ metric }) => themeOf(metric) === id)
    return members.length === 0 ? [] : [{ id, title, definitions: members }]
  })

/** A metric as an address has it: BEST_POSSIBLE_DSO is best-possible-dso. */
export const slugOfMetric = (metric: KpiMetric): string => metric.toLowerCase().replaceAll('_', '-')
