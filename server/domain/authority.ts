/**
 * Who may decide what alone, and whose approval the rest needs: a list of rules, of which the first that is wide enough
 * counts. Small steps of one customer, and of one person or token, count together.
 */
import { Exact } from './money.ts'

export const AUTHORITY_ACTIONS = [
  'CREDIT_LIMIT',
  'UNLIMITED_CREDIT',
  'RELEASE_HOLD',
  'WRITE_OFF',
  'CREDIT_NOTE',
  'RE_DATE',
  'TERMS',
  'ADJUSTMENT',
  'ORDER_OVERRIDE',
] as const

export type AuthorityAction = (typeof AUTHORITY_ACTIONS)[number]

/** Whom a rule names. */
export type Who =
  | { readonly kind: 'ANYONE' }
  | { readonly kind: 'ROLE'; readonly role: string }
  | { readonly kind: 'PERSON' | 'TOKEN'; readonly id: string }

export type AuthorityRule = {
  readonly action: AuthorityAction
  /** In minor units of the base currency: of one customer, the steps of the window together. Null: any amount. */
  readonly upTo: bigint | null
  /** The same of whoever decides, over all customers; null: `upTo`. */
  readonly upToByActor: bigint | null
  /** Of the limit that was there before the window, in hundredths of a percent. */
  readonly upToBasisPoints: number | null
  readonly upToDays: number | null
  /** True: only customers who never had a limit; false: only others; null: all. */
  readonly newCustomer: boolean | null
  /** Who decides alone. */
  readonly deciders: readonly Who[]
  /** Whose approval everybody else needs, of so many of them. */
  readonly approvers: readonly Who[]
  readonly approvals: number
}

export type AuthorityMatrix = {
  /** 0 where nothing was ever set. */
  readonly version: number
  readonly windowDays: number
  readonly expiryDays: number
  readonly rules: readonly AuthorityRule[]
}

export const WINDOW_DAYS = 30
export const EXPIRY_DAYS = 14

/** Nothing is governed: whoever has the right decides. */
export const NO_MATRIX: AuthorityMatrix = {
  version: 0,
  windowDays: WINDOW_DAYS,
  expiryDays: EXPIRY_DAYS,
  rules: [],
}

/** Who acts, and for whom. */
export type Identity = {
  /** As the audit names it. */
  readonly actor: string
  /** Whose steps count together: `member:<id>`, or the first token of a line that no person made. */
  readonly principal: string
  /** Of the person who acts, or whose token does; null for others. */
  readonly role: string | null
  /** All that it is: itself, what it follows, and whoever made these. */
  readonly names: readonly string[]
  /** Those of `names` whose authority it has. */
  readonly authorities: readonly string[]
}

/** One person does not approve what it asked for, neither through a token of its own. */
export const isSamePerson = (names: readonly string[], others: readonly string[]): boolean =>
  names.some((name) => others.includes(name))

export const isNamed = (who: Who, { role, authorities }: Identity): boolean => {
  switch (who.kind) {
    case 'ANYONE':
      return true
    case 'ROLE':
      return who.role === role
    case 'PERSON':
      return authorities.includes(`member:${who.id}`)
    case 'TOKEN':
      return authorities.includes(`token:${who.id}`)
  }
}

/** How much; BEYOND is more than any bound: no limit at all, or nobody knows. */
export type Size<Value> = Value | 'BEYOND'

/** One change, of one customer. */
export type Step = {
  readonly action: AuthorityAction
  readonly customerId: string
  /** By how much, in minor units of the base currency. */
  readonly amount: Size<bigint>
  /** What was there before, in the same; null where a percentage says nothing. */
  readonly base: Size<bigint> | null
  readonly days: number
  readonly isNewCustomer: boolean
}

/** What was decided in the window before: without what somebody approved, which was looked at as such. */
export type Past = {
  readonly ofCustomer: (customerId: string, action: AuthorityAction) => Sum
  readonly ofActor: (action: AuthorityAction) => Sum
}
export type Sum = { readonly amount: bigint; readonly days: number }

/** What has to be fulfilled before a change is carried out. */
export type Requirement = {
  readonly action: AuthorityAction
  readonly approvers: readonly Who[]
  readonly approvals: number
}

/** The rules of an action. No limit at all is the greatest of limits where it has no rules of its own. */
export const rulesOf = ({ rules }: AuthorityMatrix, action: AuthorityAction): readonly AuthorityRule[] => {
  const own = rules.filter((rule) => rule.action === action)
  return own.length === 0 && action === 'UNLIMITED_CREDIT'
    ? rules.filter((rule) => rule.action === 'CREDIT_LIMIT')
    : own
}

