/** The fields that goals and rules of a file have alike. */
import { conventionTexts } from '../domain/conventions.ts'
import { kpiMetrics, type KpiMetric } from '../domain/kpi-metrics.ts'
import {
  decimal,
  isRecord,
  listOf,
  mapping,
  orNull,
  text,
  wrong,
  Written,
  type Plain,
  type Read,
} from './yaml.ts'

const KEY = /^[a-z0-9][a-z0-9-]{0,79}$/
/** Its name in files. */
export const key: Read<string> = (value, path, faults) => {
  const written = value instanceof Written ? value.text : value
  return typeof written === 'string' && KEY.test(written)
    ? written
    : wrong('1 to 80 small letters, digits and hyphens')(value, path, faults)
}

export const metric: Read<KpiMetric> = (value, path, faults) =>
  kpiMetrics.find((one) => one === value) ??
  wrong('a KPI of the catalog, such as DSO or PAST_DUE')(value, path, faults)

/** One text, or a list of them. */
export const texts: Read<string[]> = (value, path, faults) =>
  typeof value === 'string' ? [value] : listOf(text, 100)(value, path, faults)

/** One number, as the list that other parts of a scope are. */
const one: Read<string[]> = (value, path, faults) => {
  const number = text(value, path, faults)
  return number === undefined ? undefined : [number]
}

/** A filter of segments; collectors by e-mail, else by name; one customer by number. */
export const scope = mapping({
  customer: one,
  businessUnit: texts,
  region: texts,
  channel: texts,
  productLine: texts,
  currency: texts,
  collector: texts,
})

/** The values are checked where they are used. */
const anyConvention: Read<unknown> = (value) => unwrapped(value)
const unwrapped = (value: Plain): unknown => {
  if (value instanceof Written) return Number(value.text)
  if (Array.isArray(value)) return value.map((one: Plain) => (one instanceof Written ? one.text : one))
  return isRecord(value)
    ? Object.fromEntries(Object.entries(value).map(([name, one]) => [name, unwrapped(one)]))
    : value
}
const rate: Read<unknown> = orNull(decimal)

export const conventions = mapping({
  ...Object.fromEntries(conventionTexts.map(({ name }) => [name, anyConvention])),
  lateInterestRate: rate,
})
