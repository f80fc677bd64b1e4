/** The pure parts of the pages of customers: filters in the address, limits, use and events in words. */
import { requirementWords } from '@tidemark/client/components/approval-need.tsx'
import { toneOfUse } from '@tidemark/client/components/credit-use.tsx'
import { customersAsked, parseCustomerSearch } from '@tidemark/client/components/customer-search.ts'
import { eventWord } from '@tidemark/client/components/timeline.tsx'
import { limitText } from '@tidemark/client/format/credit-words.ts'
import { describe, expect, it } from 'vitest'

const askedBy = (address: string) =>
  customersAsked(parseCustomerSearch(new URLSearchParams(address)), '2026-11-22')

describe('the address of the list of customers', () => {
  it('says nothing by itself: all, the largest balance first', () => {
    expect(askedBy('')).toEqual({
      search: null,
      filter: {},
      orderBy: [{ field: 'BALANCE', direction: 'DESC' }],
    })
  })

  it.each([
    ['show=over', { isOverLimit: true }],
    ['show=hold', { isOnHold: true }],
    ['show=due', { nextReviewOn: { lte: '2026-11-22' } }],
    ['show=unset', { limitState: ['NOT_SET'] }],
    ['show=owing&risk=high', { hasBalance: true, riskClass: ['HIGH'] }],
    ['show=nonsense&risk=none', {}],
  ])('asks by %s', (address, filter) => {
    expect(askedBy(address).filter).toEqual(filter)
  })

  it('asks by what is typed, without the space around it', () => {
    expect(askedBy('q=+mills+&sort=review')).toMatchObject({
      search: 'mills',
      orderBy: [{ field: 'NEXT_REVIEW_ON', direction: 'ASC' }],
    })
  })
})

describe('a limit', () => {
  it.each([
    [{ state: 'AMOUNT', amount: { amount: '1200.50', currency: 'USD' } }, '$1,200.50'],
    [{ state: 'AMOUNT', amount: { amount: '0.00', currency: 'USD' } }, 'Prepayment only'],
    [{ state: 'UNLIMITED', amount: null }, 'Unlimited'],
    [{ state: 'NOT_SET', amount: null }, 'Not set'],
  ] as const)('in words: %j', (limit, text) => {
    expect(limitText(limit)).toBe(text)
  })

  it.each([
    ['WITHIN_LIMIT', '79.99', 'well'],
    ['WITHIN_LIMIT', '80.00', 'watch'],
    ['WITHIN_LIMIT', '100.00', 'watch'],
    ['OVER_LIMIT', '100.01', 'act'],
    ['OVER_LIMIT', null, 'act'],
    ['UNKNOWN', null, 'idle'],
  ] as const)('that is %s with %s percent used', (state, utilisation, tone) => {
    expect(toneOfUse({ state, utilisation })).toBe(tone)
  })
})

describe('what happened', () => {
  const event = {
    theme: 'PAYMENT',
    occurredOn: '2026-11-22',
    recordedAt: '2026-11-22T10:00:00Z',
    entryKind: null,
    orderEventKind: null,
    action: null,
    subject: 'invoice_1',
    subjectName: 'I-1',
    amount: null,
    dueOn: null,
    previousLimit: null,
    limit: null,
    reason: null,
    by: 'Ana',
  } as const
  it.each([
    [{ entryKind: 'PAYMENT_APPLIED', amount: { amount: '-5', currency: 'USD' } }, 'Paid'],
    [{ entryKind: 'PAYMENT_APPLIED', amount: { amount: '5', currency: 'USD' } }, 'Payment taken back'],
    [{ orderEventKind: 'SHIPPED' }, 'Order shipped'],
    [{ action: 'setCreditLimit' }, 'Set a credit limit'],
    [{ action: 'newThingOfTomorrow' }, 'New thing of tomorrow'],
  ] as const)('%j', (more, word) => {
    expect(eventWord({ ...event, ...more })).toBe(word)
  })
})

describe('what approval is needed', () => {
  const nobody = { anyone: false, role: null, person: null, token: null }
  it('of whom, and of how many', () => {
    const approvers = [
      { ...nobody, role: 'ADMIN' as const },
      { ...nobody, person: { id: 'person_1', name: 'Ana Brandt' } },
    ]
    const need = { action: 'CREDIT_LIMIT', approvers, approvals: 2, lacking: 2 } as const
    expect(requirementWords(need)).toBe('2 of admin or Ana Brandt, for a higher limit')
    expect(requirementWords({ ...need, approvers: [], approvals: 1 })).toBe('nobody yet, for a higher limit')
  })
})
