/** Who decides alone: rules in a table, windows that add up, and all of it against a brute force that counts by hand. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  distinctRequirements,
  faultOfRules,
  isExpired,
  isSamePerson,
  lacking,
  NO_MATRIX,
  requirementsOf,
  type AuthorityMatrix,
  type AuthorityRule,
  type Identity,
  type Past,
  type Step,
  type Who,
} from '@tidemark/server/domain/authority.ts'

const role = (name: string): Who => ({ kind: 'ROLE', role: name })
const rule = (more: Partial<AuthorityRule>): AuthorityRule => ({
  action: 'CREDIT_LIMIT',
  upTo: null,
  upToByActor: null,
  upToBasisPoints: null,
  upToDays: null,
  newCustomer: null,
  deciders: [],
  approvers: [role('manager')],
  approvals: 1,
  ...more,
})
const matrixOf = (rules: readonly AuthorityRule[]): AuthorityMatrix => ({ ...NO_MATRIX, version: 1, rules })
const person = (id: string, name: string | null = 'credit_manager'): Identity => ({
  actor: `member:${id}`,
  principal: `member:${id}`,
  role: name,
  names: [`member:${id}`],
  authorities: [`member:${id}`],
})
const step = (more: Partial<Step> = {}): Step => ({
  action: 'CREDIT_LIMIT',
  customerId: 'c',
  amount: 100n,
  base: 1000n,
  days: 0,
  isNewCustomer: false,
  ...more,
})
const NOTHING = { amount: 0n, days: 0 }
const pastOf = (ofCustomer = NOTHING, ofActor = NOTHING): Past => ({
  ofCustomer: () => ofCustomer,
  ofActor: () => ofActor,
})
const isAlone = (rules: readonly AuthorityRule[], one: Step, past = pastOf(), who = person('p')): boolean =>
  requirementsOf(matrixOf(rules), [one], past, who, true)[0] === null

const clerk = [role('credit_manager')]
const rest = rule({})

describe('one rule', () => {
  it.each([
    ['the amount itself', { upTo: 100n }, {}, pastOf(), true],
    ['one more', { upTo: 99n }, {}, pastOf(), false],
    ['with what the customer got before', { upTo: 100n }, {}, pastOf({ amount: 1n, days: 0 }), false],
    [
      'with what the actor did elsewhere',
      { upTo: 100n },
      {},
      pastOf(NOTHING, { amount: 1n, days: 0 }),
      false,
    ],
    [
      'more for the actor',
      { upTo: 100n, upToByActor: 101n },
      {},
      pastOf(NOTHING, { amount: 1n, days: 0 }),
      true,
    ],
    ['no limit', { upTo: 10n ** 17n }, { amount: 'BEYOND' }, pastOf(), false],
    ['a tenth of what was there', { upToBasisPoints: 1000 }, {}, pastOf(), true],
    ['a hair more than a tenth', { upToBasisPoints: 1000 }, { amount: 101n }, pastOf(), false],
    // From 900 by 100 to 1,000 and by 100 more: 22.2 %, though the last step is a tenth.
    ['a tenth on top of another', { upToBasisPoints: 1500 }, {}, pastOf({ amount: 100n, days: 0 }), false],
    ['any percentage of nothing', { upToBasisPoints: 1_000_000 }, { base: 0n }, pastOf(), false],
    ['no percentage where it says nothing', { upToBasisPoints: 0 }, { base: null }, pastOf(), true],
    ['a new customer', { newCustomer: false }, { isNewCustomer: true }, pastOf(), false],
    ['a known customer', { newCustomer: true }, {}, pastOf(), false],
    ['a new customer as such', { newCustomer: true }, { isNewCustomer: true }, pastOf(), true],
    ['days', { upToDays: 10 }, { days: 10 }, pastOf(), true],
    ['a day more', { upToDays: 10 }, { days: 11 }, pastOf(), false],
    // A due date is measured from the first: what was put off before is among its days.
    ['days of due dates once', { upToDays: 10 }, { days: 10 }, pastOf({ amount: 0n, days: 5 }), true],
  ] as const)('holds %s', (_name, bounds, more, past, expected) => {
    expect(isAlone([rule({ ...bounds, deciders: clerk }), rest], step(more), past)).toBe(expected)
  })

  it('adds the days of terms up', () => {
    const terms = { action: 'TERMS' } as const
    const rules = [rule({ ...terms, upToDays: 10, deciders: clerk }), rule(terms)]
    const six = step({ ...terms, amount: 0n, base: null, days: 6 })
    expect(isAlone(rules, six)).toBe(true)
    expect(isAlone(rules, six, pastOf({ amount: 0n, days: 5 }))).toBe(false)
  })

  it('names roles, people, tokens and everybody', () => {
    const token: Identity = {
      actor: 'token:t2',
      principal: 'member:p',
      role: 'sales',
      names: ['token:t2', 'token:t1', 'member:p', 'member:q'],
      authorities: ['token:t2', 'token:t1', 'member:p'],
    }
    const named = (who: Who) => isAlone([rule({ deciders: [who] })], step(), pastOf(), token)
    expect(named(role('sales'))).toBe(true)
    expect(named(role('manager'))).toBe(false)
    expect(named({ kind: 'TOKEN', id: 't1' })).toBe(true)
    expect(named({ kind: 'PERSON', id: 'p' })).toBe(true)
    // Whoever rotated the token is no approver of what it asks for, and lends it no authority either.
    expect(named({ kind: 'PERSON', id: 'q' })).toBe(false)
    expect(isSamePerson(token.names, ['member:q'])).toBe(true)
    expect(named({ kind: 'ANYONE' })).toBe(true)
  })

  it('counts for no limit at all where that has none of its own', () => {
    const rules = [rule({ upTo: 10n ** 17n, deciders: clerk }), rest]
    const unlimited = step({ action: 'UNLIMITED_CREDIT', amount: 'BEYOND' })
    expect(isAlone(rules, unlimited)).toBe(false)
    expect(isAlone([...rules, rule({ action: 'UNLIMITED_CREDIT', deciders: clerk })], unlimited)).toBe(true)
    expect(isAlone([rule({ action: 'WRITE_OFF' })], unlimited)).toBe(true)
  })
})

describe('approvals', () => {
  it('are of different people, one for every requirement that names them', () => {
    const both = {
      action: 'CREDIT_LIMIT',
      approvers: [role('manager'), role('admin')],
      approvals: 2,
    } as const
    expect(lacking(both, [])).toBe(2)
    expect(lacking(both, [person('a', 'manager'), person('b', 'sales')])).toBe(1)
    expect(lacking(both, [person('a', 'manager'), person('b', 'admin')])).toBe(0)
    expect(distinctRequirements([both, null, { ...both }, { ...both, approvals: 1 }])).toHaveLength(2)
  })

  it('end with the moment at which the request expires', () => {
    const end = Temporal.Instant.from('2026-05-15T12:00:00Z')
    expect(isExpired(end, end.subtract({ nanoseconds: 1 }))).toBe(false)
    expect(isExpired(end, end)).toBe(true)
  })
})

describe('a list of rules', () => {
  it.each([
    ['nothing', [], null],
    ['a rule for everything', [rest], null],
    ['no rule for the rest', [rule({ upTo: 1n })], 'action'],
    ['a rest that is not all', [rest, rule({ newCustomer: true })], 'action'],
    ['nobody to approve', [rule({ approvers: [] })], 'approvers'],
    ['nobody needed', [rule({ approvers: [], deciders: [{ kind: 'ANYONE' }] })], null],
    ['no approval', [rule({ approvals: 0 })], 'approvals'],
    ['six of them', [rule({ approvals: 6 })], 'approvals'],
    ['two of one', [rule({ approvals: 2, approvers: [{ kind: 'PERSON', id: 'p' }] })], 'approvals'],
  ] as const)('of %s', (_name, rules, field) => {
    expect(faultOfRules(rules)?.field ?? null).toBe(field)
  })
})

/** Everything again as somebody would with a pencil: by trying every rule of every step, and adding up anew each time. */
function bruteForce(
  rules: readonly AuthorityRule[],
  steps: readonly Step[],
  past: Past,
  who: Identity,
  all: boolean,
) {
  const verdicts: boolean[] = []
  for (const [index, one] of steps.entries()) {
    const own = rules.filter(({ action }) => action === one.action)
    let actor = past.ofActor(one.action).amount
    for (const [earlier, other] of steps.slice(0, index).entries())
      if (other.action === one.action && other.amount !== 'BEYOND' && (all || verdicts[earlier] === true))
        actor += other.amount
    const customer = past.ofCustomer(one.customerId, one.action).amount
    const first = own.find((candidate) => {
      const { upTo, upToBasisPoints: points } = candidate
      const byActor = candidate.upToByActor ?? upTo
      if (upTo !== null && (one.amount === 'BEYOND' || one.amount + customer > upTo)) return false
      if (byActor !== null && (one.amount === 'BEYOND' || one.amount + actor > byActor)) return false
      if (candidate.newCustomer === !one.isNewCustomer) return false
      if (points === null || one.base === null) return true
      if (one.amount === 'BEYOND' || one.base === 'BEYOND' || one.base - customer <= 0n) return false
      return (one.amount + customer) * 10_000n <= BigInt(points) * (one.base - customer)
    })
    verdicts.push(
      own.length === 0 ||
        (first?.deciders.some((holder) => holder.kind === 'ROLE' && holder.role === who.role) ?? false),
    )
  }
  return verdicts
}

