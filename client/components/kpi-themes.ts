import type { KpiMetric, KpiTheme } from '../documents.generated.ts'

/** The chapters of the catalog, in the order in which people look for them. */
const titles = {
  RECEIVABLES: 'What is owed',
  DAYS_SALES: 'Days of sales',
  PAYMENT: 'How customers pay',
  CASH: 'Cash',
  BILLING: 'Sales and billing',
  DISPUTES: 'Disputes',
  REDUCTIONS: 'Losses and other reductions',
  CREDIT: 'Credit limits and risk',
  OUTSIDE: 'With figures from outside the books',
} as const satisfies Record<KpiTheme, string>

const isTheme = (text: string): text is KpiTheme => Object.hasOwn(titles, text)

/** The themes that have any, each with its KPIs in the order in which they come. */
export const byTheme = <Definition extends { readonly theme: KpiTheme }>(
  definitions: readonly Definition[],
): { readonly theme: KpiTheme; readonly title: string; readonly definitions: readonly Definition[] }[] =>
  Object.keys(titles)
    .filter(isTheme)
    .flatMap((theme) => {
      const members = definitions.filter((definition) => definition.theme === theme)
      return members.length === 0 ? [] : [{ theme, title: titles[theme], definitions: members }]
    })

/** A metric as an address has it: BEST_POSSIBLE_DSO is best-possible-dso. */
export const slugOfMetric = (metric: KpiMetric): string => metric.toLowerCase().replaceAll('_', '-')
