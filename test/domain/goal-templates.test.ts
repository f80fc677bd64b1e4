import { describe, expect, it } from 'vitest'
import { calendarMonths, type FiscalCalendar } from '@tidemark/server/domain/fiscal.ts'
import { aimOfTemplate, deadlineAfter, evenly } from '@tidemark/server/domain/goal-template-draft.ts'
import { goalTemplate, goalTemplates, type KpiTemplate } from '@tidemark/server/domain/goal-templates.ts'
import { Exact } from '@tidemark/server/domain/money.ts'
import { kpiDefinition } from '@tidemark/server/domain/registry.ts'

const date = (text: string) => Temporal.PlainDate.from(text)
const template = (id: string) => goalTemplate(id) as KpiTemplate

describe('the templates', () => {
  it('are the 23 of KPIS.md D, each with an id of its own', () => {
    expect(goalTemplates.length).toBe(23)
    expect(new Set(goalTemplates.map(({ id }) => id)).size).toBe(23)
    expect(goalTemplates.filter(({ id }) => !/^[a-z0-9-]+$/.test(id))).toEqual([])
  })

  it('never watch a goal by its own KPI, and aim the way in which the KPI is better', () => {
    const measured = goalTemplates.filter((one): one is KpiTemplate => one.metric !== null)
    expect(measured.length).toBe(17)
    expect(measured.filter(({ metric, guards }) => guards.includes(metric))).toEqual([])
    const better = (one: KpiTemplate) => (one.direction === 'INCREASE' ? 'HIGHER' : 'LOWER')
    expect(measured.filter((one) => kpiDefinition(one.metric).better !== better(one))).toEqual([])
  })

  it('say what they need where no KPI tells it, but for what is a checklist by its nature', () => {
    const silent = goalTemplates.filter(({ metric, needs }) => metric === null && needs === null)
    expect(silent.map(({ id }) => id)).toEqual(['approve-credit-policy'])
  })
})

describe('the deadline', () => {
  const july: FiscalCalendar = { ...calendarMonths, yearStartMonth: 7 }
  const february: FiscalCalendar = { ...calendarMonths, yearStartMonth: 2 }
  const thirteen: FiscalCalendar = { kind: 'PERIODS_13', yearStartMonth: 1, weekStartsOn: 'MONDAY' }
  it.each([
    ['2026-11-01', 2, calendarMonths, '2027-06-30'],
    ['2026-12-31', 1, calendarMonths, '2027-03-31'],
    ['2026-01-01', 4, calendarMonths, '2027-03-31'],
    ['2026-11-01', 2, july, '2027-06-30'],
    ['2026-11-01', 1, february, '2027-04-30'],
    // The year of 13 periods of four weeks begins on 29 December 2025: 12, 12, 12 and 17 weeks, for 2026 has 53.
    ['2026-01-05', 1, thirteen, '2026-06-14'],
    ['2026-01-05', 3, thirteen, '2027-01-03'],
  ])('from %s, %i quarters on, is the end of a fiscal quarter', (from, quarters, calendar, deadline) => {
    expect(deadlineAfter(date(from), quarters, calendar).toString()).toBe(deadline)
  })
})

it('spreads a checklist evenly, the last item on the deadline', () => {
  const days = evenly(date('2026-11-01'), date('2027-03-01'), 3)
  expect(days.map(String)).toEqual(['2026-12-11', '2027-01-20', '2027-03-01'])
})

describe('the aim', () => {
  it.each([
    ['cut-dso', '46', { direction: 'DECREASE', target: { kind: 'PERCENT', amount: '-10' } }],
    ['raise-current-share', '80', { direction: 'INCREASE', target: { kind: 'VALUE', amount: '88' } }],
    ['raise-current-share', '88', { direction: 'MAINTAIN_BAND', band: { low: '88', high: '100' } }],
    ['release-within-limits', '0', { direction: 'MAINTAIN_BAND', band: { low: '0', high: '0.5' } }],
    ['review-lines-on-schedule', '100', { direction: 'MAINTAIN_BAND', band: { low: '99.5', high: '100' } }],
    ['clear-unapplied-cash', '0.4', { direction: 'MAINTAIN_BAND', band: { low: '0', high: '1' } }],
    [
      'invoice-right-the-first-time',
      '90',
      { direction: 'INCREASE', target: { kind: 'POINTS', amount: '3' } },
    ],
    [
      'invoice-right-the-first-time',
      '98',
      { direction: 'INCREASE', target: { kind: 'POINTS', amount: '1.0' } },
    ],
  ])('of %s at %s is to get there, or to stay', (id, value, aim) => {
    expect(aimOfTemplate(template(id), new Exact(value))).toEqual(aim)
  })
})
