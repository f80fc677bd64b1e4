/** People and segments as a file names them, found in the books. */
import { encodeId } from '../ids.ts'
import type { Path } from '../problem.ts'
import type { KpiFilter } from '../schema.generated.ts'
import { findPerson, type CodeBooks } from './books.ts'
import type { CodeFault } from './plan.ts'
import type { PersonRow } from '@tidemark/drizzle/rows.ts'

/** The uuid of a person; for a stranger there is a fault more, and an empty text. */
export type FindPerson = (text: string, path: Path) => string

export const personFinder =
  (people: readonly PersonRow[], faults: CodeFault[]): FindPerson =>
  (text, path) => {
    const found = findPerson(people, text)
    if (found !== null) return found.id
    const message = `there is no person ${text}: give an e-mail, or a name that is theirs alone`
    faults.push({ path, message })
    return ''
  }

type Scope = Readonly<Record<string, readonly string[]>>

/** With the uuids of collectors and of the customer, as filters are stored; undefined where the file does not say. */
export function resolveScope(
  scope: Scope | undefined,
  { people, customers }: Pick<CodeBooks, 'people' | 'customers'>,
  faults: CodeFault[],
): Scope | undefined {
  if (scope === undefined) return undefined
  const { collector, customer, ...rest } = scope
  const person = personFinder(people, faults)
  const collectorId = collector?.map((text, index) => person(text, ['scope', 'collector', String(index)]))
  const customerId = customer?.map((number) => {
    const found = customers.find((one) => one.number === number)
    if (found === undefined)
      faults.push({ path: ['scope', 'customer'], message: `there is no customer with the number ${number}` })
    return found?.id ?? ''
  })
  return { ...rest, ...(collectorId && { collectorId }), ...(customerId && { customerId }) }
}

/** The same as the API takes it. */
export const filterOf = (scope: Scope | undefined): KpiFilter => {
  const { collectorId, customerId, ...rest } = scope ?? {}
  const [customer] = customerId ?? []
  return {
    ...rest,
    ...(collectorId && { collectorId: collectorId.map((id) => encodeId('person', id)) }),
    ...(customer !== undefined && { customer: { id: encodeId('customer', customer) } }),
  }
}
