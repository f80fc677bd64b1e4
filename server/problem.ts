/** Expected failures are data: what a command answers instead of its success. Nothing was written. */
import { EARLIEST_YEAR, LATEST_YEAR } from './domain/day.ts'
import type { Conflict, InvalidInput, NotFound } from './schema.generated.ts'

type Named<T, Name extends string> = Omit<T, '__typename'> & { readonly __typename: Name }

export type Problem =
  | Named<InvalidInput, 'InvalidInput'>
  | Named<NotFound, 'NotFound'>
  | Named<Conflict, 'Conflict'>

/** The input field at fault, such as ['allocations', '0', 'amount']; empty where it is the whole. */
export type Path = readonly string[]

type InvalidCode =
  | 'INVALID'
  | 'OVER_ALLOCATION'
  | 'WRONG_CURRENCY'
  | 'MISSING_RATE'
  | 'CLOSED_PERIOD'
  | 'BEYOND_AUTHORITY'

/** A value is out of range or contradicts another. */
export const invalid = (path: Path, message: string, code: InvalidCode = 'INVALID'): Problem => ({
  __typename: 'InvalidInput',
  message,
  code,
  path,
})

/** For a date that is a slip of the pen, such as one of the year 0026. */
export const implausible = (path: Path, date: Temporal.PlainDate): Problem =>
  invalid(path, `${date.toString()} does not lie between ${EARLIEST_YEAR} and ${LATEST_YEAR}`)

/** What the input names does not exist in this organization. */
export const notFound = (path: Path, message: string): Problem => ({
  __typename: 'NotFound',
  message,
  code: 'NOT_FOUND',
  path,
})

/** It exists already, changed since it was read, or its idempotency key was used for something else. */
export const conflict = (
  path: Path,
  message: string,
  code: 'CONFLICT' | 'KEY_REUSED' | 'CREDIT_REFUSED' = 'CONFLICT',
): Problem => ({ __typename: 'Conflict', message, code, path })

/** The customer changed since the caller read it. */
export const staleCustomer = (path: Path, number: string, version: number): Problem => ({
  __typename: 'Conflict',
  message: `Customer ${number} is at version ${version} by now`,
  code: 'CONFLICT',
  path,
  currentVersion: version,
})

const PROBLEM_TYPES = new Set(['InvalidInput', 'NotFound', 'Conflict'])

export const isProblem = (outcome: unknown): outcome is Problem =>
  typeof outcome === 'object' &&
  outcome !== null &&
  '__typename' in outcome &&
  PROBLEM_TYPES.has(String(outcome.__typename))
