/** What the checks before an operation take in the process, without HTTP and database. */
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { createAuthenticator } from '@tidemark/server/access/authenticate.ts'
import { createBudgets } from '@tidemark/server/access/budget.ts'
import { ROLES } from '@tidemark/server/access/scopes.ts'
import type { Services } from '@tidemark/server/context.ts'
import { createPrepare } from '@tidemark/server/execution.ts'
import { createIdentity } from '@tidemark/server/identity/identity.ts'
import { admitOperation, enterOperation } from '@tidemark/server/operation.ts'
import { resolvers } from '@tidemark/server/resolvers.ts'
import { createSchema } from '@tidemark/server/schema.ts'

const TIMES = 20_000

/** Of a token that the process knows, which it asks the database about once a second. */
export const tokenCheckMicroseconds = async (
  { connection, clock }: Services,
  token: string,
): Promise<number> => {
  const identity = createIdentity({
    connection,
    config: { publicUrl: null, secret: null, oidc: null },
    listeningUrl: () => '',
    mayJoin: () => Promise.resolve(false),
    logError: () => {},
  })
  const { authenticate } = createAuthenticator(identity, clock, () => {})
  const check = async () => {
    if ((await authenticate({ kind: 'token', token }, '127.0.0.1')) === null) throw new Error('Not let in')
  }
  return microsecondsOf(TIMES, check)
}

/** Rights, structure, values, cost and budget of an operation that was seen before, and parsing and validation besides of a new one. */
export const admissionMicroseconds = async (
  { connection, clock }: Services,
  organization: OrganizationRow,
): Promise<{ readonly known: number; readonly fresh: number }> => {
  const schema = createSchema(resolvers)
  const budgets = createBudgets(connection, () => {})
  const actor = {
    kind: 'token',
    id: crypto.randomUUID(),
    name: '',
    role: null,
    scopes: new Set(ROLES.admin),
    pointsPerMinute: 1_000_000,
  } as const
  const today = clock().toZonedDateTimeISO('UTC').toPlainDate()
  const prepare = createPrepare(schema)
  const admit = async (query: string) => {
    const document = prepare(query)
    if (!('kind' in document)) throw new Error('Not valid')
    const spending = budgets.open({ actor, organization })
    const refused =
      (await enterOperation(spending)) ??
      (await admitOperation(
        schema,
        { document, operationName: null, variables: { number: '1' } },
        actor,
        spending,
        today,
      ))
    if (refused !== null) throw refused
  }
  const queryNamed = (name: string) =>
    `query ${name}($number: String!) { customer(by: { number: $number }) { number name termsDays } }`
  let turn = 0
  try {
    return {
      known: await microsecondsOf(TIMES, () => admit(queryNamed('Known'))),
      fresh: await microsecondsOf(TIMES / 20, () => admit(queryNamed(`New${(turn += 1)}`))),
    }
  } finally {
    await budgets.close()
  }
}

const microsecondsOf = async (times: number, work: () => Promise<void>): Promise<number> => {
  for (let time = 0; time < times / 10; time++) await work()
  const started = performance.now()
  for (let time = 0; time < times; time++) await work()
  return ((performance.now() - started) / times) * 1_000
}
