/** The rules of a credit policy as people and programs send them: those to set, and those to try. */
import { DEFAULT_POLICY, type CreditPolicy } from '../domain/credit-decision.ts'
import { classOf, fold, type PolicyClass, type RiskClass } from '../domain/credit-policy.ts'
import { Exact, formatMinor, MINOR_MAX, parseMinor } from '../domain/money.ts'
import { invalid, isProblem, type Path, type Problem } from '../problem.ts'
import { readRequiredText } from '../text.ts'
import type { SetCreditPolicyInput, SimulateCreditPolicyInput } from '../schema.generated.ts'

/** A direct debit can be taken back for eight weeks, without a mandate for thirteen months; longer is a slip. */
const CLEARING_DAYS_MAX = 120
export const PAST_DUE_DAYS_MAX = 365
const STEPS_MAX = 10
const RATING_LIMITS_MAX = 200
const REVIEW_MONTHS_MAX = 60
export const SOURCE_LENGTH_MAX = 60
export const GRADE_LENGTH_MAX = 30

export type RulesInput = Pick<
  SetCreditPolicyInput,
  keyof SetCreditPolicyInput & keyof SimulateCreditPolicyInput
>

type Changes = { -readonly [Field in keyof CreditPolicy]?: CreditPolicy[Field] }

/** The policy with what the input says, or what is wrong with that; the same policy where it says nothing. */
export function withRules(
  policy: CreditPolicy,
  input: RulesInput,
  baseCurrency: string,
): CreditPolicy | Problem {
  const changes = readChanges(input, baseCurrency)
  if (isProblem(changes)) return changes
  const changed = { ...policy, ...changes }
  return faultOfSteps(changed) ?? changed
}

export const saysNothing = (input: RulesInput): boolean =>
  FIELDS.every((field) => input[field] === undefined || input[field] === null)

const FIELDS = [
  'countedOrders',
  'clearingDays',
  'insuranceCounts',
  'tolerancePercent',
  'overLimit',
  'pastDueDays',
  'pastDueAmount',
  'pastDue',
  'escalation',
  'classLimits',
  'ratingLimits',
  'overGranted',
  'reviewPeriods',
] as const satisfies readonly (keyof RulesInput)[]

function readChanges(input: RulesInput, currency: string): Changes | Problem {
  const plain = readPlain(input, currency)
  if (isProblem(plain)) return plain
  const changes: Changes = plain
  if (input.escalation) {
    const steps = readEach(input.escalation, ['escalation'], STEPS_MAX, (step, path) => {
      const amount = readAmount(step.amount, currency, [...path, 'amount'])
      if (typeof amount !== 'bigint') return amount
      if (step.days < 1 || step.days > PAST_DUE_DAYS_MAX) {
        const told = `${step.days} days do not lie between 1 and ${PAST_DUE_DAYS_MAX}`
        return invalid([...path, 'days'], told)
      }
      return { days: step.days, amount, outcome: step.outcome, tell: [...new Set(step.tell)] }
    })
    if (isProblem(steps)) return steps
    changes.escalation = steps
  }
  if (input.classLimits) {
    const limits = readByClass(input.classLimits, ['classLimits'], ({ amount }, path) =>
      readAmount(amount, currency, [...path, 'amount']),
    )
    if (isProblem(limits)) return limits
    changes.classLimits = limits
  }
  if (input.reviewPeriods) {
    const periods = readByClass(input.reviewPeriods, ['reviewPeriods'], ({ months }, path) =>
      months >= 1 && months <= REVIEW_MONTHS_MAX
        ? months
        : invalid([...path, 'months'], `${months} months do not lie between 1 and ${REVIEW_MONTHS_MAX}`),
    )
    if (isProblem(periods)) return periods
    changes.reviewMonths = periods
  }
  if (input.ratingLimits) {
    const limits = readRatingLimits(input.ratingLimits, currency)
    if (isProblem(limits)) return limits
    changes.ratingLimits = limits
  }
  return changes
}

function readPlain(input: RulesInput, currency: string): Changes | Problem {
  const changes: Changes = {}
  for (const [field, most] of [
    ['clearingDays', CLEARING_DAYS_MAX],
    ['pastDueDays', PAST_DUE_DAYS_MAX],
  ] as const) {
    const days = input[field]
    if (typeof days !== 'number') continue
    if (days < 0 || days > most) return invalid([field], `${days} days do not lie between 0 and ${most}`)
    changes[field] = days
  }
  if (typeof input.tolerancePercent === 'string') {
    const basisPoints = readBasisPoints(input.tolerancePercent)
    if (typeof basisPoints !== 'number') return basisPoints
    changes.toleranceBasisPoints = basisPoints
  }
  if (typeof input.pastDueAmount === 'string') {
    const minor = readAmount(input.pastDueAmount, currency, ['pastDueAmount'])
    if (typeof minor !== 'bigint') return minor
    changes.pastDueAmount = minor
  }
  if (input.countedOrders) changes.countedOrders = input.countedOrders
  if (typeof input.insuranceCounts === 'boolean') changes.insuranceCounts = input.insuranceCounts
  if (input.overLimit) changes.overLimit = input.overLimit
  if (input.pastDue) changes.pastDue = input.pastDue
  if (input.overGranted) changes.overGranted = input.overGranted
  return changes
}

