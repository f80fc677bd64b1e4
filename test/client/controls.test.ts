/** The pure parts of control tests and of the plan of sales: what stands in the address, and what is sent of what was said. */
import {
  markOf,
  marksToSend,
  notDrawn,
  saidCount,
  withoutOutcome,
} from '@tidemark/client/components/control-marks.ts'
import { parseControlSearch } from '@tidemark/client/components/control-search.ts'
import { monthParameter, parsePlanSearch } from '@tidemark/client/components/plan-search.ts'
import { parseOrganizationPath } from '@tidemark/client/pages/addresses.ts'
import { describe, expect, it } from 'vitest'

const today = '2026-11-22'

describe('the address of control tests', () => {
  const parse = (query: string) => parseControlSearch(new URLSearchParams(query), today)

  it.each([
    ['', { period: '90d', from: '2026-08-25', to: today }],
    ['period=30d', { period: '30d', from: '2026-10-24', to: today }],
    ['period=12m', { period: '12m', from: '2025-11-23', to: today }],
    ['period=century', { period: '90d' }],
    ['from=2026-03-01&to=2026-02-01', { period: 'days', from: '2026-02-01', to: '2026-03-01' }],
    ['from=2026-03-01', { period: '90d' }],
    ['from=2026-02-30&to=2026-03-01', { period: '90d' }],
    ['test=X&seed=autumn&size=25', { test: 'X', seed: 'autumn', size: 25 }],
    ['test=&seed=&size=0', { test: null, seed: null, size: null }],
    ['size=12.5', { size: null }],
  ])('"%s" is %j', (query, search) => {
    expect(parse(query)).toMatchObject(search)
  })

  it('is one of the list, or of a working paper', () => {
    expect(parseOrganizationPath('/acme/audit/controls')).toEqual({
      slug: 'acme',
      page: 'audit',
      detail: 'controls',
    })
    expect(parseOrganizationPath('/acme/audit')?.detail).toBeNull()
  })
})

describe('the address of the plan', () => {
  const parse = (query: string) => parsePlanSearch(new URLSearchParams(query), today)

  it.each([
    ['', { months: 3, from: '2026-11-01', month: null }],
    ['months=12&from=2026-01', { months: 12, from: '2026-01-01', month: null }],
    ['months=7&from=soon', { months: 3, from: '2026-11-01' }],
    ['month=2027-01&lines=1', { month: '2027-01-01', hasLines: true }],
    ['lines=2', { hasLines: false }],
    ['month=2027-02', { month: null }],
    ['month=2026-10', { month: null }],
  ])('"%s" is %j', (query, search) => {
    expect(parse(query)).toMatchObject(search)
  })

  it('names a month by any day of it', () => {
    expect(monthParameter('2026-11-22')).toBe('2026-11')
  })
})

describe('what is said of items', () => {
  const item = (key: string) => ({
    key,
    on: today,
    what: key,
    customer: null,
    amount: null,
    by: null,
    reason: null,
    finding: null,
  })
  const marks = [{ key: 'a', outcome: 'FAILED', note: 'Late' }] as const

  it('is sent where it differs from what is kept, and has an outcome', () => {
    const drafts = {
      a: { outcome: 'FAILED', note: ' Late ' },
      b: { outcome: 'PASSED', note: ' ' },
      c: { outcome: null, note: 'Where is it?' },
      d: { outcome: null, note: '' },
    } as const
    expect(marksToSend(marks, drafts)).toEqual([{ key: 'b', outcome: 'PASSED', note: null }])
    expect(marksToSend(marks, { a: { outcome: 'FAILED', note: '' } })).toEqual([
      { key: 'a', outcome: 'FAILED', note: null },
    ])
    expect(withoutOutcome(drafts)).toEqual(['c'])
    expect(markOf(marks, 'z')).toEqual({ outcome: null, note: '' })
  })

  it('is asked for once of an exception that was drawn, and counted of the sample alone', () => {
    const sample = [item('a'), item('b')]
    expect(notDrawn([item('b'), item('c')], sample).map(({ key }) => key)).toEqual(['c'])
    expect(saidCount(sample, [...marks, { key: 'c', outcome: 'PASSED', note: null }])).toBe(1)
  })
})
