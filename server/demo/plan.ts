/** What the demo company plans to sell on credit in the months to come: a little more everywhere, and much more in one region. */
import { firstOfMonth } from '../domain/calendar.ts'
import { dateOf, dayOf, type Day } from '../domain/day.ts'
import type { PlanRow } from '../domain/sales-plan.ts'
import { writeAudit } from '../ledger/audit.ts'
import { appendSalesPlan } from '../ledger/sales-plan.ts'
import { demoCompany, type DemoCustomer, type Region } from './company.ts'
import type { CreditDesk } from './credit-desk.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

const MONTHS = 6
/** Of the first month, in major units; about what the last months came to. */
const SOLD = 4_600_000
const GROWTH = 1.011
/** A launch there outgrows the credit lines that its customers have. */
const LAUNCH: Region = 'APAC'
const LAUNCH_GROWTH = 1.4
/** Plans are made in round numbers. */
const STEP = 1_000

/** A row for each month, channel, region and product line that somebody buys. */
export function demoPlan(customers: readonly DemoCustomer[], today: Day): PlanRow[] {
  const first = dateOf(firstOfMonth(today))
  return Array.from({ length: MONTHS }, (_, index) => dayOf(first.add({ months: index }))).flatMap(
    (month, index) => monthOf(customers, month, index),
  )
}

function monthOf(customers: readonly DemoCustomer[], month: Day, index: number): PlanRow[] {
  const buys = customers
    .filter(({ insolvent }) => !insolvent)
    .flatMap(({ channel, region, productLines, share, termsDays }) =>
      productLines.map((productLine) => ({
        channel,
        region,
        productLine,
        termsDays,
        share: share / productLines.length,
      })),
    )
  const segments = Map.groupBy(buys, ({ channel, region, productLine }) =>
    JSON.stringify([channel, region, productLine]),
  )
  return [...segments.values()].flatMap((parts) => {
    const [part] = parts
    const share = parts.reduce((sum, one) => sum + one.share, 0)
    const terms = parts.reduce((sum, one) => sum + one.share * one.termsDays, 0) / share
    const growth = (part?.region === LAUNCH ? LAUNCH_GROWTH : GROWTH) ** index
    const planned = Math.round((SOLD * share * growth) / STEP) * STEP
    if (part === undefined || planned === 0) return []
    const { channel, region, productLine } = part
    return [
      {
        month,
        channel,
        region,
        productLine,
        planned: { minor: BigInt(planned) * 100n, currency: demoCompany.baseCurrency },
        termsDays: Math.round(terms),
      },
    ]
  })
}

export async function setDemoPlan(
  tx: Tx,
  { organization, customers, people, today, momentOf }: CreditDesk,
): Promise<void> {
  const rows = demoPlan(customers, today)
  const audit = await writeAudit(
    tx,
    { organization, actor: `member:${people.get('Marcus Adeyemi') ?? ''}` },
    {
      action: 'setSalesPlan',
      subject: organization.id,
      after: { rows: rows.length },
      reason: 'Plan of the coming half year, agreed with sales',
    },
    momentOf(today),
  )
  await appendSalesPlan(tx, organization.id, rows, audit.id)
}
