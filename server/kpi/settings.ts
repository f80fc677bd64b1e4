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
  return row === undefined ? defaultConventions : conventionsOf(row.choice)
}

/** The same out of its JSON. */
export const conventionsOfChoice = (choice: string | null): Conventions =>
  choice === null ? defaultConventions : conventionsOf(JSON.parse(choice) as ConventionsChoice)

function conventionsOf(choice: ConventionsChoice): Conventions {
  const conventions = chooseConventions(choice)
  if ('problem' in conventions) throw new Error(`kpi_setting holds what was refused: ${conventions.problem}`)
  return conventions
}

/** What a goal was made with. An older version knew fewer conventions: what it did not know of is the default. */
export const conventionsOfGoal = (kept: unknown): Conventions => ({
  ...defaultConventions,
  ...(kept as Partial<Conventions>),
})
