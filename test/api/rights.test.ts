/**
 * A9, first half: every root field, and every way from it to every type, for every role and for a token of every
 * single scope. What is expected is worked out here from the tables of access/scopes.ts alone.
 */
import { isObjectType } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  FIELD_SCOPES,
  type Role,
  ROLES,
  ROOT_SCOPES,
  type Scope,
  SCOPES,
  TYPE_SCOPES,
} from '@tidemark/server/access/scopes.ts'
import { resolvers } from '@tidemark/server/resolvers.ts'
import { createSchema } from '@tidemark/server/schema.ts'
import { type Answered, openWays, type Person, type Ways } from '../support/attack.ts'
import {
  documentOf,
  leavesOf,
  type Path,
  pathsFrom,
  type RootField,
  rootFieldsOf,
  selectionOf,
  variablesOf,
} from '../support/operations.ts'
import { join } from '../support/people.ts'
import { isFull } from '../support/scale.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { createTwins, samplesOf, tokenWith, type Twins } from '../support/twins.ts'

const schema = createSchema(resolvers)
const rootFields = rootFieldsOf(schema)

/** Fields that need more than their type are asked for apart, so that their type can be read without. */
const isGuarded = (type: string, field: string): boolean => `${type}.${field}` in FIELD_SCOPES

/** What is selected of one type at the end of a path: fields, and what they need together. */
type Case = { readonly path: Path; readonly leaves: readonly string[] }

const casesOf = (path: Path): Case[] => {
  const leaves = leavesOf(path.to)
  const open = leaves.filter((leaf) => !isGuarded(path.to.name, leaf))
  const guarded = leaves.filter((leaf) => isGuarded(path.to.name, leaf))
  return [{ path, leaves: open }, ...guarded.map((leaf) => ({ path, leaves: [leaf] }))]
}

/** What a path is there for: its root field, or the last step of it. */
const purposeOf = ({ from, steps, to }: Path, index: number): string => {
  const last = steps.at(-1)
  if (last !== undefined) return `${last.type.name}.${last.field.name} ${to.name}`
  return index === 0 ? `${from.root}.${from.name}` : to.name
}

/** Every root field, and every field of every type from the first that reaches it; in full from each that does. */
const cases: readonly Case[] = (() => {
  const gone = new Set<string>()
  return rootFields.flatMap((rootField) =>
    pathsFrom(schema, rootField)
      .filter((path, index) => {
        const purpose = purposeOf(path, index)
        const isNew = !gone.has(purpose)
        gone.add(purpose)
        return isNew || isFull
      })
      .flatMap(casesOf),
  )
})()

const nodeOf = (type: string): string => type.replace(/(Connection|Edge)$/, '')

/** All scopes that a case needs, straight from the tables. */
const neededBy = ({ path: { from, steps, to }, leaves }: Case): ReadonlySet<Scope> => {
  const tables: Readonly<Record<string, Readonly<Record<string, Scope>>>> = ROOT_SCOPES
  const fields = [
    ...steps.map(({ type, field }) => [type.name, field.name] as const),
    ...leaves.map((leaf) => [to.name, leaf] as const),
  ]
  const needed = [
    tables[from.root]?.[from.name],
    ...[...steps.map(({ type }) => type), to].map(({ name }) => TYPE_SCOPES[nodeOf(name)]),
    ...fields.flatMap(([type, field]) => FIELD_SCOPES[`${type}.${field}`]),
  ]
  return new Set(needed.filter((scope) => scope != null))
}

/** Who asks: with a token of these scopes, or as a member of this role. */
type Asking = { readonly name: string; readonly scopes: readonly Scope[]; readonly role: Role | null }

const roles = Object.entries(ROLES) as [Role, readonly Scope[]][]

const actors: readonly Asking[] = [
  ...roles.map(([role, scopes]) => ({ name: `a member, ${role}`, scopes, role })),
  ...SCOPES.map((scope) => ({ name: `a token for ${scope}`, scopes: [scope], role: null })),
  ...(isFull
    ? [
        ...roles.map(([role, scopes]) => ({ name: `a token of ${role}`, scopes, role: null })),
        ...SCOPES.map((scope) => ({
          name: `a token for all but ${scope}`,
          scopes: SCOPES.filter((other) => other !== scope),
          role: null,
        })),
      ]
    : []),
  { name: 'a token for nothing', scopes: [], role: null },
]

let server: TestServer
let twins: Twins
beforeAll(async () => {
  server = await startTestServer()
  twins = await createTwins(server)
})
afterAll(() => server.close())

