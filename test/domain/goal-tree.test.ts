/** When the goals below a goal have a sum, and that it is one. */
import * as fc from 'fast-check'
import { isAdditive, shareOf, totalOf, type Branch } from '@tidemark/server/domain/goal-tree.ts'
import { Exact } from '@tidemark/server/domain/money.ts'
import { kpiDefinition } from '@tidemark/server/domain/registry.ts'
import { describe, expect, it } from 'vitest'

const exact = (value: number) => new Exact(value)
const branch = (more: Partial<Branch> = {}): Branch => ({
  kpi: kpiDefinition('PAST_DUE'),
  measuredIn: 'USD',
  filter: {},
  value: exact(100),
  baseline: exact(200),
  target: exact(50),
  ...more,
})
const inRegion = (...region: string[]) => branch({ filter: { region } })

describe('the goals below a goal', () => {
  it.each([
    ['none', branch(), [], 'NO_CHILDREN'],
    [
      'a ratio',
      branch({ kpi: kpiDefinition('DSO') }),
      [branch({ kpi: kpiDefinition('DSO') })],
      'NOT_ADDITIVE',
    ],
    ['a checklist', branch({ kpi: null }), [branch({ kpi: null })], 'NOT_ADDITIVE'],
    [
      'what comes from outside',
      branch({ kpi: kpiDefinition('COLLECTION_COST') }),
      [branch()],
      'NOT_ADDITIVE',
    ],
    ['another KPI', branch(), [branch({ kpi: kpiDefinition('SALES') })], 'DIFFERENT_KPIS'],
    ['another currency', branch(), [branch({ measuredIn: 'EUR' })], 'DIFFERENT_KPIS'],
    ['more than the parent', inRegion('North'), [inRegion('North', 'South')], 'BEYOND_THE_PARENT'],
    ['everything below a part', inRegion('North'), [branch()], 'BEYOND_THE_PARENT'],
    ['two that overlap', branch(), [inRegion('North', 'West'), inRegion('West')], 'OVERLAPPING_SCOPES'],
    [
      'two of different kinds',
      branch(),
      [inRegion('North'), branch({ filter: { channel: ['Web'] } })],
      'OVERLAPPING_SCOPES',
    ],
  ])('have no sum where they are %s', (_what, parent, children, reason) => {
    expect(totalOf(parent, children)).toBe(reason)
  })

  it('count an invoice of two products twice, so only amounts add up by product', () => {
    const byProduct = (metric: 'PAST_DUE' | 'OPEN_INVOICE_COUNT') => {
      const kpi = kpiDefinition(metric)
      const children = ['Ink', 'Paper'].map((name) => branch({ kpi, filter: { productLine: [name] } }))
      return totalOf(branch({ kpi }), children)
    }
    expect(byProduct('OPEN_INVOICE_COUNT')).toBe('OVERLAPPING_SCOPES')
    expect(byProduct('PAST_DUE')).toEqual({ value: exact(200), baseline: exact(400), target: exact(100) })
  })

  it('have no sum of what one of them has not', () => {
    const children = [inRegion('North'), branch({ filter: { region: ['South'] }, value: null, target: null })]
    expect(totalOf(branch(), children)).toEqual({ value: null, baseline: exact(400), target: null })
  })

  it('add up to the parent, and their shares to all of it, where they are all of its scope', () => {
    const amounts = fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(amounts, (cents) => {
        const children = cents.map((amount, index) =>
          branch({ filter: { region: [`R${index}`] }, value: exact(amount).div(100) }),
        )
        const whole = cents.reduce((sum, amount) => sum.plus(exact(amount).div(100)), exact(0))
        const total = totalOf(branch({ value: whole }), children)
        expect(total).toMatchObject({ value: whole })
        const shares = children.map(({ value }) => shareOf(value, whole) ?? exact(0))
        const sum = shares.reduce((all, share) => all.plus(share), exact(0))
        expect(sum.toDecimalPlaces(10).toNumber()).toBe(100)
      }),
    )
  })

  it('share nothing of what is nothing or unknown', () => {
    expect([shareOf(exact(1), exact(0)), shareOf(null, exact(1)), shareOf(exact(1), null)]).toEqual([
      null,
      null,
      null,
    ])
  })

  it('add up for amounts and counts of the books only', () => {
    const kinds = (['PAST_DUE', 'OPEN_INVOICE_COUNT', 'DSO', 'PAST_DUE_SHARE', 'SALES_PLAN'] as const).map(
      (metric) => isAdditive(kpiDefinition(metric)),
    )
    expect(kinds).toEqual([true, true, false, false, false])
  })
})