function readRatingLimits(
  limits: NonNullable<RulesInput['ratingLimits']>,
  currency: string,
): CreditPolicy['ratingLimits'] | Problem {
  const read = readEach(limits, ['ratingLimits'], RATING_LIMITS_MAX, (limit, path) => {
    const source = readRequiredText(limit.source, [...path, 'source'], SOURCE_LENGTH_MAX)
    if ('code' in source) return source
    const grade = readRequiredText(limit.grade, [...path, 'grade'], GRADE_LENGTH_MAX)
    if ('code' in grade) return grade
    const amount = readAmount(limit.amount, currency, [...path, 'amount'])
    return typeof amount === 'bigint' ? { source: source.text, grade: grade.text, amount } : amount
  })
  if (isProblem(read)) return read
  const seen = new Set<string>()
  for (const [index, { source, grade }] of read.entries()) {
    const key = JSON.stringify([fold(source), fold(grade)])
    if (seen.has(key)) {
      const told = `What ${grade} of ${source} is granted is said twice`
      return invalid(['ratingLimits', String(index)], told)
    }
    seen.add(key)
  }
  return read
}

function readByClass<
  Row extends { readonly riskClass?: RiskClass | null | undefined },
  Value extends object | bigint | number,
>(
  rows: readonly Row[],
  path: Path,
  read: (row: Row, path: Path) => Value | Problem,
): Partial<Record<PolicyClass, Value>> | Problem {
  const values: Partial<Record<PolicyClass, Value>> = {}
  for (const [index, row] of rows.entries()) {
    const at = [...path, String(index)]
    const of = classOf(row.riskClass ?? null)
    if (of in values) return invalid([...at, 'riskClass'], `It says twice what holds for ${of}`)
    const value = read(row, at)
    if (isProblem(value)) return value
    values[of] = value
  }
  return values
}

function readEach<Row, Value extends object>(
  rows: readonly Row[],
  path: Path,
  most: number,
  read: (row: Row, path: Path) => Value | Problem,
): readonly Value[] | Problem {
  if (rows.length > most) return invalid(path, `${rows.length} are too many: at most ${most} are kept`)
  const values: Value[] = []
  for (const [index, row] of rows.entries()) {
    const value = read(row, [...path, String(index)])
    if (isProblem(value)) return value
    values.push(value)
  }
  return values
}

/** Also where only `pastDueDays` changed, and steps that stayed lie before it now. */
function faultOfSteps({ pastDueDays, escalation }: CreditPolicy): Problem | null {
  for (const [index, { days }] of escalation.entries()) {
    const before = escalation[index - 1]?.days ?? pastDueDays
    if (days > before) continue
    const told = `Steps follow each other by their days: ${days} is not more than ${before}`
    return invalid(['escalation', String(index), 'days'], told)
  }
  return null
}

function readAmount(amount: string, currency: string, path: Path): bigint | Problem {
  const minor = parseMinor(amount, currency)
  if (minor !== null && minor >= 0n) return minor
  const most = formatMinor({ minor: MINOR_MAX, currency })
  return invalid(path, `${amount} is no amount of ${currency} from 0 to ${most}`)
}

function readBasisPoints(percent: string): number | Problem {
  const fits = /^\d{1,3}(\.\d{1,2})?$/.test(percent)
  const basisPoints = fits ? new Exact(percent).times(100).toNumber() : Number.NaN
  return basisPoints <= 10_000
    ? basisPoints
    : invalid(['tolerancePercent'], `${percent} is no percentage from 0 to 100 with at most two decimals`)
}

/** "2.50" for 250. */
export const percentOf = (basisPoints: number): string => new Exact(basisPoints).div(100).toFixed(2)

/** As the audit keeps it and differences tell it: by the names of the schema, amounts in major units. */
export function auditable(policy: CreditPolicy, currency: string) {
  const text = (minor: bigint) => formatMinor({ minor, currency })
  const {
    toleranceBasisPoints,
    pastDueAmount,
    classLimits,
    reviewMonths,
    effectiveOn: _day,
    ...plain
  } = policy
  return {
    ...plain,
    tolerancePercent: percentOf(toleranceBasisPoints),
    pastDueAmount: text(pastDueAmount),
    escalation: policy.escalation.map((step) => ({ ...step, amount: text(step.amount) })),
    classLimits: Object.entries(classLimits).map(([riskClass, amount]) => ({
      riskClass,
      amount: text(amount),
    })),
    ratingLimits: policy.ratingLimits.map((limit) => ({ ...limit, amount: text(limit.amount) })),
    reviewPeriods: Object.entries(reviewMonths).map(([riskClass, months]) => ({ riskClass, months })),
  }
}

export type PolicyChange = { readonly field: string; readonly before: string; readonly after: string }

/** In which rules two versions differ. */
export function changesOf(before: CreditPolicy, after: CreditPolicy, currency: string): PolicyChange[] {
  const { version: _old, ...was } = auditable(before, currency)
  const { version: _new, ...is } = auditable(after, currency)
  return Object.entries(was).flatMap(([field, value]) => {
    const change = {
      field,
      before: JSON.stringify(value),
      after: JSON.stringify(is[field as keyof typeof is]),
    }
    return change.before === change.after ? [] : [change]
  })
}

export const isDefault = ({ version }: CreditPolicy): boolean => version === DEFAULT_POLICY.version
