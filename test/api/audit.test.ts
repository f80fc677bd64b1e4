/** The audit over real HTTP: what it tells, who may see it, what proves it, and its files. */
import { createHash } from 'node:crypto'
import { type IncomingMessage, request as httpRequest } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { customer } from '@tidemark/drizzle/tables/customer.ts'
import { person } from '@tidemark/drizzle/tables/organization.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { asOwner, inTransaction } from '@tidemark/drizzle/transaction.ts'
import { AUDIT_CONTENT, writeAudit } from '@tidemark/server/ledger/audit.ts'
import { sourceOf } from '@tidemark/server/ledger/origin.ts'
import { encodeId } from '@tidemark/server/ids.ts'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { execute, request } from '../support/graphql.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { full } from '../support/scale.ts'

let server: TestServer
let organization: OrganizationRow
let token: string
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())
beforeEach(async () => {
  organization = await server.createOrganization()
  token = await server.createToken(organization)
  await inTransaction(server.connection, write(), (tx) =>
    tx.insert(customer).values({
      organizationId: organization.id,
      id: crypto.randomUUID(),
      number: 'C-1',
      name: 'Customer One',
      termsDays: 30,
    }),
  )
})

const write = () => ({ organizationId: organization.id, mode: 'write', timeoutMs: null }) as const
const ask = <Data>(document: string, variables: Record<string, unknown> = {}, as = token) =>
  execute<Data>(server.url, as, document, variables)

type Receipt = { id: string; hash: string; recordedAt: string }
type Mutated = Record<string, { __typename: string; dryRun: boolean; audit: Receipt | null }>

const MUTATIONS: Readonly<Record<string, () => Record<string, unknown>>> = {
  recordInvoice: () => ({
    customer: { number: 'C-1' },
    number: `I-${crypto.randomUUID()}`,
    amount: { amount: '10', currency: 'USD' },
    issuedOn: '2026-01-01',
  }),
  recordReceipt: () => ({
    customer: { number: 'C-1' },
    amount: { amount: '5', currency: 'USD' },
    receivedOn: '2026-01-02',
    reference: 'cheque 7',
  }),
  setCreditLimit: () => ({
    customer: { number: 'C-1' },
    limit: { amount: { amount: '100', currency: 'USD' } },
    reason: 'pays late',
  }),
  createGoal: () => ({
    name: 'Fewer invoices',
    metric: 'OPEN_INVOICE_COUNT',
    direction: 'DECREASE',
    baseline: '10',
    target: '0',
    deadline: Temporal.Now.plainDateISO('UTC').add({ years: 1 }).toString(),
  }),
}

const mutate = async (name: string, input: Record<string, unknown>, as = token) => {
  const type = name.charAt(0).toUpperCase() + name.slice(1)
  const document = `mutation ($input: ${type}Input!) {
    ${name}(input: $input) { __typename ... on ${type}Success { dryRun audit { id hash recordedAt } } }
  }`
  const answer = (await ask<Mutated>(document, { input }, as))[name]
  expect(answer?.__typename).toBe(`${type}Success`)
  return answer?.audit ?? null
}

const ENTRY = `
  id recordedAt action subject subjectName before after reason requestId hash
  actor { kind name actorId } origin { address agent } seal { sequence hash sealedAt }`
type Entry = {
  id: string
  recordedAt: string
  action: string
  subject: string
  subjectName: string | null
  before: string | null
  after: string | null
  reason: string | null
  requestId: string | null
  hash: string
  actor: { kind: string; name: string; actorId: string | null }
  origin: { address: string | null; agent: string | null } | null
  seal: { sequence: string; hash: string; sealedAt: string } | null
}
const entries = async (variables: Record<string, unknown> = {}, as = token): Promise<Entry[]> => {
  const { auditEntries } = await ask<{ auditEntries: { nodes: Entry[] } }>(
    `query ($first: Int! = 1000, $filter: AuditFilter, $orderBy: [AuditOrder!]) {
      auditEntries(first: $first, filter: $filter, orderBy: $orderBy) { nodes { ${ENTRY} } }
    }`,
    variables,
    as,
  )
  return auditEntries.nodes
}

