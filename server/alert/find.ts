/** Finds what commands name, as it stays until the end of their transaction. */
import { and, eq, inArray, isNull } from 'drizzle-orm'
import { decodeId } from '../ids.ts'
import { notFound, type Path, type Problem } from '../problem.ts'
import type { AlertChannelRow, AlertRow, AlertRuleRow, GoalRow } from '@tidemark/drizzle/rows.ts'
import { alert, alertChannel, alertRule, alertRuleChannel } from '@tidemark/drizzle/tables/alert.ts'
import { goal } from '@tidemark/drizzle/tables/goal.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** Locked; not one that was deleted. */
export async function findRule(tx: Tx, organizationId: string, id: string): Promise<AlertRuleRow | Problem> {
  const uuid = decodeId('alertRule', id)
  const [row] =
    uuid === null
      ? []
      : await tx
          .select()
          .from(alertRule)
          .where(
            and(
              eq(alertRule.organizationId, organizationId),
              eq(alertRule.id, uuid),
              isNull(alertRule.deletedAt),
            ),
          )
          .for('update')
  return row ?? notFound(['rule'], `There is no alert rule with id ${id}`)
}

/** Locked. */
export async function findAlertForUpdate(
  tx: Tx,
  organizationId: string,
  id: string,
): Promise<AlertRow | Problem> {
  const uuid = decodeId('alert', id)
  const [row] =
    uuid === null
      ? []
      : await tx
          .select()
          .from(alert)
          .where(and(eq(alert.organizationId, organizationId), eq(alert.id, uuid)))
          .for('update')
  return row ?? notFound(['alert'], `There is no alert with id ${id}`)
}

export async function findGoalOf(tx: Tx, organizationId: string, id: string): Promise<GoalRow | Problem> {
  const uuid = decodeId('goal', id)
  const [row] =
    uuid === null
      ? []
      : await tx
          .select()
          .from(goal)
          .where(and(eq(goal.organizationId, organizationId), eq(goal.id, uuid)))
  return row ?? notFound(['goalId'], `There is no goal with id ${id}`)
}

/** Locked; not one that was deleted. */
export async function findChannel(
  tx: Tx,
  organizationId: string,
  id: string,
): Promise<AlertChannelRow | Problem> {
  const uuid = decodeId('alertChannel', id)
  const [row] =
    uuid === null
      ? []
      : await tx
          .select()
          .from(alertChannel)
          .where(
            and(
              eq(alertChannel.organizationId, organizationId),
              eq(alertChannel.id, uuid),
              isNull(alertChannel.deletedAt),
            ),
          )
          .for('update')
  return row ?? notFound(['channel'], `There is no channel with id ${id}`)
}

/** The first of them that the organization does not have. */
export async function findUnknownChannel(
  tx: Tx,
  organizationId: string,
  ids: readonly string[],
): Promise<Problem | null> {
  if (ids.length === 0) return null
  const rows = await tx
    .select({ id: alertChannel.id })
    .from(alertChannel)
    .where(
      and(
        eq(alertChannel.organizationId, organizationId),
        inArray(alertChannel.id, [...ids]),
        isNull(alertChannel.deletedAt),
      ),
    )
  const known = new Set(rows.map(({ id }) => id))
  const unknown = ids.findIndex((id) => !known.has(id))
  const path: Path = ['channelIds', String(unknown)]
  return unknown < 0 ? null : notFound(path, 'There is no channel with this id')
}

export async function readChannelIdsOf(tx: Tx, organizationId: string, ruleId: string): Promise<string[]> {
  const rows = await tx
    .select({ id: alertRuleChannel.channelId })
    .from(alertRuleChannel)
    .where(and(eq(alertRuleChannel.organizationId, organizationId), eq(alertRuleChannel.ruleId, ruleId)))
  return rows.map(({ id }) => id).toSorted()
}
