import { invoice } from '@tidemark/drizzle/tables/ledger.ts'
import { PgDialect } from 'drizzle-orm/pg-core'
import { assert, property, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assemblePage, requestPage, type SortKey } from '@tidemark/server/connection.ts'

type Row = { readonly number: string; readonly issuedOn: string; readonly id: string }

const byDate: SortKey<Row>[] = [
  {
    name: 'ISSUED_ON',
    column: invoice.issuedOn,
    direction: 'DESC',
    type: 'date',
    valueOf: (row) => row.issuedOn,
  },
  { name: 'ID', column: invoice.id, direction: 'DESC', type: 'uuid', valueOf: (row) => row.id },
]
const byNumber: SortKey<Row>[] = [
  { name: 'NUMBER', column: invoice.number, direction: 'ASC', type: 'text', valueOf: (row) => row.number },
  { name: 'ID', column: invoice.id, direction: 'DESC', type: 'uuid', valueOf: (row) => row.id },
]
const rows: Row[] = Array.from({ length: 4 }, (_, index) => ({
  number: `R-${index}`,
  issuedOn: `2026-01-0${index + 1}`,
  id: `0199000${index}-0000-7000-8000-000000000000`,
}))
const countNothing = () => Promise.reject(new Error('Nobody asked for a total'))
const pageOf = (first: number, found: readonly Row[] = rows, keys = byDate) =>
  assemblePage(requestPage({ first }, keys), found, countNothing)
const sqlOf = (keys: SortKey<Row>[], cursor: string | undefined) => {
  const { after } = requestPage({ first: 2, after: cursor }, keys)
  return after && new PgDialect().sqlToQuery(after)
}

describe('a page', () => {
  it('asks for one row more than it shows, to know whether more follows', () => {
    expect(requestPage({ first: 3 }, byDate).limit).toBe(4)
    const page = pageOf(3)
    expect(page.nodes).toEqual(rows.slice(0, 3))
    expect(page.pageInfo).toEqual({ hasNextPage: true, endCursor: page.edges[2]?.cursor })
  })

  it('has an end cursor only while more follows', () => {
    expect(pageOf(4).pageInfo).toEqual({ hasNextPage: false, endCursor: null })
    expect(pageOf(4, []).pageInfo).toEqual({ hasNextPage: false, endCursor: null })
  })

  it.each([0, -1, 1_001, 1.5, Number.NaN])('of %s rows is refused', (first) => {
    expect(() => requestPage({ first }, byDate)).toThrow('`first` must be from 1 to 1000')
  })

  it('counts only when it is asked, once, and not beyond 100,000', async () => {
    const limits: number[] = []
    const counted = (count: number) =>
      assemblePage(requestPage({ first: 1 }, byDate), rows, (limit) => {
        limits.push(limit)
        return Promise.resolve(Math.min(count, limit))
      })
    const page = counted(100_000)
    expect(limits).toEqual([])
    expect(await Promise.all([page.total(), page.total()])).toEqual([
      { exact: 100_000, atLeast: 100_000 },
      { exact: 100_000, atLeast: 100_000 },
    ])
    expect(limits).toEqual([100_001])
    expect(await counted(5_000_000).total()).toEqual({ exact: null, atLeast: 100_001 })
  })
})

describe('a cursor', () => {
  it('continues after its row, in an order that an index serves where all keys go one way', () => {
    const cursor = pageOf(2).pageInfo.endCursor ?? ''
    expect(sqlOf(byDate, cursor)).toMatchObject({
      sql: '("invoice"."issued_on", "invoice"."id") < ($1::date, $2::uuid)',
      params: [rows[1]?.issuedOn, rows[1]?.id],
    })
    expect(sqlOf(byDate, undefined)).toBeUndefined()
  })

  it('spells the order out where the keys go both ways', () => {
    const cursor = pageOf(2, rows, byNumber).pageInfo.endCursor ?? ''
    expect(sqlOf(byNumber, cursor)?.sql).toBe(
      '("invoice"."number" > $1::text or "invoice"."number" = $2::text and "invoice"."id" < $3::uuid)',
    )
  })

  it('of another order is refused', () => {
    const cursor = pageOf(2).pageInfo.endCursor
    expect(() => requestPage({ first: 2, after: cursor }, byNumber)).toThrow(
      '`after` is not a cursor of this list',
    )
  })

  it('that is none, or was tampered with, is refused as bad input', () => {
    const real = pageOf(2).pageInfo.endCursor ?? ''
    const forged = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const order = 'ISSUED_ON DESC,ID DESC'
    const id = rows[0]?.id
    const wrong = [
      '',
      'garbage',
      '%%%',
      'x'.repeat(5_000),
      real.slice(0, -4),
      forged(null),
      forged({}),
      forged([1, order]),
      forged([2, order, '2026-01-01', id]),
      forged([1, order, '2026-02-30', id]),
      forged([1, order, '0000-01-01', id]),
      forged([1, order, '9999-12-31', id]),
      forged([1, order, '2026-01-01', "' or 1=1 --"]),
      forged([1, order, 20260101, id]),
      forged([1, order, '2026-01-01', id, id]),
    ]
    for (const after of wrong) {
      expect(() => requestPage({ first: 2, after }, byDate)).toThrow(
        expect.objectContaining({ extensions: { code: 'BAD_USER_INPUT' } }),
      )
    }
    assert(
      property(string(), (after) => {
        expect(() => requestPage({ first: 2, after }, byDate)).toThrow('not a cursor')
      }),
    )
  })

  it('brings any text back as it was', () => {
    assert(
      property(
        string({ unit: 'binary' }).filter((text) => !text.includes('\0')),
        (number) => {
          const odd = { number, issuedOn: '2026-01-01', id: '01990000-0000-7000-8000-000000000000' }
          const cursor = pageOf(1, [odd, odd], byNumber).pageInfo.endCursor ?? ''
          expect(sqlOf(byNumber, cursor)?.params[0]).toBe(number.toWellFormed())
        },
      ),
    )
  })
})
