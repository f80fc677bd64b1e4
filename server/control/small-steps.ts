/** Credit limits that were each within authority, and together with those before them beyond it. */
import { readIdentities } from '../authority/identity.ts'
import {
  requirementsOf,
  rulesOf,
  type AuthorityMatrix,
  type Identity,
  type Past,
  type Step,
  type Sum,
} from '../domain/authority.ts'
import { dayOf } from '../domain/day.ts'
import { readRates } from '../ledger/rates.ts'
import { inWords, POPULATION_MAX, type Asked, type ControlItem } from './items.ts'
import { limitItem, readLimitsSet, readMatrices, stepOf, type LimitSet } from './limits.ts'

/** A raise that somebody decided alone. */
type Alone = {
  readonly row: LimitSet
  readonly step: Step
  readonly matrix: AuthorityMatrix
  readonly identity: Identity
}

/**
 * Adds up anew, out of the audit alone, what the matrix has to add up: of the customer, and of whoever decided, all that
 * was decided alone in the window before. What is too much by itself is told by limits above authority.
 */
export async function limitsInSmallSteps(asked: Asked): Promise<readonly ControlItem[]> {
  const { tx, organization } = asked
  const rows = await readLimitsSet(asked)
  const before = { ...asked, from: asked.from.subtract({ days: await longestWindow(asked) }) }
  const known = await readLimitsSet(before)
  // More than can be looked at: whoever asks is told to take a shorter period.
  if (known.length > POPULATION_MAX) return known.map((row) => ({ ...limitItem(row), finding: null }))
  const rates = await readRates(tx, organization, dayOf(before.from), dayOf(asked.to))
  const identities = await readIdentities(tx, organization.id, [...new Set(known.map(({ actor }) => actor))])
  const matrices = await readMatrices(before, known)
  const alone = known.flatMap((row): Alone[] => {
    const step = stepOf(row, organization.baseCurrency, rates)
    const matrix = matrices.get(row.matrixVersion ?? 0)
    const identity = identities.get(row.actor)
    if (step === null || row.isApproved || matrix === undefined || identity === undefined) return []
    // What the product invents, and what it does by itself, is nobody's decision.
    if (identity.actor === 'demo' || identity.actor === 'system') return []
    return rulesOf(matrix, step.action).length === 0 ? [] : [{ row, step, matrix, identity }]
  })
  const findings = findingsOf(alone, organization.baseCurrency)
  return rows.map((row) => ({ ...limitItem(row), finding: findings.get(row.auditId) ?? null }))
}

/** In days, of all matrices that there were. */
async function longestWindow({ tx, organization }: Asked): Promise<number> {
  const [row] = await tx.sql<{ days: number }[]>`
    select coalesce(max(window_days), 0)::int as days from authority_matrix where organization_id = ${organization.id}`
  return row?.days ?? 0
}

const NOTHING: Sum = { amount: 0n, days: 0 }
const NO_PAST: Past = { ofCustomer: () => NOTHING, ofActor: () => NOTHING }

const MS_PER_DAY = 24 * 60 * 60 * 1_000

/** By audit row; each is looked at with those before it that are still in the window of its matrix. */
function findingsOf(alone: readonly Alone[], currency: string): ReadonlyMap<string, string> {
  const byCustomer = sumsBy(alone, keyOfCustomer)
  const byPerson = sumsBy(alone, keyOfPerson)
  return new Map(
    alone.flatMap((one) => {
      const ofCustomer = byCustomer(one)
      const ofActor = byPerson(one)
      const past: Past = {
        ofCustomer: () => ({ ...NOTHING, amount: ofCustomer }),
        ofActor: () => ({ ...NOTHING, amount: ofActor }),
      }
      if (isNeeded(one, NO_PAST) || !isNeeded(one, past)) return []
      const { matrix, row } = one
      const told = (minor: bigint) => inWords({ minor, currency })
      const finding = `In the ${matrix.windowDays} days before, ${told(ofCustomer)} were decided alone for the customer and ${told(ofActor)} by the same person: together the authority matrix (version ${matrix.version}) wants an approval, and there is none.`
      return [[row.auditId, finding] as const]
    }),
  )
}

const keyOfCustomer = ({ step }: Alone): string => `${step.action} ${step.customerId}`
const keyOfPerson = ({ step, identity }: Alone): string => `${step.action} ${identity.principal}`

const isNeeded = ({ matrix, step, identity }: Alone, past: Past): boolean =>
  requirementsOf(matrix, [step], past, identity, true)[0] !== null

/** What was decided in the window before a raise, among those of the same key. One to more than any bound adds nothing. */
function sumsBy(alone: readonly Alone[], keyOf: (one: Alone) => string): (one: Alone) => bigint {
  const sums = new Map<Alone, bigint>()
  for (const same of Map.groupBy(alone, keyOf).values()) {
    // All that came before each of them; from the first that is still in its window on it counts.
    const totals = [0n]
    for (const [index, one] of same.entries()) {
      const { amount } = one.step
      const before = totals[index] ?? 0n
      sums.set(one, before - (totals[firstSince(same, windowStart(one))] ?? 0n))
      totals.push(before + (amount === 'BEYOND' ? 0n : amount))
    }
  }
  return (one) => sums.get(one) ?? 0n
}

const windowStart = ({ row, matrix }: Alone): number => row.recordedMs - matrix.windowDays * MS_PER_DAY

/** The place of the first that was recorded later; they are in that order. */
function firstSince(same: readonly Alone[], after: number): number {
  let [low, high] = [0, same.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((same[middle]?.row.recordedMs ?? 0) > after) high = middle
    else low = middle + 1
  }
  return low
}
