/** What each root field needs: the only place where rights are decided, the same for HTTP and WebSocket. */
import type { GraphQLResolveInfo } from 'graphql'
import { forbidden } from '../errors.ts'
import type { MutationResolvers, QueryResolvers, SubscriptionResolvers } from '../schema.generated.ts'
import { type Actor, mayAct, type Scope } from './actor.ts'

/** A root field that is missing here does not compile. */
export const SCOPES: {
  readonly Query: Readonly<Record<keyof QueryResolvers, Scope>>
  readonly Mutation: Readonly<Record<keyof MutationResolvers, Scope>>
  readonly Subscription: Readonly<Record<keyof SubscriptionResolvers, Scope>>
} = {
  Query: {
    organization: 'read',
    customers: 'read',
    customer: 'read',
    invoices: 'read',
    invoice: 'read',
    goals: 'read',
    goal: 'read',
    kpiCatalog: 'read',
    kpis: 'read',
    aging: 'read',
  },
  Mutation: {
    recordInvoice: 'write',
    recordReceipt: 'write',
    setCreditLimit: 'write',
    createGoal: 'write',
  },
  Subscription: { goalProgress: 'read' },
}

/** The scope of a root field; admin for one that the table does not know, so that a forgotten one stays shut. */
export const neededScope = (type: string, field: string): Scope => {
  const fields: Readonly<Record<string, Scope>> = SCOPES[type as keyof typeof SCOPES]
  return fields[field] ?? 'admin'
}

/** Throws FORBIDDEN where the actor lacks the scope of this root field. */
export const requireScope = (actor: Actor, info: GraphQLResolveInfo): void => {
  const needed = neededScope(info.parentType.name, info.fieldName)
  if (!mayAct(actor, needed)) {
    throw forbidden(
      `\`${info.fieldName}\` needs the scope \`${needed}\`; this ${actor.kind} has \`${actor.scope}\`. ` +
        `An administrator creates another with \`pnpm tidemark token create --scope ${needed}\`.`,
    )
  }
}
