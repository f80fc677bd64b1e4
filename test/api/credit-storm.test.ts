/**
 * Scripts that set credit limits while others do, while backends are killed and commits are lost: every change is there
 * exactly once, in the limits and in the audit. And amounts: what can be is kept to the last digit, what cannot is refused.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import * as fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { type Company, openCompany } from '../support/storm-company.ts'
import { execute, request } from '../support/graphql.ts'
import { full } from '../support/scale.ts'
import { openLossyWire } from '../support/swallow.ts'

const TIMEOUT_MS = full(600_000, 120_000)

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

const SET = `mutation ($input: SetCreditLimitInput!) { setCreditLimit(input: $input) { __typename
  ... on SetCreditLimitSuccess { customer { version } audit { id hash } }
  ... on Problem { code } ... on Conflict { currentVersion } } }`
const SET_MANY = `mutation ($input: SetCreditLimitsInput!) { setCreditLimits(input: $input) { __typename
  ... on SetCreditLimitsSuccess { set rows { customerNumber version outcome } audit { id hash } }
  ... on Problem { code message } } }`

type Answer = Readonly<Record<string, Record<string, unknown>>>

/** Sends it until it is answered; counts the times. */
const insist = async ({ url, token }: Company, query: string, input: object): Promise<[Answer, number]> => {
  for (let sent = 1; ; sent++) {
    try {
      const { data, errors } = await request<Answer>(url, token, query, { input })
      if (data !== null && errors.length === 0) return [data, sent]
    } catch {
      // The connection broke, or what came was no answer.
    }
    if (sent > 500) throw new Error('Never answered')
    await sleep(5 + Math.random() * 20)
  }
}

const usd = (amount: string) => ({ amount: { amount, currency: 'USD' } })

/** Of every customer: its versions without gaps, and an audit that leads from limit to limit to the one in force. */
const expectSoundLimits = async ({ connection, organization }: Company): Promise<void> => {
  const gaps = await connection.sql`
    select c.number, c.version, count(l.version)::int as decided from customer c
    left join credit_limit l on l.organization_id = c.organization_id and l.customer_id = c.id
    where c.organization_id = ${organization.id} group by c.number, c.version
    having c.version <> 1 + count(l.version) or coalesce(max(l.version), 1) <> c.version`
  expect([...gaps]).toEqual([])
  const broken = await connection.sql`
    with told as (
      select a.subject, l.version, a.before, a.after, l.amount, l.state,
        lag(a.after) over (partition by a.subject order by l.version) as earlier
      from credit_limit l
      left join audit a on a.organization_id = l.organization_id and a.id = l.audit_id
      where l.organization_id = ${organization.id}
    )
    select * from told
    where subject is null or (after->>'amount')::numeric * 100 <> amount
      or coalesce(before->>'amount', 'none') <> coalesce(earlier->>'amount', 'none')`
  expect([...broken]).toEqual([])
  const [sums] = await connection.sql`
    select (select count(*)::int from audit where organization_id = ${organization.id} and action = 'setCreditLimit') as audits,
      (select count(*)::int from credit_limit where organization_id = ${organization.id}) as limits,
      (select sum(coalesce((after->>'amount')::numeric, 0) - coalesce((before->>'amount')::numeric, 0)) * 100
        from audit where organization_id = ${organization.id} and action = 'setCreditLimit')
      - (select sum(coalesce(credit_limit, 0)) from customer where organization_id = ${organization.id}) as difference`
  expect(sums?.['audits']).toBe(sums?.['limits'])
  expect(Number(sums?.['difference'])).toBe(0)
}

/** What each script did: an amount that nobody else sets, so that it can be found again. */
const expectExactlyOnce = async (company: Company, done: ReadonlyMap<string, number>): Promise<void> => {
  const rows = await company.connection.sql<{ amount: bigint; times: number }[]>`
    select amount, count(*)::int as times from credit_limit
    where organization_id = ${company.organization.id} group by amount`
  const found = new Map(rows.map(({ amount, times }) => [`${amount / 100n}`, times]))
  expect(Object.fromEntries(found)).toEqual(Object.fromEntries(done))
  await expectSoundLimits(company)
}