const credentialsOf = async (scopes: readonly Scope[], role: Role | null): Promise<string | Person> => {
  const { organization } = twins.ours
  if (role === null) return tokenWith(server, organization, scopes)
  const member = await join(server, organization, `${role}@alpha.example`, role)
  return { cookie: member.cookie(), organization: organization.slug }
}

/** Thousands of operations one after the other. */
const LONG = { timeout: 300_000 }

const REFILLED_EACH = 50

/** People have the usual allowance; nobody asks for all of the schema in a minute. */
const refill = () => server.connection.sql`
  update budget set level = 100000 where organization_id = ${twins.ours.organization.id}`

const operationOf = ({ path, leaves }: Case) => {
  const variables = variablesOf(path.from, samplesOf(twins.ours))
  return { query: documentOf(path.from, variables, selectionOf(path, leaves)), variables }
}

/** Subscriptions have one way only; the others take turns, or go both ways in full. */
const waysOf = ({ root }: RootField, ways: Ways, turn: number) => {
  if (root === 'Subscription') return [ways.socket]
  if (isFull) return [ways.http, ways.socket]
  return [turn % 2 === 0 ? ways.http : ways.socket]
}

/** In the short form a token tries all that its scope is of use for, and a quarter of the rest. */
const isSpared = (
  needed: ReadonlySet<Scope>,
  scopes: readonly Scope[],
  role: Role | null,
  index: number,
): boolean =>
  !isFull &&
  role === null &&
  !scopes.some((scope) => needed.has(scope)) &&
  (index + scopes.join().length) % 4 !== 0

/** Named to whoever may read the schema, and else told as what does not exist is told. */
const isRefusal = (
  data: unknown,
  errors: Answered['errors'],
  needed: ReadonlySet<Scope>,
  scopes: readonly Scope[],
): boolean => {
  const [error] = errors
  if (data !== null || errors.length !== 1 || error === undefined) return false
  const names = [...needed].filter((scope) => !scopes.includes(scope) && error.message.includes(scope))
  return scopes.includes('schema:read')
    ? error.extensions?.['code'] === 'FORBIDDEN' && names.length > 0
    : error.message.startsWith(
        'This document asks for something that is not there, or that you may not ask for.',
      )
}

describe('the matrix of rights', () => {
  it('has every field of every type in it', () => {
    const seen = new Set(
      cases.flatMap(({ path: { steps, to }, leaves }) => [
        ...steps.map(({ type, field }) => `${type.name}.${field.name}`),
        ...leaves.map((leaf) => `${to.name}.${leaf}`),
      ]),
    )
    const roots = new Set(['Query', 'Mutation', 'Subscription'])
    const all = Object.values(schema.getTypeMap())
      .filter((type) => isObjectType(type) && !type.name.startsWith('__') && !roots.has(type.name))
      .flatMap((type) =>
        isObjectType(type) ? Object.keys(type.getFields()).map((field) => `${type.name}.${field}`) : [],
      )
    expect([...new Set(all).difference(seen)]).toEqual([])
  })

  it.each(actors)(
    'lets in $name where the table says so, and nowhere else',
    LONG,
    async ({ scopes, role }) => {
      const ways = await openWays(server.url, await credentialsOf(scopes, role))
      const wrong: string[] = []
      for (const [index, one] of cases.entries()) {
        const needed = neededBy(one)
        if (isSpared(needed, scopes, role, index)) continue
        if (role !== null && index % REFILLED_EACH === 0) await refill()
        const allowed = [...needed].every((scope) => scopes.includes(scope))
        for (const ask of waysOf(one.path.from, ways, index)) {
          const operation = operationOf(one)
          const { data, errors } = await ask(operation)
          const told = JSON.stringify({ data, errors })
          const right = allowed
            ? errors.length === 0 && data !== null
            : isRefusal(data, errors, needed, scopes)
          if (!right)
            wrong.push(`${operation.query} ${allowed ? 'is allowed' : 'is not'}: ${told.slice(0, 400)}`)
          if (told.includes(twins.theirs.mark))
            wrong.push(`${operation.query} shows the other organization: ${told}`)
        }
      }
      await ways.close()
      expect(wrong.slice(0, 5)).toEqual([])
    },
  )

  it('answers nobody without a token', async () => {
    for (const { query, variables } of cases.map(operationOf)) {
      const response = await fetch(`${server.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query, variables }),
      })
      expect(response.status).toBe(401)
      expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] })
    }
  })
})
