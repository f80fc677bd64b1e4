/** An organization with one customer and one owner, and goals that are set and changed over real HTTP. */
import { setTimeout as sleep } from 'node:timers/promises'
import { customer } from '@tidemark/drizzle/tables/customer.ts'
import { person } from '@tidemark/drizzle/tables/organization.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { encodeId, newUuid } from '@tidemark/server/ids.ts'
import { execute } from './graphql.ts'
import type { TestServer } from './server.ts'

type Input = Readonly<Record<string, unknown>>

/** What a command answers: its success with the goal, or its problem. */
export type Answer = {
  readonly __typename: string
  readonly goal: Goal
  readonly message: string
  readonly path: readonly string[]
  readonly dryRun: boolean
}

export type Goal = {
  readonly id: string
  readonly version: number
  readonly state: string
  readonly progress: {
    readonly value: number | null
    readonly status: string
    readonly statusReason: string
  } | null
  readonly [field: string]: unknown
}

export type Desk = {
  readonly organization: OrganizationRow
  readonly token: string
  /** Ann Lee, then Bo Ray. */
  readonly people: readonly [string, string]
  readonly ask: <Data>(document: string, variables?: Input) => Promise<Data>
  /** Carries a command out; the goal of its answer has the fields of the desk. */
  readonly command: (name: string, input: Input) => Promise<Answer>
  /** The same, for what must succeed. */
  readonly done: (name: string, input: Input) => Promise<Goal>
  /** A goal to close a hundred open invoices between 1 June and the year's end, unless `input` says otherwise. */
  readonly create: (input?: Input) => Promise<Goal>
  readonly read: (id: string) => Promise<Goal>
  /** Bills invoices to the customer, 1,000 USD each. */
  readonly bill: (numbers: readonly number[], input?: Input) => Promise<void>
  /** The goal as soon as it is as wanted. */
  readonly until: (id: string, isWanted: (goal: Goal) => boolean) => Promise<Goal>
}

export const openInvoices = {
  name: 'Close every invoice',
  metric: 'OPEN_INVOICE_COUNT',
  direction: 'DECREASE',
  baseline: '100',
  target: '0',
  startsOn: '2026-06-01',
  deadline: '2026-12-31',
}

export async function openDesk(server: TestServer, fields: string): Promise<Desk> {
  const organization = await server.createOrganization({ timeZone: 'America/New_York' })
  const organizationId = organization.id
  const token = await server.createToken(organization)
  const [ann, bo] = [newUuid(), newUuid()]
  await inTransaction(server.connection, { organizationId, mode: 'write' }, async (tx) => {
    await tx.insert(person).values([
      { organizationId, id: ann, name: 'Ann Lee' },
      { organizationId, id: bo, name: 'Bo Ray' },
    ])
    const one = { organizationId, id: newUuid(), number: 'C-1', name: 'One', termsDays: 30, region: 'EMEA' }
    await tx.insert(customer).values(one)
  })
  const goalFields = `id version state progress { value status statusReason } ${fields}`
  const ask = <Data>(document: string, variables: Input = {}) =>
    execute<Data>(server.url, token, document, variables)
  const command = async (name: string, input: Input): Promise<Answer> => {
    const type = name.charAt(0).toUpperCase() + name.slice(1)
    const document = `mutation ($input: ${type}Input!) { ${name}(input: $input) {
      __typename ... on ${type}Success { dryRun goal { ${goalFields} } } ... on Problem { message code path } } }`
    const answer = (await ask<Record<string, Answer>>(document, { input }))[name]
    if (answer === undefined) throw new Error(`${name} gave no answer`)
    return answer
  }
  const done = async (name: string, input: Input): Promise<Goal> => {
    const answer = await command(name, input)
    if (!answer.__typename.endsWith('Success')) throw new Error(JSON.stringify(answer))
    return answer.goal
  }
  const read = async (id: string): Promise<Goal> => {
    const { goal } = await ask<{ goal: Goal | null }>(
      `query ($id: ID!) { goal(id: $id) { ${goalFields} } }`,
      {
        id,
      },
    )
    if (goal === null) throw new Error(`There is no goal ${id}`)
    return goal
  }
  return {
    organization,
    token,
    people: [encodeId('person', ann), encodeId('person', bo)],
    ask,
    command,
    done,
    read,
    create: (input = {}) => done('createGoal', { ...openInvoices, ...input }),
    async bill(numbers, input = {}) {
      for (const number of numbers) {
        const answer = await ask<{ recordInvoice: { __typename: string } }>(
          `mutation ($input: RecordInvoiceInput!) { recordInvoice(input: $input) { __typename ... on Problem { message } } }`,
          {
            input: {
              customer: { number: 'C-1' },
              number: `I-${number}`,
              amount: { amount: '1000', currency: 'USD' },
              issuedOn: '2026-06-20',
              ...input,
            },
          },
        )
        if (answer.recordInvoice.__typename !== 'RecordInvoiceSuccess')
          throw new Error(JSON.stringify(answer))
      }
    },
    async until(id, isWanted) {
      for (let tries = 0; tries < 400; tries++) {
        const goal = await read(id)
        if (isWanted(goal)) return goal
        await sleep(25)
      }
      throw new Error(`The goal never came to what was wanted: ${JSON.stringify(await read(id))}`)
    },
  }
}
