/** COPY out of the database: whoever reads may be slow or leave, and the connection serves what comes next. */
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type Connection } from '@tidemark/drizzle/connect.ts'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'

const ROWS = 50_000
const MANY = `copy (select repeat('x', 100) from generate_series(1, ${ROWS})) to stdout`
/** More than the driver keeps for a reader, less than a packet of the network. */
const FEW = `copy (select repeat('x', 100) from generate_series(1, 200)) to stdout`

let connection: Connection
beforeAll(async () => {
  connection = await connect(inject('clusterUrl'), { max: 1 })
})
afterAll(() => connection.close())

const nextAnswer = () => connection.sql`select 1 as one`

describe('a reader', () => {
  it.each([FEW, MANY])('may be slow, also with the last rows: %s', async (statement) => {
    for (let time = 0; time < 5; time++) {
      let bytes = 0
      for await (const row of await connection.sql.unsafe(statement).readable()) {
        if (bytes % 1_010_000 === 0) await sleep(5)
        bytes += (row as Buffer).length
      }
      expect(bytes).toBe(101 * (statement === MANY ? ROWS : 200))
      expect(await nextAnswer()).toEqual([{ one: 1 }])
    }
  })

  it('may leave before the end, also inside a transaction', async () => {
    await connection.sql.begin(async (sql) => {
      for await (const _ of await sql.unsafe(MANY).readable()) break
      expect(await sql`select 1 as one`).toEqual([{ one: 1 }])
    })
    expect(await nextAnswer()).toEqual([{ one: 1 }])
  })

  it('is told what went wrong after the first rows', async () => {
    const failing = `copy (select 1 / (${ROWS} - n) from generate_series(1, ${ROWS}) as n) to stdout`
    const reading = (async () => {
      let rows = 0
      for await (const _ of await connection.sql.unsafe(failing).readable()) rows += 1
      return rows
    })()
    await expect(reading).rejects.toThrow('division by zero')
    expect(await nextAnswer()).toEqual([{ one: 1 }])
  })
})