type Verification = {
  isIntact: boolean
  entries: number
  sealed: number
  unsealed: number
  head: { sequence: string; hash: string } | null
  findings: { kind: string; entryId: string | null; sequence: string | null; message: string }[]
  findingCount: number
}
const verify = async (
  evidence: { receipts?: { id: string; hash: string }[]; heads?: { sequence: string; hash: string }[] } = {},
): Promise<Verification> => {
  const { verifyAuditLog } = await ask<{ verifyAuditLog: Verification }>(
    `query ($receipts: [AuditReceiptInput!]! = [], $heads: [AuditHeadInput!]! = []) {
      verifyAuditLog(receipts: $receipts, heads: $heads) {
        isIntact entries sealed unsealed head { sequence hash sealedAt } findings { kind entryId sequence message }
        findingCount checkedAt tookMs
      }
    }`,
    evidence,
  )
  return verifyAuditLog
}

/** Asks the database: the list costs points, and a fast machine would ask until none are left. */
const untilSealed = async (): Promise<void> => {
  const giveUpAt = performance.now() + 5_000
  const unsealed = () => server.connection.sql`
    select from audit where organization_id = ${organization.id}
      and not exists (select from audit_seal where audit_id = audit.id)`
  while ((await unsealed()).length > 0) {
    if (performance.now() > giveUpAt) throw new Error('Some entries are not sealed')
    await sleep(20)
  }
}

const tamper = (statement: string) => asOwner(server.connection, (tx) => tx.sql.unsafe(statement))

describe('a mutation', () => {
  it.each(Object.keys(MUTATIONS))(
    '%s answers with its entry, once per key and never in a dry run',
    async (name) => {
      const input = { ...MUTATIONS[name]?.(), idempotencyKey: 'a key' }
      expect(await mutate(name, { ...input, dryRun: true })).toBeNull()
      const audit = await mutate(name, input)
      expect(audit).toEqual({
        id: expect.stringMatching(/^audit_[\da-f-]{36}$/),
        hash: expect.stringMatching(/^[\da-f]{64}$/),
        recordedAt: expect.stringMatching(/Z$/),
      })
      expect(await mutate(name, input)).toEqual(audit)
      const [entry, ...others] = await entries({ filter: { action: { eq: name } } })
      expect(others).toEqual([])
      expect(entry).toMatchObject({ id: audit?.id, hash: audit?.hash, recordedAt: audit?.recordedAt })
    },
  )
})

