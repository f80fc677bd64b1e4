/** What an organization chose for its KPIs. */
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import {
  chooseConventions,
  defaultConventions,
  type Conventions,
  type ConventionsChoice,
} from '../domain/conventions.ts'

/** What stands in for the conventions that a query leaves out. */
export async function readUsualConventions(tx: Tx, organizationId: string): Promise<Conventions> {
  const [row] = await tx.sql<{ choice: ConventionsChoice }[]>`
    select conventions || jsonb_build_object('calendar', calendar) as choice from kpi_setting
    where organization_id = ${organizationId}`
  if (row === undefined) return defaultConventions
  const conventions = chooseConventions(row.choice)
  if ('problem' in conventions) throw new Error(`kpi_setting holds what was refused: ${conventions.problem}`)
  return conventions
}

/** What a goal was made with. An older version knew fewer conventions: what it did not know of is the default. */
export const conventionsOfGoal = (kept: unknown): Conventions => ({
  ...defaultConventions,
  ...(kept as Partial<Conventions>),
})
