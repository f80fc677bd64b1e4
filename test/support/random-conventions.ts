/** Random choices for property tests. */
import * as fc from 'fast-check'
import type { Conventions } from '@tidemark/server/domain/conventions.ts'
import { weekdays, type FiscalCalendar } from '@tidemark/server/domain/fiscal.ts'

export const randomCalendar: fc.Arbitrary<FiscalCalendar> = fc.record({
  kind: fc.constantFrom(
    'CALENDAR_MONTHS',
    'CALENDAR_MONTHS',
    'WEEKS_4_4_5',
    'WEEKS_4_5_4',
    'WEEKS_5_4_4',
    'PERIODS_13',
  ),
  yearStartMonth: fc.integer({ min: 1, max: 12 }),
  weekStartsOn: fc.constantFrom(...weekdays),
})

export const randomConventions: fc.Arbitrary<Conventions> = fc.record({
  dsoMonths: fc.integer({ min: 1, max: 12 }),
  ceiMonths: fc.integer({ min: 1, max: 6 }),
  ceiForm: fc.constantFrom('FULL_PERIOD', 'MONTHLY_SHARE'),
  periodMonths: fc.integer({ min: 1, max: 4 }),
  rateBasis: fc.constantFrom('AMOUNT', 'COUNT'),
  floorDaysLate: fc.boolean(),
  unappliedCash: fc.constantFrom('EXCLUDE', 'INCLUDE'),
  taxBasis: fc.constantFrom('GROSS', 'GROSS', 'NET'),
  graceDays: fc.constantFrom(0, 0, 1, 3, 10, 60),
  weekendRoll: fc.boolean(),
  deductionsBasis: fc.constantFrom('OPENED', 'RESOLVED'),
  lossRates: fc.option(fc.constant(['0.3', '1.6', '3.6', '6.6', '10.6'])),
  lateInterestRate: fc.option(fc.constantFrom('10.15', '8')),
  calendar: randomCalendar,
})
