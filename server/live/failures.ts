/** Goals and alert rules that cannot be computed, so that they stop no other: found once, then computed apart from the others. */
import { GraphQLError } from 'graphql'
import type { KpiOrganization } from '../kpi/source.ts'
import { measure, notMeasured, type Measured, type Wanted } from './measure.ts'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { inSavepoint, type Tx } from '@tidemark/drizzle/transaction.ts'

/** By what could not be computed, such as `The goal 0199...`: why. */
export type Failures = ReadonlyMap<string, unknown>

export const goalName = (id: string): string => `The goal ${id}`
export const ruleName = (id: string): string => `The alert rule ${id}`

/** Per database and organization, what failed the last time: it is computed apart, and told to the log once. */
const failed = new WeakMap<Connection, Map<string, ReadonlySet<string>>>()

export const failuresOf = (connection: Connection, organizationId: string): ReadonlySet<string> =>
  failed.get(connection)?.get(organizationId) ?? new Set()

export function rememberFailures(connection: Connection, organizationId: string, failures: Failures): void {
  const all = failed.get(connection) ?? new Map<string, ReadonlySet<string>>()
  failed.set(connection, all)
  if (failures.size === 0) all.delete(organizationId)
  else all.set(organizationId, new Set(failures.keys()))
}

/** What is measured for one goal or rule, under its name. */
export type Part = { readonly name: string; readonly wanted: readonly Wanted[] }

/** By name, what each part wants, in its order. */
export type Measure = (
  view: Tx,
  organization: KpiOrganization,
  parts: readonly Part[],
  now: Temporal.Instant,
) => Promise<{ readonly measured: ReadonlyMap<string, readonly Measured[]>; readonly failures: Failures }>

/** A part among those that were computed together failed. */
export class MeasureError extends Error {}

/** All together but those that are suspected to fail: each of these on its own, so that it stops no other. */
export const measuring =
  (isSuspect: (name: string) => boolean): Measure =>
  async (view, organization, parts, now) => {
    const failures = new Map<string, unknown>()
    const measured = new Map<string, readonly Measured[]>()
    const others = parts.filter(({ name }) => !isSuspect(name))
    try {
      const wanted = others.flatMap((part) => part.wanted)
      const found = (await measure(view, organization, wanted, now)).values()
      for (const { name, wanted: own } of others) measured.set(name, found.take(own.length).toArray())
    } catch (cause) {
      throw new MeasureError('A goal or rule could not be computed', { cause })
    }
    for (const { name, wanted } of parts.filter((part) => isSuspect(part.name))) {
      try {
        const found = await inSavepoint(view, (inner) => measure(inner, organization, wanted, now))
        measured.set(name, found)
      } catch (error) {
        failures.set(name, error)
        const failure = failureInWords(error)
        measured.set(
          name,
          wanted.map(() => ({ ...notMeasured, failure })),
        )
      }
    }
    return { measured, failures }
  }

/** What a goal asks for that cannot be is told, such as a convention that this version does not know; a fault is not. */
const failureInWords = (error: unknown): string | null =>
  error instanceof GraphQLError && error.extensions['code'] === 'BAD_USER_INPUT'
    ? error.message.replace(/\.$/, '')
    : notMeasured.failure
