import { dateAt } from '../domain/calendar.ts'

/** What stands in GraphiQL when it is first opened: why DSO changed in the last month that is over. */
export const exampleQuery = (now: Temporal.Instant): string => {
  const thisMonth = dateAt(now, 'UTC').with({ day: 1 })
  const to = thisMonth.subtract({ days: 1 })
  const from = to.with({ day: 1 }).subtract({ days: 1 })
  return `# Why days sales outstanding changed in the last month that is over: drivers that add up to the change,
# each down to the customers and invoices behind it. Ctrl-Enter runs it; the docs on the left describe every field.
query WhyDsoChanged {
  explainKpi(metric: DSO, from: "${from.toString()}", to: "${to.toString()}") {
    change
    from { date value }
    to { date value }
    parts {
      name
      change
      description
      segments(groupBy: REGION) { region change }
      customers(first: 3) {
        customer { number name }
        change
        invoices(first: 3) { invoice { number dueOn status } change }
        otherItems(first: 3)
      }
      otherCustomers(first: 3)
    }
  }
}
`
}