/** What each step needs: null where whoever acts decides it alone. Steps before it count with it. */
export function requirementsOf(
  matrix: AuthorityMatrix,
  steps: readonly Step[],
  past: Past,
  identity: Identity,
  /** Of a step that nobody may carry out yet: whether those after it count with it all the same. */
  countsHeld: boolean,
): (Requirement | null)[] {
  const before = new Map<AuthorityAction, bigint>()
  return steps.map((step) => {
    const rules = rulesOf(matrix, step.action)
    if (rules.length === 0) return null
    const done = past.ofActor(step.action).amount + (before.get(step.action) ?? 0n)
    const rule = rules.find((candidate) => covers(candidate, measure(step, past, done)))
    const isAlone = rule !== undefined && rule.deciders.some((who) => isNamed(who, identity))
    if (step.amount !== 'BEYOND' && (isAlone || countsHeld))
      before.set(step.action, (before.get(step.action) ?? 0n) + step.amount)
    // A matrix has a rule for everything; were there none, nobody would have the authority.
    if (rule === undefined) return { action: step.action, approvers: [], approvals: 1 }
    return isAlone ? null : { action: step.action, approvers: rule.approvers, approvals: rule.approvals }
  })
}

type Measure = {
  readonly amount: Size<bigint>
  readonly byActor: Size<bigint>
  readonly basisPoints: Size<Exact>
  readonly days: number
  readonly isNewCustomer: boolean
}

function measure(step: Step, past: Past, doneByActor: bigint): Measure {
  const earlier = past.ofCustomer(step.customerId, step.action)
  const amount = step.amount === 'BEYOND' ? step.amount : step.amount + earlier.amount
  return {
    amount,
    byActor: step.amount === 'BEYOND' ? step.amount : step.amount + doneByActor,
    basisPoints: basisPointsOf(amount, step.base, earlier.amount),
    // A date is measured from where it first was, so that its steps add up by themselves.
    days: step.days + (step.action === 'TERMS' ? earlier.days : 0),
    isNewCustomer: step.isNewCustomer,
  }
}

/** All steps of the window, of what was there before the first. More than any percentage of nothing. */
function basisPointsOf(amount: Size<bigint>, base: Size<bigint> | null, earlier: bigint): Size<Exact> {
  if (base === null) return new Exact(0)
  if (amount === 'BEYOND' || base === 'BEYOND' || base <= earlier) return 'BEYOND'
  return new Exact(String(amount)).times(10_000).div(String(base - earlier))
}

function covers(
  rule: AuthorityRule,
  { amount, byActor, basisPoints, days, isNewCustomer }: Measure,
): boolean {
  const fits = (size: Size<bigint>, most: bigint | null) =>
    most === null || (size !== 'BEYOND' && size <= most)
  const { upToBasisPoints, upToDays, newCustomer } = rule
  return (
    fits(amount, rule.upTo) &&
    fits(byActor, rule.upToByActor ?? rule.upTo) &&
    (upToBasisPoints === null ||
      (basisPoints !== 'BEYOND' && basisPoints.lessThanOrEqualTo(upToBasisPoints))) &&
    (upToDays === null || days <= upToDays) &&
    (newCustomer === null || newCustomer === isNewCustomer)
  )
}

/** Each once, in their order. */
export function distinctRequirements(requirements: readonly (Requirement | null)[]): Requirement[] {
  const found = new Map<string, Requirement>()
  for (const requirement of requirements)
    if (requirement !== null) found.set(JSON.stringify(requirement), requirement)
  return [...found.values()]
}

export const mayApprove = ({ approvers }: Requirement, identity: Identity): boolean =>
  approvers.some((who) => isNamed(who, identity))

/** How many of them it still lacks; one approval counts for every requirement that names who gave it. */
export const lacking = (requirement: Requirement, approvers: readonly Identity[]): number =>
  Math.max(0, requirement.approvals - approvers.filter((one) => mayApprove(requirement, one)).length)

/** What is wrong with a list of rules, and with which of them; null where it says for everything who decides. */
export function faultOfRules(
  rules: readonly AuthorityRule[],
): { readonly index: number; readonly field: string; readonly fault: string } | null {
  for (const [index, { deciders, approvers, approvals }] of rules.entries()) {
    const named = approvers.flatMap((who) => ('id' in who ? [who.id] : []))
    if (deciders.some(({ kind }) => kind === 'ANYONE')) continue
    if (approvers.length === 0)
      return { index, field: 'approvers', fault: 'Say whose approval it needs, or that anyone decides it' }
    if (approvals < 1 || approvals > APPROVALS_MAX)
      return {
        index,
        field: 'approvals',
        fault: `1 to ${APPROVALS_MAX} approvals can be asked for, not ${approvals}`,
      }
    if (named.length === approvers.length && new Set(named).size < approvals)
      return {
        index,
        field: 'approvals',
        fault: `It names ${named.length}, who cannot give ${approvals} approvals`,
      }
  }
  for (const action of AUTHORITY_ACTIONS) {
    const index = rules.findLastIndex((rule) => rule.action === action)
    const last = rules[index]
    if (last === undefined || isWithoutBound(last)) continue
    return {
      index,
      field: 'action',
      fault: `The last rule of ${action} has to hold for everything: it has no bound`,
    }
  }
  return null
}

export const APPROVALS_MAX = 5

const isWithoutBound = (rule: AuthorityRule): boolean =>
  rule.upTo === null &&
  rule.upToByActor === null &&
  rule.upToBasisPoints === null &&
  rule.upToDays === null &&
  rule.newCustomer === null

/** A request that nobody decided in time. */
export const isExpired = (expiresAt: Temporal.Instant, now: Temporal.Instant): boolean =>
  Temporal.Instant.compare(now, expiresAt) >= 0
