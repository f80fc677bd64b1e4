import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { runCommand, type Audited, type CommandContext } from '../command.ts'
import { chooseConventions, type Conventions } from '../domain/conventions.ts'
import { writeAudit } from '../ledger/audit.ts'
import { invalid, type Problem } from '../problem.ts'
import type { SetKpiConventionsInput } from '../schema.generated.ts'
import { readUsualConventions } from './settings.ts'

export type KpiConventionsSet = Audited & { readonly conventions: Conventions }

/** Sets all of them: what is left out is the default again. */
export async function setKpiConventions(
  context: CommandContext,
  input: SetKpiConventionsInput,
): Promise<KpiConventionsSet | Problem> {
  const conventions = chooseConventions(input.conventions)
  if ('problem' in conventions) return invalid(['conventions'], conventions.problem)
  return runCommand(context, { action: 'setKpiConventions', input }, prepareConventions(context, conventions))
}

/** For those who do several things or nothing: all of them become these. */
export const prepareConventions =
  (context: CommandContext, conventions: Conventions) =>
  async (tx: Tx): Promise<KpiConventionsSet> => {
    const { id } = context.organization
    const before = await readUsualConventions(tx, id)
    await write(tx, id, conventions)
    const audit = await writeAudit(tx, context, {
      action: 'setKpiConventions',
      subject: id,
      before,
      after: conventions,
    })
    return { conventions, audit }
  }

const write = (tx: Tx, organizationId: string, { calendar, ...conventions }: Conventions) => tx.sql`
  insert into kpi_setting (organization_id, conventions, calendar)
  values (${organizationId}, ${JSON.stringify(conventions)}::text::jsonb, ${JSON.stringify(calendar)}::text::jsonb)
  on conflict (organization_id) do update set conventions = excluded.conventions, calendar = excluded.calendar`
