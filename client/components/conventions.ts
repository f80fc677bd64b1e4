/** The conventions of KPIs: what they are called, what there is to choose from, and how the address has them. */
import type { KpiConventionsInput, KpiFacts_RowFragment } from '../documents.generated.ts'

/** What a value was computed with. */
export type UsedConventions = KpiFacts_RowFragment['conventions']

type Option = { readonly value: string; readonly words: string }

type Switch = {
  readonly label: string
  /** What is chosen, as the address has it. */
  readonly chosenIn: (used: UsedConventions) => string
  readonly options: (used: UsedConventions) => readonly Option[]
  /** What the address says, as the API takes it; null where it cannot be read. */
  readonly read: (text: string) => KpiConventionsInput | null
}

const withCurrent = (usual: readonly number[], current: number): number[] =>
  [...new Set([...usual, current])].toSorted((a, b) => a - b)

/** As the server has it. */
const monthsMax = 24
const graceDaysMax = 60

const wholeNumber = (text: string, low: number, high: number): number | null => {
  const number = /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN
  return number >= low && number <= high ? number : null
}

const inPeriods = (used: UsedConventions): boolean => used.calendar.kind !== 'CALENDAR_MONTHS'

const months = (name: 'dsoMonths' | 'ceiMonths' | 'periodMonths', label: string): Switch => ({
  label,
  chosenIn: (used) => String(used[name]),
  options: (used) =>
    withCurrent([1, 2, 3, 6, 12, 24], used[name]).map((count) => ({
      value: String(count),
      words: `${count} ${inPeriods(used) ? 'period' : 'month'}${count === 1 ? '' : 's'}`,
    })),
  read: (text) => {
    const count = wholeNumber(text, 1, monthsMax)
    return count === null ? null : { [name]: count }
  },
})

/** A convention that is one of some words of the contract. */
const oneOf = <Name extends 'ceiForm' | 'rateBasis' | 'unappliedCash' | 'taxBasis' | 'deductionsBasis'>(
  name: Name,
  label: string,
  words: Readonly<Record<UsedConventions[Name], string>>,
): Switch => ({
  label,
  chosenIn: (used) => used[name],
  options: () => Object.entries<string>(words).map(([value, text]) => ({ value, words: text })),
  read: (text) => (Object.hasOwn(words, text) ? { [name]: text } : null),
})

const yesOrNo = (name: 'floorDaysLate' | 'weekendRoll', label: string, no: string, yes: string): Switch => ({
  label,
  chosenIn: (used) => String(used[name]),
  options: () => [
    { value: 'false', words: no },
    { value: 'true', words: yes },
  ],
  read: (text) => (text === 'true' || text === 'false' ? { [name]: text === 'true' } : null),
})

const calendarWords = {
  CALENDAR_MONTHS: 'Calendar months',
  WEEKS_4_4_5: '4, 4 and 5 weeks',
  WEEKS_4_5_4: '4, 5 and 4 weeks',
  WEEKS_5_4_4: '5, 4 and 4 weeks',
  PERIODS_13: '13 periods of 4 weeks',
} as const satisfies Record<UsedConventions['calendar']['kind'], string>

type CalendarKind = keyof typeof calendarWords
const isCalendarKind = (text: string): text is CalendarKind => Object.hasOwn(calendarWords, text)

const weekdays = ['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY'] as const

const calendarText = (
  kind: CalendarKind,
  { yearStartMonth, weekStartsOn }: UsedConventions['calendar'],
): string => [kind, yearStartMonth, weekStartsOn].join('.')

/** With where its year begins, since another calendar than the organization's would else begin where none does. */
const calendar: Switch = {
  label: 'Fiscal calendar',
  chosenIn: (used) => calendarText(used.calendar.kind, used.calendar),
  options: (used) =>
    Object.entries(calendarWords).flatMap(([kind, words]) =>
      isCalendarKind(kind) ? [{ value: calendarText(kind, used.calendar), words }] : [],
    ),
  read: (text) => {
    const [kind = '', month = '', weekday = ''] = text.split('.')
    const yearStartMonth = wholeNumber(month, 1, 12)
    const weekStartsOn = weekdays.find((day) => day === weekday)
    if (!isCalendarKind(kind) || yearStartMonth === null || weekStartsOn === undefined) return null
    return { calendar: { kind, yearStartMonth, weekStartsOn } }
  },
}

const graceDays: Switch = {
  label: 'Days of grace',
  chosenIn: (used) => String(used.graceDays),
  options: (used) =>
    withCurrent([0, 3, 5, 7, 10, 14, 30], used.graceDays).map((count) => ({
      value: String(count),
      words: count === 0 ? 'None' : count === 1 ? '1 day' : `${count} days`,
    })),
  read: (text) => {
    const count = wholeNumber(text, 0, graceDaysMax)
    return count === null ? null : { graceDays: count }
  },
}

/** What can be chosen on the page; rates of loss and of interest are the organization's to say. */
const switches = {
  dsoMonths: months('dsoMonths', 'Sales of the last'),
  ceiMonths: months('ceiMonths', 'Collection of the last'),
  ceiForm: oneOf('ceiForm', 'Sales of the index', {
    FULL_PERIOD: 'Of the whole window',
    MONTHLY_SHARE: 'The mean of its months',
  }),
  periodMonths: months('periodMonths', 'Period'),
  rateBasis: oneOf('rateBasis', 'Weight', { COUNT: 'Each counts one', AMOUNT: 'By money' }),
  floorDaysLate: yesOrNo('floorDaysLate', 'Days paid early', 'Count as less than 0', 'Count as 0'),
  unappliedCash: oneOf('unappliedCash', 'Unapplied cash', {
    EXCLUDE: 'Left alone',
    INCLUDE: 'Taken off receivables',
  }),
  taxBasis: oneOf('taxBasis', 'Sales', { GROSS: 'Tax included', NET: 'Net of tax' }),
  graceDays,
  weekendRoll: yesOrNo('weekendRoll', 'Due on a weekend', 'Due that day', 'Due on Monday'),
  deductionsBasis: oneOf('deductionsBasis', 'Disputes set against', {
    OPENED: 'What was opened',
    RESOLVED: 'What was resolved',
  }),
  calendar,
} as const satisfies Readonly<Record<string, Switch>>

type ConventionName = keyof typeof switches
const isConvention = (name: string): name is ConventionName => Object.hasOwn(switches, name)
export const conventionNames = Object.keys(switches).filter(isConvention)

/** Those of the names that can be chosen, each with its switch. */
export const switchesOf = (names: readonly string[]): readonly (Switch & { readonly name: string })[] =>
  names.filter(isConvention).map((name) => ({ name, ...switches[name] }))

/** What was chosen for a convention, in words; null where it is not known here. */
export const choiceWords = (name: string, used: UsedConventions): string | null => {
  if (name === 'lossRates') return used.lossRates?.map((rate) => `${rate} %`).join(', ') ?? 'Not set'
  if (name === 'lateInterestRate')
    return used.lateInterestRate === null ? 'Not set' : `${used.lateInterestRate} % a year`
  if (!isConvention(name)) return null
  const { options, chosenIn } = switches[name]
  return options(used).find(({ value }) => value === chosenIn(used))?.words ?? null
}

/** The conventions that the address chooses instead of the organization's; null where it chooses none. */
export const parseConventions = (search: URLSearchParams): KpiConventionsInput | null => {
  const chosen: KpiConventionsInput = Object.assign(
    {},
    ...conventionNames.map((name) => switches[name].read(search.get(name) ?? '')),
  )
  return Object.keys(chosen).length === 0 ? null : chosen
}