describe('the matrix', () => {
  it('decides as a brute force does', () => {
    const actions = ['CREDIT_LIMIT', 'WRITE_OFF'] as const
    const amount = fc.bigInt({ min: 0n, max: 60n })
    const bound = fc.option(amount)
    const holders = fc.subarray([role('credit_manager'), role('manager')])
    const anyRule = fc.record({
      action: fc.constantFrom(...actions),
      upTo: bound,
      upToByActor: bound,
      upToBasisPoints: fc.option(fc.integer({ min: 0, max: 20_000 })),
      newCustomer: fc.option(fc.boolean()),
      deciders: holders,
    })
    const anyStep = fc.record({
      action: fc.constantFrom(...actions),
      customerId: fc.constantFrom('a', 'b', 'c'),
      amount: fc.oneof({ weight: 9, arbitrary: amount }, fc.constant('BEYOND' as const)),
      base: fc.oneof({ weight: 9, arbitrary: amount }, fc.constantFrom('BEYOND' as const, null)),
      isNewCustomer: fc.boolean(),
    })
    const sums = fc.dictionary(
      fc.constantFrom('a CREDIT_LIMIT', 'b CREDIT_LIMIT', 'a WRITE_OFF', 'CREDIT_LIMIT', 'WRITE_OFF'),
      amount,
    )
    const alone: boolean[] = []
    fc.assert(
      fc.property(fc.array(anyRule), fc.array(anyStep), sums, fc.boolean(), (some, taken, known, all) => {
        const rules = [...some.map((one) => rule(one)), ...actions.map((action) => rule({ action }))]
        const steps = taken.map((one) => step(one))
        const past: Past = {
          ofCustomer: (customer, action) => ({ amount: known[`${customer} ${action}`] ?? 0n, days: 0 }),
          ofActor: (action) => ({ amount: known[action] ?? 0n, days: 0 }),
        }
        const who = person('p')
        const told = requirementsOf(matrixOf(rules), steps, past, who, all).map((need) => need === null)
        expect(told).toEqual(bruteForce(rules, steps, past, who, all))
        alone.push(...told)
      }),
      { numRuns: 2_000 },
    )
    // Else it had compared nothing with nothing.
    expect(alone.filter((one) => one).length).toBeGreaterThan(200)
    expect(alone.filter((one) => !one).length).toBeGreaterThan(200)
  })
})