/** Sixteen scripts, each of which sets limits one by one and some at a time, until the time is up. */
const runScripts = async (company: Company, until: number) => {
  const done = new Map<string, number>()
  const answers: [string, object, Answer][] = []
  let again = 0
  const script = async (name: number) => {
    for (let count = 0; performance.now() < until; count++) {
      const amount = String(1 + name + count * 16)
      const idempotencyKey = `${name}-${count}`
      const reason = `script ${name}`
      const number = (turn: number) => `C-${1 + ((name + count + turn) % 4)}`
      const isSingle = count % 3 !== 0
      const input = isSingle
        ? { customer: { number: number(0) }, limit: usd(amount), reason, idempotencyKey }
        : {
            rows: [0, 1, 2].map((turn) => ({ customer: { number: number(turn) }, limit: usd(amount) })),
            reason,
            idempotencyKey,
          }
      const query = isSingle ? SET : SET_MANY
      const [answer, sent] = await insist(company, query, input)
      expect(JSON.stringify(answer)).toContain('Success')
      done.set(amount, isSingle ? 1 : 3)
      answers.push([query, input, answer])
      again += sent - 1
    }
  }
  await Promise.all(Array.from({ length: 16 }, (_, name) => script(name)))
  return { done, answers, again: () => again }
}

describe('sixteen scripts', () => {
  it('change everything exactly once while backends are killed', { timeout: TIMEOUT_MS }, async () => {
    const company = await openCompany((url) => Promise.resolve(url), closing)
    const until = performance.now() + full(60_000, 6_000)
    let killed = 0
    const killer = async () => {
      while (performance.now() < until) {
        const rows = await company.connection.sql`
          select pg_terminate_backend(pid) from pg_stat_activity
          where application_name ~ '^(tidemark|posting)' and datname = current_database() order by random() limit 1`
        killed += rows.length
        await sleep(full(5, 20))
      }
    }
    const [{ done, answers, again }] = await Promise.all([runScripts(company, until), killer()])
    expect(company.product.child.exitCode).toBeNull()
    expect(killed).toBeGreaterThan(10)
    expect(done.size).toBeGreaterThan(16)
    expect(again()).toBeGreaterThan(0)
    await expectExactlyOnce(company, done)
    for (const [query, input, before] of answers.slice(0, 20))
      expect((await insist(company, query, input))[0]).toMatchObject(withoutVersion(before))
    await expectExactlyOnce(company, done)
  })

  it('change everything exactly once while commits are lost', { timeout: TIMEOUT_MS }, async () => {
    const laid = Promise.withResolvers<Awaited<ReturnType<typeof openLossyWire>>>()
    const company = await openCompany(async (url) => {
      const wire = await openLossyWire(url)
      laid.resolve(wire)
      return wire.url
    }, closing)
    const wire = await laid.promise
    closing.unshift(() => wire.close())
    wire.setShare(0.3)
    const { done, again } = await runScripts(company, performance.now() + full(60_000, 6_000))
    wire.setShare(0)
    expect(wire.swallowed()).toBeGreaterThan(5)
    expect(again()).toBeGreaterThan(0)
    await expectExactlyOnce(company, done)
  })
})

/** The customer of a repeated answer is as it is now; the rest is what it was. */
const withoutVersion = (answer: Answer): Answer =>
  Object.fromEntries(
    Object.entries(answer).map(([name, told]) => [
      name,
      Object.fromEntries(Object.entries(told).filter(([field]) => field !== 'customer')),
    ]),
  )

describe('scripts that race on one limit', () => {
  it(
    'lose no update: one wins each version, and the others are told which there is',
    { timeout: TIMEOUT_MS },
    async () => {
      const company = await openCompany((url) => Promise.resolve(url), closing)
      const [writers, each] = full([64, 100], [16, 6])
      let conflicts = 0
      const won: number[] = []
      const write = async (name: number) => {
        let expectedVersion = 1
        for (let count = 0; count < each;) {
          const input = {
            customer: { number: 'C-1' },
            limit: usd(String(1 + name + count * writers)),
            reason: 'race',
            expectedVersion,
          }
          const [{ setCreditLimit: answer }] = await insist(company, SET, input)
          if (answer?.['__typename'] === 'SetCreditLimitSuccess') {
            expectedVersion += 1
            won.push(expectedVersion)
            count += 1
          } else {
            conflicts += 1
            const current = Number(answer?.['currentVersion'])
            // Whoever is told of no later one would ask for ever.
            if (!(current > expectedVersion)) throw new Error(JSON.stringify(answer))
            expectedVersion = current
          }
        }
      }
      await Promise.all(Array.from({ length: writers }, (_, name) => write(name)))
      expect(won.toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: writers * each }, (_, index) => index + 2),
      )
      expect(conflicts).toBeGreaterThan(writers)
      await expectSoundLimits(company)
    },
  )

  it('deadlock nobody: lists in opposite orders wait for each other', { timeout: TIMEOUT_MS }, async () => {
    const company = await openCompany((url) => Promise.resolve(url), closing)
    const numbers = ['C-1', 'C-2', 'C-3', 'C-4']
    const send = (turn: number) => {
      const order = turn % 2 === 0 ? numbers : numbers.toReversed()
      const rows = order.map((number) => ({ customer: { number }, limit: usd(String(turn + 1)) }))
      return execute<Answer>(company.url, company.token, SET_MANY, { input: { rows, reason: 'race' } })
    }
    const answers = await Promise.all(Array.from({ length: full(400, 40) }, (_, turn) => send(turn)))
    expect(answers.map(({ setCreditLimits }) => setCreditLimits?.['set'])).toEqual(answers.map(() => 4))
    await expectSoundLimits(company)
  })
})

