import type { Context } from '../context.ts'
import type { Day } from '../domain/day.ts'
import { readClosing } from '../ledger/closing.ts'

/** Null where nothing is closed. */
export const findClosedThrough = async ({ reader, organization }: Context): Promise<Day | null> =>
  (await reader.read((tx) => readClosing(tx, organization.id))).closedThrough