describe('an entry', () => {
  it('tells who, from where, what and why, and is sealed within a second', async () => {
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${token}`,
        'user-agent': 'a program/1.0',
      },
      body: JSON.stringify({
        query: `mutation ($input: SetCreditLimitInput!) { setCreditLimit(input: $input) {
          ... on SetCreditLimitSuccess { customer { id } audit { id hash } } } }`,
        variables: { input: MUTATIONS['setCreditLimit']?.() },
      }),
    })
    const { data } = (await response.json()) as {
      data: { setCreditLimit: { customer: { id: string }; audit: Receipt } }
    }
    const began = performance.now()
    await untilSealed()
    expect(performance.now() - began).toBeLessThan(1_000)
    const [entry] = await entries()
    expect(entry).toMatchObject({
      id: data.setCreditLimit.audit.id,
      action: 'setCreditLimit',
      subject: data.setCreditLimit.customer.id,
      subjectName: 'Customer One',
      reason: 'pays late',
      requestId: response.headers.get('x-request-id'),
      actor: { kind: 'TOKEN', name: "a test's admin", actorId: expect.stringMatching(/^token_/) },
      origin: { address: '127.0.0.1', agent: 'a program/1.0' },
      hash: data.setCreditLimit.audit.hash,
    })
    expect(JSON.parse(entry?.before ?? '')).toEqual({ state: 'NOT_SET', amount: null, currency: null })
    expect(JSON.parse(entry?.after ?? '')).toEqual({
      state: 'AMOUNT',
      amount: '100.00',
      currency: 'USD',
      effectiveOn: Temporal.Now.plainDateISO('UTC').toString(),
      until: null,
    })
    const found = await ask<{ auditEntry: Entry | null }>(
      `query ($id: ID!) { auditEntry(id: $id) { ${ENTRY} } }`,
      { id: entry?.id },
    )
    expect(found.auditEntry).toEqual(entry)
  })

  it('names every kind of actor and subject, and no person once they are erased', async () => {
    const ann = crypto.randomUUID()
    const author = await inTransaction(server.connection, write(), async (tx) => {
      await tx
        .insert(person)
        .values({ organizationId: organization.id, id: ann, name: 'Ann Smith', email: 'ann@example.test' })
      return { organization, actor: `member:${ann}` }
    })
    const where = { requestId: 'r-1', address: '192.0.2.7', agent: 'Firefox' }
    const source = await sourceOf(server.connection, organization.id, { kind: 'member', id: ann }, where)
    await inTransaction(server.connection, write(), async (tx) => {
      await writeAudit(
        tx,
        { ...author, source },
        { action: 'signIn', subject: ann, after: { by: 'password' } },
      )
      await writeAudit(
        tx,
        { organization, actor: 'terminal' },
        { action: 'importRates', subject: organization.id },
      )
      await writeAudit(
        tx,
        { organization, actor: 'demo' },
        { action: 'of tomorrow', subject: 'what is not known' },
      )
      await writeAudit(tx, { organization, actor: 'system' }, { action: 'lockedOut', subject: ann })
      await writeAudit(
        tx,
        { organization, actor: 'cli:ann' },
        { action: 'importRates', subject: organization.id },
      )
    })
    const told = (
      await entries({ first: 5, orderBy: [{ field: 'RECORDED_AT', direction: 'DESC' }] })
    ).toReversed()
    expect(told).toMatchObject([
      {
        actor: { kind: 'MEMBER', name: 'Ann Smith', actorId: encodeId('person', ann) },
        subject: encodeId('person', ann),
        subjectName: 'Ann Smith',
        origin: { address: '192.0.2.7', agent: 'Firefox' },
        requestId: 'r-1',
      },
      {
        actor: { kind: 'TERMINAL', name: 'command line', actorId: null },
        subjectName: organization.name,
        origin: null,
      },
      { actor: { kind: 'DEMO', name: 'demo' }, subject: 'what is not known', subjectName: null },
      { actor: { kind: 'SYSTEM', name: 'Tidemark' }, subjectName: 'Ann Smith' },
      { actor: { kind: 'TERMINAL' } },
    ])
    await untilSealed()
    const head = (await verify()).head

    const erase = await mutate('erasePerson', { id: encodeId('person', ann), reason: 'asked for it' })
    expect(erase).not.toBeNull()
    const after = await entries({ filter: { actorId: [encodeId('person', ann)] } })
    expect(after).toMatchObject([
      { actor: { kind: 'MEMBER', name: expect.stringMatching(/^Erased person/) }, origin: null },
    ])
    const kept = await server.connection.sql`select to_jsonb(audit.*)::text as row from audit`
    expect(JSON.stringify(kept)).not.toMatch(/Smith|ann@example|192\.0\.2\.7|Firefox/)
    await untilSealed()
    expect(
      await verify({ heads: head === null ? [] : [{ sequence: head.sequence, hash: head.hash }] }),
    ).toMatchObject({
      isIntact: true,
      findings: [],
    })
  })
})

describe('the list of entries', () => {
  beforeEach(async () => {
    await inTransaction(server.connection, write(), async (tx) => {
      for (let index = 0; index < 30; index++) {
        const moment = Temporal.Instant.from('2026-03-01T00:00:00Z').add({ seconds: Math.floor(index / 3) })
        const record = { action: index % 2 === 0 ? 'even' : 'odd', subject: `s${index % 5}` }
        await writeAudit(tx, { organization, actor: index % 3 === 0 ? 'demo' : 'terminal' }, record, moment)
      }
    })
  })

  const noted = { recordedAt: { lt: '2026-03-02T00:00:00Z' } }

  it('comes page by page, either way, with nothing twice and nothing left out', async () => {
    for (const direction of ['ASC', 'DESC']) {
      const ids: string[] = []
      let after: string | null = null
      do {
        const page: {
          auditEntries: { nodes: Entry[]; pageInfo: { endCursor: string | null }; totalCount: number }
        } = await ask(
          `query ($after: String, $filter: AuditFilter, $orderBy: [AuditOrder!]) {
            auditEntries(first: 7, after: $after, filter: $filter, orderBy: $orderBy) {
              nodes { id recordedAt } pageInfo { hasNextPage endCursor } totalCount } }`,
          { after, filter: noted, orderBy: [{ field: 'RECORDED_AT', direction }] },
        )
        expect(page.auditEntries.totalCount).toBe(30)
        ids.push(...page.auditEntries.nodes.map(({ recordedAt, id }) => `${recordedAt} ${id}`))
        after = page.auditEntries.pageInfo.endCursor
      } while (after !== null)
      expect(new Set(ids).size).toBe(30)
      expect(ids).toEqual(direction === 'ASC' ? ids.toSorted() : ids.toSorted().toReversed())
    }
  })

  it.each([
    [{ action: { eq: 'odd' } }, 15],
    [{ action: { in: ['odd', 'even'] } }, 30],
    [{ actorKind: ['DEMO'] }, 10],
    [{ actorKind: [] }, 0],
    [{ subject: ['s1', 's2'] }, 12],
    [{ subject: ['s1'], action: { eq: 'odd' } }, 3],
    [{ or: [{ subject: ['s0'] }, { actorKind: ['DEMO'] }] }, 14],
    [{ not: { actorKind: ['DEMO'] } }, 20],
    [{ not: {} }, 0],
    [
      {
        and: [
          { recordedAt: { gte: '2026-03-01T00:00:02Z' } },
          { recordedAt: { lte: '2026-03-01T00:00:03Z' } },
        ],
      },
      6,
    ],
    [{ recordedAt: { gt: '2026-03-01T00:00:02Z' } }, 21],
    [{ actorId: ['person_01999999-9999-7999-8999-999999999999', 'nonsense'] }, 0],
  ])('takes the filter %j', async (filter, count) => {
    expect(await entries({ filter: { and: [noted, filter] } })).toHaveLength(count)
  })

  it('is read along indexes, also by subject', async () => {
    const plan = (condition: string, order: string) =>
      inTransaction(server.connection, { organizationId: organization.id, mode: 'read' }, async ({ sql }) => {
        await sql`select set_config('enable_seqscan', 'off', true), set_config('enable_sort', 'off', true)`
        const rows = await sql.unsafe<{ 'QUERY PLAN': string }[]>(
          `explain select id from audit where organization_id = '${organization.id}' ${condition}
           order by recorded_at ${order}, id ${order} limit 51`,
        )
        return rows.map((row) => row['QUERY PLAN']).join('\n')
      })
    expect(await plan('', 'desc')).toContain('audit_recorded')
    expect(await plan(`and subject = 's1'`, 'desc')).toContain('audit_subject')
  })

  it('refuses cursors of another order and filters without end', async () => {
    const deep = { not: { not: { not: { not: { not: { not: {} } } } } } }
    const { errors } = await request(
      server.url,
      token,
      'query ($filter: AuditFilter) { auditEntries(filter: $filter) { totalCount } }',
      { filter: deep },
    )
    expect(errors[0]?.extensions?.['code']).toBe('BAD_USER_INPUT')
    const wrong = await request(server.url, token, '{ auditEntries(after: "bm8") { totalCount } }')
    expect(wrong.errors[0]?.extensions?.['code']).toBe('BAD_USER_INPUT')
  })
})

describe('the rights', () => {
  it('show the audit to auditors, and to nobody without `audit:read`', async () => {
    const auditor = await server.createToken(organization, 'auditor')
    expect((await entries({}, auditor)).length).toBeGreaterThan(0)
    const viewer = await server.createToken(organization, 'viewer')
    for (const field of [
      'auditEntries { totalCount }',
      'auditEntry(id: "audit_0") { id }',
      'verifyAuditLog { isIntact }',
      'auditHead { hash }',
    ]) {
      const { errors } = await request(server.url, viewer, `{ ${field} }`)
      expect({ field, code: errors[0]?.extensions?.['code'] }).toEqual({ field, code: 'FORBIDDEN' })
    }
    const file = await fetch(`${server.url}/export/audit.csv`, {
      headers: { authorization: `Bearer ${viewer}` },
    })
    expect(file.status).toBe(403)
    expect((await fetch(`${server.url}/export/audit.csv`)).status).toBe(401)
  })

  it('of another organization show nothing of this one', async () => {
    const [mine] = await entries()
    const other = await server.createToken(await server.createOrganization())
    const ids = (await entries({}, other)).map(({ id }) => id)
    expect(ids).not.toContain(mine?.id)
    const { auditEntry } = await ask<{ auditEntry: unknown }>(
      'query ($id: ID!) { auditEntry(id: $id) { id } }',
      { id: mine?.id },
      other,
    )
    expect(auditEntry).toBeNull()
  })

  it.each([
    'update audit set reason = $$x$$',
    'delete from audit',
    'truncate audit',
    `copy audit from stdin`,
    `merge into audit using (select 1) as s on true when matched then delete`,
    'update audit_seal set hash = $$x$$',
    'delete from audit_seal',
    'truncate audit_seal',
    `copy audit_seal from stdin`,
    'delete from audit_head',
    'alter table audit disable row level security',
    'drop table audit_seal',
  ])('of the application do not suffice to %s', async (statement) => {
    const attempt = inTransaction(server.connection, write(), (tx) => tx.sql.unsafe(statement))
    await expect(attempt).rejects.toMatchObject({ code: expect.stringMatching(/^(42501|0A000)$/) })
  })
})

describe('the proof', () => {
  const record = async () => {
    const receipts: { id: string; hash: string }[] = []
    for (const name of Object.keys(MUTATIONS)) {
      const audit = await mutate(name, MUTATIONS[name]?.() ?? {})
      if (audit !== null) receipts.push({ id: audit.id, hash: audit.hash })
    }
    await untilSealed()
    return receipts
  }

  it('finds nothing where nothing is wrong', async () => {
    const receipts = await record()
    const { auditHead } = await ask<{ auditHead: { sequence: string; hash: string } }>(
      '{ auditHead { sequence hash } }',
    )
    const found = await verify({ receipts, heads: [auditHead] })
    expect(found).toMatchObject({
      isIntact: true,
      unsealed: 0,
      findings: [],
      findingCount: 0,
      head: auditHead,
    })
    expect(found.entries).toBe(found.sealed)
    expect(Number(auditHead.sequence)).toBe(found.sealed)
  })

  it('can be recomputed outside, by what the contract says', async () => {
    await record()
    const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
    const chained = (await entries()).toSorted((a, b) => Number(a.seal?.sequence) - Number(b.seal?.sequence))
    let hash = sha256(JSON.stringify([organization.id]))
    for (const { id, hash: own, seal } of chained) {
      const sealedAt = seal?.sealedAt.replace(
        /(?:\.(\d*))?Z$/,
        (_all, digits = '') => `.${String(digits).padEnd(6, '0')}Z`,
      )
      hash = sha256(
        JSON.stringify([organization.id, seal?.sequence, hash, id.replace('audit_', ''), own, sealedAt]),
      )
      expect(seal?.hash).toBe(hash)
    }
  })

  it('names a row that was changed, by its owner, at its place', async () => {
    const [first] = await record()
    await tamper(`update audit set reason = 'another' where id = '${first?.id.replace('audit_', '')}'`)
    expect(await verify()).toMatchObject({
      isIntact: false,
      findingCount: 1,
      findings: [
        { kind: 'CHANGED', entryId: first?.id, message: expect.stringContaining('not what was sealed') },
      ],
    })
  })

  it('finds by receipts and heads that all of it was written anew', async () => {
    const receipts = await record()
    const { head } = await verify()
    const [first] = receipts
    const of = `organization_id = '${organization.id}'`
    await tamper(`
      update audit set reason = 'another' where id = '${first?.id.replace('audit_', '')}';
      update audit set hash = encode(sha256(convert_to(${AUDIT_CONTENT}, 'UTF8')), 'hex') where ${of};
      delete from audit_seal where ${of}; delete from audit_head where ${of}`)
    await sleep(1_200)
    await untilSealed()
    expect(await verify()).toMatchObject({ isIntact: true })
    const found = await verify({
      receipts,
      heads: head === null ? [] : [{ sequence: head.sequence, hash: head.hash }],
    })
    expect(found.findings).toMatchObject([
      { kind: 'HEAD_DIFFERS', sequence: head?.sequence },
      { kind: 'RECEIPT_UNKNOWN', entryId: first?.id },
    ])
  })

  it('tells of receipts and heads that it never had, and refuses what are none', async () => {
    await record()
    const hash = '0'.repeat(64)
    const id = encodeId('audit', crypto.randomUUID())
    expect(
      (await verify({ receipts: [{ id, hash }], heads: [{ sequence: '999', hash }] })).findings,
    ).toMatchObject([
      { kind: 'HEAD_DIFFERS', sequence: '999' },
      { kind: 'RECEIPT_UNKNOWN', entryId: id },
    ])
    for (const evidence of [
      { receipts: [{ id: 'customer_1', hash }] },
      { receipts: [{ id, hash: 'short' }] },
      { heads: [{ sequence: '-1', hash }] },
      { heads: [{ sequence: '99999999999999999999', hash }] },
    ]) {
      const { errors } = await request(
        server.url,
        token,
        `query ($receipts: [AuditReceiptInput!]! = [], $heads: [AuditHeadInput!]! = []) {
          verifyAuditLog(receipts: $receipts, heads: $heads) { isIntact } }`,
        evidence,
      )
      expect({ evidence, code: errors[0]?.extensions?.['code'] }).toEqual({
        evidence,
        code: 'BAD_USER_INPUT',
      })
    }
  })

  it('tells of entries that wait too long for a seal, and of none that were committed just now', async () => {
    await record()
    const old = Temporal.Now.instant().subtract({ hours: 1 })
    const author = { organization, actor: 'terminal' }
    // As an import of an hour writes it: old, and committed now.
    await inTransaction(server.connection, write(), (tx) =>
      writeAudit(tx, author, { action: 'late', subject: 'x' }, old),
    )
    expect(await verify()).toMatchObject({ isIntact: true })
    await untilSealed()
    // A sealer that cannot seal: its next number is taken.
    const of = `organization_id = '${organization.id}'`
    await tamper(`insert into audit_seal select organization_id, sequence + 1, gen_random_uuid(), '', '', now()
      from audit_head where ${of}`)
    const stuck = await inTransaction(server.connection, write(), (tx) =>
      writeAudit(tx, author, { action: 'late', subject: 'x' }, old),
    )
    const found = await verify()
    expect(found.unsealed).toBe(1)
    expect(found.findings).toContainEqual(
      expect.objectContaining({ kind: 'UNSEALED', entryId: encodeId('audit', stuck.id) }),
    )
  })

  it('costs as much as it reads', async () => {
    const { errors } = await request(
      server.url,
      token,
      '{ a: verifyAuditLog { isIntact } b: verifyAuditLog { isIntact } c: verifyAuditLog { isIntact } }',
    )
    expect(errors[0]?.extensions?.['code']).toBe('LIMIT_EXCEEDED')
  })
})

describe('a file of the audit', () => {
  const download = (query: string, as = token) =>
    fetch(`${server.url}/export/audit.${query}`, { headers: { authorization: `Bearer ${as}` } })

  it('has every entry with its seal, as NDJSON', async () => {
    await mutate('setCreditLimit', MUTATIONS['setCreditLimit']?.() ?? {})
    await untilSealed()
    const response = await download('ndjson')
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8')
    expect(response.headers.get('content-disposition')).toMatch(
      new RegExp(`^attachment; filename="audit-${organization.slug}-\\d{4}-\\d\\d-\\d\\d.ndjson"$`),
    )
    const lines = (await response.text())
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Entry)
    const listed = (await entries({ orderBy: [{ field: 'RECORDED_AT', direction: 'ASC' }] })).map(
      ({ id, hash, subject, seal, actor, origin }) => ({
        id,
        hash,
        subject,
        sequence: seal?.sequence,
        sealHash: seal?.hash,
        sealedAt: seal?.sealedAt,
        actorName: actor.name,
        address: origin?.address ?? null,
      }),
    )
    expect(lines).toMatchObject(listed)
    expect(lines.at(-1)).toMatchObject({ before: { state: 'NOT_SET' }, after: { amount: '100.00' } })
  })

  it('has no cell that a spreadsheet would carry out, as CSV', async () => {
    const reasons = ['=1+1', '+1', '-1', '@sum', '\tx', 'a "quoted", long\nline', '\rx', 'plain', 'ünïcode €']
    for (const reason of reasons) {
      await inTransaction(server.connection, write(), (tx) =>
        writeAudit(tx, { organization, actor: 'terminal' }, { action: 'note', subject: 'x', reason }),
      )
    }
    const response = await download('csv?action=note&bom=1')
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present')
    const bytes = new Uint8Array(await response.arrayBuffer())
    expect(Array.from(bytes.slice(0, 3))).toEqual([0xef, 0xbb, 0xbf])
    const [header, ...rows] = parseCsv(new TextDecoder().decode(bytes))
    const column = header?.indexOf('reason') ?? -1
    expect(rows.map((row) => row[column])).toEqual(
      reasons.map((reason) => (/^[=+\-@\t\r]/.test(reason) ? `'${reason}` : reason)),
    )
    expect(rows.every((row) => row.length === header?.length)).toBe(true)
  })

  it('takes the filters of the API as parameters, and names one that is wrong', async () => {
    await mutate('setCreditLimit', MUTATIONS['setCreditLimit']?.() ?? {})
    const lines = async (query: string) =>
      (await (await download(`ndjson?${query}`)).text()).split('\n').length - 1
    const all = await lines('')
    expect(await lines('action=setCreditLimit')).toBe(1)
    expect(await lines('actorKind=TOKEN')).toBe(1)
    expect(await lines('action=setCreditLimit&action=createToken')).toBe(2)
    expect(await lines('recordedAt.gte=2999-01-01T00:00:00Z')).toBe(0)
    expect(await lines('recordedAt.lt=2999-01-01T00:00:00Z&direction=DESC')).toBe(all)
    for (const [query, parameter] of [
      ['recordedAt.gte=yesterday', 'recordedAt.gte'],
      ['actorKind=nobody', 'actorKind'],
      ['actorId=x', 'actorId'],
      ['direction=up', 'direction'],
      ['bom=yes', 'bom'],
      ['colour=blue', 'colour'],
    ] as const) {
      const response = await download(`csv?${query}`)
      const told: unknown = await response.json()
      expect({ query, status: response.status, told }).toMatchObject({
        query,
        status: 400,
        told: {
          errors: [
            {
              message: expect.stringContaining(parameter),
              extensions: { code: 'BAD_USER_INPUT', parameter },
            },
          ],
        },
      })
    }
  })
})