/** An amount in the whole range of bigint and beyond, with any number of decimals, and what has to become of it. */
const anyAmount = fc
  .record({
    currency: fc.constantFrom('USD', 'JPY', 'KWD'),
    minor: fc.oneof(
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.bigInt({ min: 0n, max: 10n ** 15n }),
      fc.constantFrom(0n, 1n, 10n ** 15n, 10n ** 15n + 1n, 2n ** 63n - 1n, 2n ** 53n + 1n),
    ),
    more: fc.constantFrom('', '', '', '0', '00', '1', '05'),
  })
  .map(({ currency, minor, more }) => {
    const digits = { USD: 2, JPY: 0, KWD: 3 }[currency] ?? 0
    const text = String(minor < 0n ? -minor : minor).padStart(digits + 1, '0')
    const whole = text.slice(0, text.length - digits)
    const plain = digits === 0 ? whole : `${whole}.${text.slice(-digits)}`
    const sign = minor < 0n ? '-' : ''
    const tail = more === '' ? '' : digits === 0 ? `.${more}` : more
    const isTaken = minor >= 0n && minor <= 10n ** 15n && !/[1-9]/.test(more)
    return { currency, amount: `${sign}${plain}${tail}`, kept: isTaken ? plain : null }
  })

type ToldRow = { readonly outcome: string; readonly limit: { readonly amount: object } | null }

describe('amounts', () => {
  it(
    'of any size are kept to the last digit, or refused, by list and by file',
    { timeout: TIMEOUT_MS },
    async () => {
      const company = await openCompany((url) => Promise.resolve(url), closing)
      const { connection, organization, url, token } = company
      await connection.sql`
      insert into customer (organization_id, id, number, name, terms_days)
      select ${organization.id}, gen_random_uuid(), concat('A-', n), 'A', 30 from generate_series(0, 999) as n`
      const amounts = fc.sample(anyAmount, full(10_000, 2_000))
      const rowFields = 'rows { outcome limit { amount { amount currency } } problems { path } }'
      for (let from = 0; from < amounts.length; from += 1_000) {
        const part = amounts.slice(from, from + 1_000)
        const rows = part.map(({ amount, currency }, index) => ({
          customer: { number: `A-${index}` },
          limit: { amount: { amount, currency } },
        }))
        const csv = [
          'customer,limit,currency',
          ...part.map((one, index) => `A-${index},${one.amount},${one.currency}`),
        ]
        // Tried by the file, then set by the list.
        const tried = await execute<Answer>(
          url,
          token,
          `mutation ($input: ImportCreditLimitsInput!) { importCreditLimits(input: $input) {
           ... on ImportCreditLimitsSuccess { ${rowFields} } } }`,
          { input: { csv: csv.join('\n'), reason: 'try', partial: true, dryRun: true } },
        )
        const set = await execute<Answer>(
          url,
          token,
          `mutation ($input: SetCreditLimitsInput!) { setCreditLimits(input: $input) {
           ... on SetCreditLimitsSuccess { ${rowFields} } } }`,
          { input: { rows, reason: 'set', partial: true } },
        )
        const told = (answer: Record<string, unknown> | undefined) =>
          ((answer?.['rows'] ?? []) as ToldRow[]).map(({ outcome, limit }) =>
            outcome === 'REFUSED' ? null : (limit?.amount ?? null),
          )
        const expected = part.map(({ kept, currency }) => (kept === null ? null : { amount: kept, currency }))
        expect(told(set['setCreditLimits'])).toEqual(expected)
        expect(told(tried['importCreditLimits'])).toEqual(expected)
        const stored = await readStored(company)
        const lost = part.filter(
          ({ kept, currency }, index) => kept !== null && stored.get(`A-${index}`) !== `${kept} ${currency}`,
        )
        expect(lost).toEqual([])
      }
      const keptCount = amounts.filter(({ kept }) => kept !== null).length
      expect(keptCount).toBeGreaterThan(amounts.length / 10)
      expect(amounts.length - keptCount).toBeGreaterThan(amounts.length / 10)
    },
  )

  it('as numbers instead of texts are refused', { timeout: TIMEOUT_MS }, async () => {
    const company = await openCompany((url) => Promise.resolve(url), closing)
    const limit = { amount: { amount: 0.1, currency: 'USD' } }
    const input = { customer: { number: 'C-1' }, limit, reason: 'r' }
    const { errors } = await request(company.url, company.token, SET, { input })
    expect(errors[0]?.extensions?.['code']).toBe('BAD_USER_INPUT')
    await expectSoundLimits(company)
  })
})

