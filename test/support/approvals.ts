/** An organization with people of several roles, each with a token of its own, and what approvals need of GraphQL. */
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { membership } from '@tidemark/drizzle/tables/access.ts'
import { customer } from '@tidemark/drizzle/tables/customer.ts'
import { person } from '@tidemark/drizzle/tables/organization.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { type Role, ROLES, SCOPES } from '@tidemark/server/access/scopes.ts'
import { execute } from './graphql.ts'
import type { TestServer } from './server.ts'
import { makeToken } from './tokens.ts'

export type Fields = Readonly<Record<string, unknown>>
export type Told = Fields & { readonly __typename: string }

export type Actor = { readonly personId: string; readonly tokenId: string; readonly secret: string }

/** What is told of a request that was made, or with a dry run would be. */
const ASKED = `... on ApprovalRequested { requestId stepCount dryRun audit { id }
  request { id state summary stepCount } steps { row before after amount { amount } days }
  requirements { action approvals lacking approvers { role tokenId } } }`

const MAY_ASK =
  /^(setCreditLimits?|importCreditLimits|releaseCreditHold|writeOffInvoice|adjustInvoice|recordCreditNote|reDateInvoice|updateCustomer|discountInvoice|voidInvoice|correctInvoice|releaseOrder|shipOrder)$/

export type ApprovalBooks = {
  readonly organization: OrganizationRow
  /** A person of this role, who acts through a token of its own with all rights of the role. */
  addPerson(role: Role): Promise<Actor>
  /** One more token of somebody, with every right. */
  addToken(of: Actor): Promise<Actor>
  addCustomers(count: number): Promise<void>
  /** A mutation whose input has the type of its name. */
  send(as: Pick<Actor, 'secret'>, name: string, input: Fields, more?: string): Promise<Told>
  ask<Data>(as: Pick<Actor, 'secret'>, query: string, variables?: Fields): Promise<Data>
  /** Sets the rules as an administrator. */
  setMatrix(rules: readonly Fields[], more?: Fields): Promise<Told>
}

export const openApprovalBooks = async (server: TestServer): Promise<ApprovalBooks> => {
  const organization = await server.createOrganization({ timeZone: 'UTC' })
  const organizationId = organization.id
  const admin = { secret: await server.createToken(organization) }
  const write = { organizationId, mode: 'write' } as const

  const addTokenOf = async (personId: string, role: Role): Promise<Actor> => {
    const scopes = role === 'admin' ? SCOPES : ROLES[role]
    const { id, secret } = await makeToken(server.connection, organization, { scopes: [...scopes] })
    await server.connection.sql`
      update api_token set created_by = ${`member:${personId}`}, points_per_minute = 1000000000 where id = ${id}`
    return { personId, tokenId: id, secret }
  }

  const ask: ApprovalBooks['ask'] = (as, query, variables = {}) =>
    execute(server.url, as.secret, query, variables)

  const send: ApprovalBooks['send'] = async (as, name, input, more = '') => {
    const title = `${name.charAt(0).toUpperCase()}${name.slice(1)}`
    const known = `${MAY_ASK.test(name) ? ASKED : ''} ... on Problem { code path message }`
    const answer = await ask<Record<string, Told>>(
      as,
      `mutation ($input: ${title}Input!) { ${name}(input: $input) { __typename ${known} ${more === '' ? '' : `... on ${title}Success { ${more} }`} } }`,
      { input },
    )
    const found = answer[name]
    if (found === undefined) throw new Error('No answer')
    return found
  }

  return {
    organization,
    addPerson: async (role) => {
      const personId = crypto.randomUUID()
      await inTransaction(server.connection, write, async (tx) => {
        await tx
          .insert(person)
          .values({ organizationId, id: personId, name: `${role} ${personId.slice(0, 8)}` })
        await tx.insert(membership).values({ organizationId, personId, userId: personId, role })
      })
      return addTokenOf(personId, role)
    },
    addToken: ({ personId }) => addTokenOf(personId, 'admin'),
    addCustomers: (count) =>
      inTransaction(server.connection, write, async (tx) => {
        await tx.insert(customer).values(
          Array.from({ length: count }, (_, index) => ({
            organizationId,
            id: crypto.randomUUID(),
            number: `C-${index + 1}`,
            name: `Customer ${index + 1}`,
            termsDays: 30,
          })),
        )
      }),
    send,
    ask,
    setMatrix: (rules, more = {}) =>
      send(
        admin,
        'setAuthorityMatrix',
        { rules, reason: 'Agreed by the board', ...more },
        'matrix { version }',
      ),
  }
}

export const limitOf = (number: string, amount: string, more: Fields = {}): Fields => ({
  customer: { number },
  limit: { amount: { amount, currency: 'USD' } },
  reason: 'Grown',
  ...more,
})
