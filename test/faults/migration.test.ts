/** F17: tables that are changed while servers serve, as the next version does at its start. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { type Company, openCompany } from '../support/company.ts'
import { followAll } from '../support/follower.ts'
import { request } from '../support/graphql.ts'
import { startLoad } from '../support/load.ts'
import { judge } from '../support/oracle.ts'
import { full } from '../support/scale.ts'
import { tell } from '../support/tell.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

/** Columns of which the type grows, time and again. */
const GROWING = ['receipt alter column reference', 'customer alter column name'] as const

/**
 * Wider each time, which changes what statements answer and rewrites nothing. What rewrites a table (back to a narrower type)
 * shows it empty to every snapshot that is older, so PostgreSQL itself has no way to do that while others read.
 */
const widthOf = (round: number): string => `varchar(${1_000 + round})`

/** What migrations do to tables that an older server reads and writes, and the way back. */
const CHANGES: readonly (readonly [string, string])[] = [
  ['alter table customer add column probe text', 'alter table customer drop column probe'],
  ['alter table goal add column probe integer not null default 7', 'alter table goal drop column probe'],
  ['alter table goal_progress add column probe jsonb', 'alter table goal_progress drop column probe'],
  ['alter table flow add column probe integer', 'alter table flow drop column probe'],
  ['alter table receipt add column probe text', 'alter table receipt drop column probe'],
  ['create index probe on ledger_entry (organization_id, effective_on)', 'drop index probe'],
]

const QUERIES = [
  '{ customers(first: 10) { nodes { number name } } }',
  '{ receipts(first: 10) { nodes { reference } } }',
  '{ invoices(first: 10) { nodes { number dueOn } } }',
  '{ goals(first: 10) { nodes { name progress { value } } } }',
  '{ kpis(metrics: [TOTAL_RECEIVABLES, DSO]) { metric value reason } }',
]

describe('a migration while servers serve', () => {
  it('fails no request', { timeout: full(600_000, 120_000) }, async (context) => {
    const rounds = full(10, 1)
    const did = `${CHANGES.length} changes of tables and their way back, and ${2 * GROWING.length} of types, ${rounds} times, under payments, queries and subscribers`
    tell(context, 'F17', did)
    const company = await openCompany()
    closing.push(() => company.close())
    for (const column of GROWING) await alter(company, `alter table ${column} type ${widthOf(0)}`)
    const server = await company.startServer()
    const url = () => server.url
    const followers = await followAll(20, url, company.token)
    const load = startLoad(company, url, { clients: 4, pauseMs: 5 })
    const queries = startQueries(company, server.url)
    await sleep(1_000)
    for (let round = 0; round < rounds; round++) {
      for (const [half, changes] of [CHANGES.map(([to]) => to), CHANGES.map(([, back]) => back)].entries()) {
        for (const change of changes) await alter(company, change)
        const width = widthOf(2 * round + half + 1)
        for (const column of GROWING) await alter(company, `alter table ${column} type ${width}`)
      }
    }
    const { asked, failures } = await queries.stop()
    await load.stop()
    const { wrongs, counts } = await judge(company, { followers, loads: [load], url: server.url })
    tell(context, 'F17', did, { queries: asked, queriesThatFailed: failures.length, ...counts })
    expect(wrongs).toEqual([])
    expect(failures).toEqual([])
    expect([...load.refusals]).toEqual([])
    expect(load.broken()).toBe(0)
    expect(asked).toBeGreaterThan(20)
    for (const follower of followers) follower.stop()
  })
})

/** As a migration: it waits a little for those who hold the table, and tries again rather than hold up all behind it. */
const alter = async ({ connection }: Company, statement: string): Promise<void> => {
  for (;;) {
    try {
      await connection.sql.begin(async (sql) => {
        await sql`set local lock_timeout = '200ms'`
        await sql.unsafe(statement)
      })
      await sleep(100)
      return
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && ['55P03', '40P01'].includes(String(error.code))))
        throw error
      await sleep(20)
    }
  }
}

const startQueries = ({ token }: Company, url: string) => {
  const failures: string[] = []
  const state = { asked: 0, stopping: false }
  const client = async (name: number) => {
    for (let count = name; !state.stopping; count++) {
      const query = QUERIES[count % QUERIES.length] ?? ''
      const told = await request(url, token, query).then(
        ({ errors }) => errors.map(({ message }) => message),
        (error: unknown) => [String(error)],
      )
      failures.push(...told.map((message) => `${query}: ${message}`))
      state.asked += 1
      await sleep(5)
    }
  }
  const running = Promise.all([0, 1, 2, 3].map(client))
  return {
    async stop() {
      state.stopping = true
      await running
      return { asked: state.asked, failures }
    },
  }
}
