import { useEffect, useState } from 'react'
import { type Client, type CombinedError, type OperationResult, useClient } from 'urql'
import {
  type AgingCustomers_InvoiceFragment,
  AgingOpenInvoicesDocument,
  type AgingOpenInvoicesQuery,
} from '../documents.generated.ts'
import type { Day } from '../format/day.ts'

/** How many invoices a page adds up itself; of more it says that they are not all. */
const invoicesMax = 5000

export type OpenInvoices = {
  readonly invoices: readonly AgingCustomers_InvoiceFragment[]
  /** How many there are in all; null where nobody counted. */
  readonly totalCount: number | null
  readonly isWhole: boolean
  /** Those of the organization, its own first. */
  readonly currencies: readonly string[]
}

type Question = { readonly day: Day; readonly currencies: readonly string[] | null; readonly round: number }

const readAll = async (
  client: Client,
  { day, currencies }: Question,
  isWanted: () => boolean,
): Promise<OpenInvoices | CombinedError | null> => {
  const invoices: AgingCustomers_InvoiceFragment[] = []
  let after: string | null = null
  for (;;) {
    const result: OperationResult<AgingOpenInvoicesQuery> = await client
      .query(
        AgingOpenInvoicesDocument,
        { asOf: day, after, ...(currencies === null ? {} : { currency: [...currencies] }) },
        { requestPolicy: 'network-only' },
      )
      .toPromise()
    if (!isWanted()) return null
    if (!result.data) return result.error ?? null
    const { nodes, pageInfo, totalCount } = result.data.invoices
    invoices.push(...nodes)
    after = pageInfo.hasNextPage ? pageInfo.endCursor : null
    if (after === null || invoices.length >= invoicesMax)
      return {
        invoices,
        totalCount,
        isWhole: after === null,
        currencies: result.data.organization.currencies,
      }
  }
}

/** All invoices that were open at the end of a day, page by page; what was known stays while it is asked for again. */
export const useOpenInvoices = ({
  day,
  currencies,
  pulse,
}: Omit<Question, 'round'> & { readonly pulse: number }): {
  readonly found: OpenInvoices | null
  readonly error: CombinedError | null
  readonly retry: () => void
} => {
  const client = useClient()
  const [attempt, setAttempt] = useState(0)
  const [answer, setAnswer] = useState<{ day: Day; found: OpenInvoices | CombinedError } | null>(null)
  const round = pulse + attempt
  const currencyKey = currencies?.join(' ') ?? null
  useEffect(() => {
    let isWanted = true
    const wanted = currencyKey === null ? null : currencyKey.split(' ')
    void readAll(client, { day, currencies: wanted, round }, () => isWanted).then((found) => {
      if (found !== null) setAnswer({ day, found })
    })
    return () => {
      isWanted = false
    }
  }, [client, day, currencyKey, round])
  const found = answer?.day === day ? answer.found : null
  return {
    found: found !== null && 'invoices' in found ? found : null,
    error: found !== null && !('invoices' in found) ? found : null,
    retry: () => setAttempt((before) => before + 1),
  }
}
