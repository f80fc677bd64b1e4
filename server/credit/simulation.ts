/** What a credit policy would have done in the past, beside the one in force. Nothing is written. */
import { setImmediate } from 'node:timers/promises'
import { todayOf, type Context } from '../context.ts'
import type { CreditPolicy } from '../domain/credit-decision.ts'
import { replayPolicy, type PastBook } from '../domain/credit-simulation.ts'
import { createTally, type SimulationSums } from '../domain/credit-simulation-sums.ts'
import { dayOf, type Day } from '../domain/day.ts'
import { readCreditPolicy } from '../ledger/credit-policy.ts'
import { readPastBook } from '../ledger/past-book.ts'
import { LIMITS } from '../limits.ts'
import { invalid, isProblem, type Problem } from '../problem.ts'
import type { SimulateCreditPolicyInput } from '../schema.generated.ts'
import { withRules } from './policy-rules.ts'
import { inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'

export type SimulatedRun = SimulationSums & { readonly policy: CreditPolicy }

export type Simulation = {
  readonly __typename: 'CreditPolicySimulation'
  readonly from: Day
  readonly to: Day
  readonly knownFrom: Day | null
  readonly proposed: SimulatedRun
  readonly inForce: SimulatedRun
}

const MONTHS_MAX = 36
/** What can be read and judged twice within the time of a query. */
const BILLS_MAX = 250_000
/** Others are served meanwhile. */
const TURN_MS = 20

export async function simulateCreditPolicy(
  context: Context,
  input: SimulateCreditPolicyInput,
): Promise<Simulation | Problem> {
  const { organization } = context
  const { months, unknown } = input
  if (months < 1 || months > MONTHS_MAX)
    return invalid(['months'], `It goes from 1 to ${MONTHS_MAX}, unlike ${months}`)
  const date = todayOf(context)
  const today = dayOf(date)
  const inForce = await inItsOwnTime(context, (tx) => readCreditPolicy(tx, organization.id, today))
  const proposed = withRules(inForce, input, organization.baseCurrency)
  if (isProblem(proposed)) return proposed
  const from = dayOf(date.with({ day: 1 }).subtract({ months: months - 1 }))
  const asked = { from, today, asToday: unknown === 'AS_TODAY', billsMax: BILLS_MAX }
  const read = await inItsOwnTime(context, (tx) => readPastBook(tx, organization, asked))
  if (read === null)
    return invalid(['months'], `There are more than ${BILLS_MAX} bills in ${months} months: ask for fewer`)
  const { book, knownFrom } = read
  return {
    __typename: 'CreditPolicySimulation',
    from,
    to: today,
    knownFrom,
    proposed: { policy: proposed, ...(await replay(book, proposed)) },
    inForce: { policy: inForce, ...(await replay(book, inForce)) },
  }
}

/** Not by the request's reader: what that holds is given up after some seconds, also while this only computes. */
const inItsOwnTime = <T>({ connection, organization }: Context, read: (tx: Tx) => Promise<T>): Promise<T> =>
  inTransaction(
    connection,
    { organizationId: organization.id, mode: 'read', timeoutMs: LIMITS.slowOperationMs },
    read,
  )

async function replay(book: PastBook, policy: CreditPolicy): Promise<SimulationSums> {
  const tally = createTally(book)
  let since = performance.now()
  for (const bills of replayPolicy(book, policy)) {
    for (const bill of bills) tally.add(bill)
    if (performance.now() - since < TURN_MS) continue
    await setImmediate()
    since = performance.now()
  }
  return tally.sums()
}
