/** An alert rule of a file. Where it is sent to is told by name: an address or a secret has no place in a file. */
import type { ConventionsChoice } from '../domain/conventions.ts'
import { TOLD_ROLES } from '../domain/credit-policy.ts'
import type { KpiMetric } from '../domain/kpi-metrics.ts'
import type { AlertConditionInput, AlertQuietHoursInput } from '../schema.generated.ts'
import { conventions, key, metric, scope, texts } from './fields.ts'
import {
  boolean,
  decimal,
  integer,
  isRecord,
  listOf,
  mapping,
  oneOf,
  orNull,
  text,
  type Read,
} from './yaml.ts'
import { alertNoDataPolicy, alertSeverity } from '@tidemark/drizzle/tables/alert.ts'
import { goalStatus } from '@tidemark/drizzle/tables/goal.ts'

/** What is left out is not the file's business, or the usual for a rule that is new; what is null is to be nothing. */
export type CodeRule = {
  readonly key: string
  readonly name?: string
  /** A goal's key; or else a metric, with a scope, conventions and a currency; or nothing where the condition is on credit. */
  readonly goal?: string
  readonly metric?: KpiMetric
  readonly scope?: Readonly<Record<string, readonly string[]>>
  readonly conventions?: ConventionsChoice
  readonly currency?: string
  readonly condition?: AlertConditionInput
  readonly forDays?: number
  readonly forEvaluations?: number
  readonly recovery?: string | null
  readonly keepFiringDays?: number
  readonly noData?: (typeof alertNoDataPolicy.enumValues)[number]
  readonly repeatDays?: number | null
  readonly severity?: (typeof alertSeverity.enumValues)[number]
  readonly quietHours?: AlertQuietHoursInput | null
  /** By name. */
  readonly channels?: readonly string[]
  readonly enabled?: boolean
}

const among = <Value extends string>(values: readonly Value[]): Read<Value> =>
  oneOf(values, `one of ${values.join(', ')}`)

const change = mapping({ by: decimal, days: integer }, ['by', 'days'])

const CONDITIONS = {
  statusIn: listOf(among(goalStatus.enumValues), goalStatus.enumValues.length),
  probabilityBelow: decimal,
  behindBy: decimal,
  aheadBy: decimal,
  milestone: boolean,
  reviewOverdue: boolean,
  above: decimal,
  below: decimal,
  up: change,
  down: change,
  overLimit: boolean,
  escalation: listOf(among(TOLD_ROLES), TOLD_ROLES.length),
} as const

const anyCondition = mapping(CONDITIONS)
const condition: Read<AlertConditionInput> = (value, path, faults) => {
  const read = anyCondition(value, path, faults)
  if (isRecord(value) && Object.keys(value).length !== 1)
    faults.push({ path, message: `a condition is exactly one of ${Object.keys(CONDITIONS).join(', ')}` })
  return read as AlertConditionInput | undefined
}

const someQuietHours = mapping({ from: text, to: text, weekends: boolean }, ['from', 'to'])
export const quietHours: Read<AlertQuietHoursInput> = (value, path, faults) => {
  const read = someQuietHours(value, path, faults)
  return read === undefined ? undefined : ({ weekends: false, ...read } as AlertQuietHoursInput)
}

export const rule = mapping(
  {
    key,
    name: text,
    goal: key,
    metric,
    scope,
    conventions,
    currency: text,
    condition,
    forDays: integer,
    forEvaluations: integer,
    recovery: orNull(decimal),
    keepFiringDays: integer,
    noData: among(alertNoDataPolicy.enumValues),
    repeatDays: orNull(integer),
    severity: among(alertSeverity.enumValues),
    quietHours: orNull(quietHours),
    channels: texts,
    enabled: boolean,
  },
  ['key'],
)