/** By number: amount and currency, as the API tells them page by page. */
const readStored = async ({ url, token }: Company): Promise<Map<string, string>> => {
  const { customers } = await execute<{
    customers: {
      nodes: { number: string; creditLimit: { amount: { amount: string; currency: string } | null } }[]
    }
  }>(
    url,
    token,
    '{ customers(first: 1000, search: "A-") { nodes { number creditLimit { amount { amount currency } } } } }',
  )
  return new Map(
    customers.nodes.map(({ number, creditLimit: { amount } }) => [
      number,
      `${amount?.amount} ${amount?.currency}`,
    ]),
  )
}

describe('files of anything', () => {
  it('are answered in words, and nothing of them is half written', { timeout: TIMEOUT_MS }, async () => {
    const company = await openCompany((url) => Promise.resolve(url), closing)
    const cell = fc.oneof(
      fc.constantFrom(
        'C-1',
        'C-2',
        'C-3',
        '5',
        '1500.00',
        'unlimited',
        'not set',
        '2026-02-30',
        '2199-12-31',
        'USD',
        '',
      ),
      fc.constantFrom(
        '"',
        '""',
        '"a',
        'a"b',
        '=cmd|calc',
        '-1',
        '1e9',
        'NaN',
        '\t',
        ';',
        '\u202e',
        'x'.repeat(3_000),
      ),
      fc.string({ unit: 'grapheme', maxLength: 12 }),
    )
    const line = fc.array(cell, { maxLength: 8 }).map((cells) => cells.join(','))
    const header = fc.oneof(
      fc.constant('customer,limit,currency,effective_on,until,reason,expected_version'),
      fc.constant('limit,customer'),
      line,
    )
    const files = fc.tuple(header, fc.array(line, { maxLength: 6 }), fc.constantFrom('\n', '\r\n', '\r'))
    const query = `mutation ($input: ImportCreditLimitsInput!) { importCreditLimits(input: $input) { __typename
      ... on ImportCreditLimitsSuccess { set } ... on Problem { message } } }`
    let limits = 0
    for (const [first, lines, ending] of fc.sample(files, full(2_000, 120))) {
      const csv = [first, ...lines].join(ending)
      const input = { csv, reason: 'fuzz', partial: Math.random() < 0.5 }
      const { data, errors, status } = await request<Answer>(company.url, company.token, query, { input })
      // A text that cannot be kept is refused before the file is read.
      const isKeepable = !csv.includes('\0') && csv.isWellFormed()
      expect({ status, errors: errors.length }).toEqual({
        status: isKeepable ? 200 : 400,
        errors: isKeepable ? 0 : 1,
      })
      limits += Number(data?.['importCreditLimits']?.['set'] ?? 0)
    }
    const [row] = await company.connection.sql<{ count: number }[]>`
      select count(*)::int as count from credit_limit where organization_id = ${company.organization.id}`
    expect(row?.count).toBe(limits)
    const wrong = await company.connection.sql`
      select from customer c where organization_id = ${company.organization.id} and version <> 1 + (
        select count(*) from credit_limit l where l.organization_id = c.organization_id and l.customer_id = c.id)`
    expect(wrong.length).toBe(0)
  })
})