describe('a large file of the audit', () => {
  /** More than the buffers on its way hold, of what cannot be compressed. */
  const ROWS = full(200_000, 15_000)
  let download: { url: string; headers: Record<string, string> }
  beforeAll(async () => {
    const big = await server.createOrganization()
    const reader = await server.createToken(big, 'auditor')
    download = { url: `${server.url}/export/audit.ndjson`, headers: { authorization: `Bearer ${reader}` } }
    await asOwner(
      server.connection,
      ({ sql }) => sql`
        insert into audit (organization_id, id, actor, action, subject, after, hash)
        select ${big.id}, gen_random_uuid(), 'terminal', 'note', 'x', jsonb_build_object('text',
          (select string_agg(md5((n * 64 + part)::text), '') from generate_series(1, 64) as part)), 'h'
        from generate_series(1, ${ROWS}::int) as n`,
    )
  }, 120_000)

  /** The connections that wait for a reader; others, such as the sealer's, quote no names. */
  const resting = () => server.connection.sql<{ pid: number }[]>`
    select pid from pg_stat_activity
    where datname = current_database() and state like 'idle in transaction%' and query like '%from "audit%'`
  /** The same, and those that are just reading on. */
  const held = () => server.connection.sql<{ pid: number }[]>`
    select pid from pg_stat_activity
    where datname = current_database() and state <> 'idle' and query like '%from "audit%'
      and pid <> pg_backend_pid()`
  const until = async (holds: () => Promise<boolean>) => {
    const giveUpAt = performance.now() + 10_000
    while (!(await holds())) {
      if (performance.now() > giveUpAt) throw new Error('It did not come to that')
      await sleep(20)
    }
  }

  /** Reads nothing beyond the first bytes before `goOn`. */
  const open = async (headers: Record<string, string> = {}) => {
    const begun = Promise.withResolvers<IncomingMessage>()
    const sent = httpRequest(download.url, { headers: { ...download.headers, ...headers } }, begun.resolve)
    sent.once('error', begun.reject)
    sent.end()
    const response = await begun.promise
    expect(response.statusCode).toBe(200)
    response.once('readable', () => {})
    await until(async () => (await resting()).length > 0)
    return { sent, response }
  }

  it('comes whole, however slowly it is read', { timeout: 300_000 }, async () => {
    const { response } = await open()
    await sleep(300)
    let lines = 0
    for await (const chunk of response as AsyncIterable<Buffer>)
      lines += chunk.toString('latin1').split('\n').length - 1
    expect(lines).toBeGreaterThanOrEqual(ROWS)
    expect(response.complete).toBe(true)
  })

  it('lets go of the database when its reader leaves', async () => {
    const { sent } = await open()
    sent.destroy()
    await expect.poll(held, { timeout: 10_000 }).toEqual([])
  })

  it.each(['identity', 'gzip'])(
    'is never silently short where the database fails midway (%s)',
    async (encoding) => {
      const { response } = await open({ 'accept-encoding': encoding })
      const closed = new Promise<void>((resolve) => response.once('close', resolve))
      response.on('error', () => {})
      await until(async () => {
        const killed = await Promise.all(
          (await resting()).map(({ pid }) => server.connection.sql`select pg_terminate_backend(${pid})`),
        )
        return killed.length > 0
      })
      response.resume()
      await closed
      expect(response.complete).toBe(false)
    },
  )

  it('is sent to a few at a time, so that viewers keep their connections', async () => {
    const opened = await Promise.all([open(), open(), open()])
    const fourth = await fetch(download.url, { headers: download.headers })
    expect(fourth.status).toBe(429)
    for (const { sent } of opened) sent.destroy()
    await until(async () => (await resting()).length === 0)
  })
})

/** Every cell of a CSV, by RFC 4180. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [[]]
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g)) {
    const row = rows.at(-1)
    if (row === undefined || (end === '' && quoted === undefined && plain === '' && row.length === 0)) break
    row.push(quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'))
    if (end === '\r\n') rows.push([])
  }
  return rows.filter((row) => row.length > 0)
}
