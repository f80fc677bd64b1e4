/**
 * Who may do what: the only place where rights are decided, the same for HTTP and WebSocket. `authorize.ts` asks it
 * for every operation before it runs.
 */
import type { MutationResolvers, QueryResolvers, SubscriptionResolvers } from '../schema.generated.ts'

export const SCOPES = [
  'organization:read',
  'customer:read',
  'credit:read',
  'credit:write',
  'invoice:read',
  'invoice:write',
  'receipt:read',
  'receipt:write',
  'kpi:read',
  'goal:read',
  'goal:write',
  'member:read',
  'member:write',
  'token:read',
  'token:write',
  'audit:read',
  'schema:read',
] as const

export type Scope = (typeof SCOPES)[number]

export const isScope = (text: string): text is Scope => (SCOPES as readonly string[]).includes(text)

/** What everybody who works with the books may see. */
const BOOKS = [
  'organization:read',
  'customer:read',
  'credit:read',
  'invoice:read',
  'receipt:read',
  'kpi:read',
  'goal:read',
  'schema:read',
] as const satisfies readonly Scope[]

/** What a person of each role may do; a token has scopes of its own. */
export const ROLES = {
  viewer: BOOKS,
  sales: BOOKS,
  collector: [...BOOKS, 'receipt:write'],
  credit_manager: [...BOOKS, 'credit:write'],
  manager: [
    ...BOOKS,
    'credit:write',
    'invoice:write',
    'receipt:write',
    'goal:write',
    'member:read',
    'audit:read',
  ],
  auditor: [...BOOKS, 'member:read', 'token:read', 'audit:read'],
  admin: SCOPES,
} as const satisfies Readonly<Record<string, readonly Scope[]>>

export type Role = keyof typeof ROLES

export const isRole = (text: string): text is Role => Object.hasOwn(ROLES, text)

export const scopesOfRole = (role: Role): ReadonlySet<Scope> => new Set(ROLES[role])

/** What each root field needs. One that is missing here does not compile. */
export const ROOT_SCOPES: {
  readonly Query: Readonly<Record<keyof QueryResolvers, Scope>>
  readonly Mutation: Readonly<Record<keyof MutationResolvers, Scope>>
  readonly Subscription: Readonly<Record<keyof SubscriptionResolvers, Scope>>
} = {
  Query: {
    organization: 'organization:read',
    customers: 'customer:read',
    customer: 'customer:read',
    invoices: 'invoice:read',
    invoice: 'invoice:read',
    goals: 'goal:read',
    goal: 'goal:read',
    kpiCatalog: 'kpi:read',
    kpis: 'kpi:read',
    aging: 'kpi:read',
    viewer: 'organization:read',
    members: 'member:read',
    invitations: 'member:read',
    roles: 'organization:read',
    tokens: 'token:read',
    auditEntries: 'audit:read',
    auditEntry: 'audit:read',
    verifyAuditLog: 'audit:read',
    auditHead: 'audit:read',
  },
  Mutation: {
    recordInvoice: 'invoice:write',
    recordReceipt: 'receipt:write',
    setCreditLimit: 'credit:write',
    createGoal: 'goal:write',
    inviteMember: 'member:write',
    revokeInvitation: 'member:write',
    changeMemberRole: 'member:write',
    removeMember: 'member:write',
    erasePerson: 'member:write',
    createToken: 'token:write',
    rotateToken: 'token:write',
    revokeToken: 'token:write',
  },
  Subscription: { goalProgress: 'goal:read' },
}

/**
 * What the objects of each type need, wherever they are reached: an invoice within a customer needs what an invoice
 * needs. Null for what has no noun of its own, such as an amount of money. A type that is missing here keeps the
 * server from starting; connections and their edges go by their nodes.
 */
export const TYPE_SCOPES: Readonly<Record<string, Scope | null>> = {
  Aging: 'kpi:read',
  AgingBucket: 'kpi:read',
  Allocation: 'receipt:read',
  AuditActor: 'audit:read',
  AuditEntry: 'audit:read',
  AuditFinding: 'audit:read',
  AuditHead: 'audit:read',
  AuditOrigin: 'audit:read',
  AuditReceipt: null,
  AuditSeal: 'audit:read',
  AuditVerification: 'audit:read',
  ChangeMemberRoleSuccess: null,
  Conflict: null,
  CreateGoalSuccess: null,
  CreateTokenSuccess: null,
  CreditLimit: 'credit:read',
  Customer: 'customer:read',
  ErasePersonSuccess: null,
  Goal: 'goal:read',
  GoalPoint: 'goal:read',
  GoalProgress: 'goal:read',
  GoalProgressEvent: 'goal:read',
  Installment: 'invoice:read',
  InvalidInput: null,
  Invitation: 'member:read',
  InviteMemberSuccess: null,
  Invoice: 'invoice:read',
  KpiConventions: null,
  KpiDefinition: 'kpi:read',
  KpiRow: 'kpi:read',
  Member: 'member:read',
  Money: null,
  NotFound: null,
  Organization: 'organization:read',
  PageInfo: null,
  Person: null,
  Receipt: 'receipt:read',
  RecordInvoiceSuccess: null,
  RecordReceiptSuccess: null,
  RemoveMemberSuccess: null,
  RevokeInvitationSuccess: null,
  RevokeTokenSuccess: null,
  RoleDefinition: null,
  RotateTokenSuccess: null,
  SetCreditLimitSuccess: null,
  Token: 'token:read',
  Viewer: null,
}

/** Fields that need more than the type that has them. */
export const FIELD_SCOPES: Readonly<Record<string, Scope>> = {
  'Customer.balance': 'invoice:read',
  'Customer.balances': 'invoice:read',
  'Customer.unapplied': 'receipt:read',
  'Query.__schema': 'schema:read',
  'Query.__type': 'schema:read',
}
