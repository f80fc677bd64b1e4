/** The credit policy's text: written, published by somebody else, approved yearly, acknowledged, sent to a real mail server. */
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { openMailbox, type Mailbox } from '../support/alerts.ts'
import { execute } from '../support/graphql.ts'
import { join, type Visitor } from '../support/people.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

const PATIENT = { timeout: 60_000, interval: 100 }
const SLOW = { timeout: 120_000 }
let now = Temporal.Instant.from('2026-06-30T12:00:00Z')
let mailbox: Mailbox
let server: TestServer
let acme: OrganizationRow
let token: string
let manager: Visitor
let seller: Visitor
beforeAll(async () => {
  mailbox = await openMailbox()
  const delivery = { smtp: { url: mailbox.url, from: 'tidemark@company.example' } }
  server = await startTestServer({ clock: () => now, delivery })
})
afterAll(async () => {
  await server.close()
  await mailbox.close()
})
let count = 0
beforeEach(async () => {
  now = Temporal.Instant.from('2026-06-30T12:00:00Z')
  mailbox.messages.length = 0
  acme = await server.createOrganization({ baseCurrency: 'USD', timeZone: 'UTC' })
  token = await server.createToken(acme)
  count += 1
  manager = await join(server, acme, `manager${count}@company.example`, 'credit_manager')
  seller = await join(server, acme, `seller${count}@company.example`, 'sales')
})

type Answer = Record<string, unknown>
const TEXT = `version title state revision dueOn isOverdue approvals { approvedOn dueOn person { name } }
  acknowledgements { person { name } digest } notAcknowledged { name }
  mailings { nodes { email state lastError customer { number } } }`

const mutation = (name: string): string => {
  const type = name.charAt(0).toUpperCase() + name.slice(1)
  const fields = name === 'sendCreditPolicyText' ? `count text { ${TEXT} }` : `text { ${TEXT} }`
  return `mutation ($input: ${type}Input!) { ${name}(input: $input) {
    __typename ... on ${type}Success { ${fields} } ... on Problem { message path } } }`
}
const byToken = async (name: string, input: Answer): Promise<Answer> => {
  const answer = await execute<Record<string, Answer>>(server.url, token, mutation(name), { input })
  return answer[name] ?? {}
}
const as = async (visitor: Visitor, name: string, input: Answer): Promise<Answer> => {
  const { body } = await visitor.post(
    '/graphql',
    { query: mutation(name), variables: { input } },
    { 'x-tidemark-organization': acme.slug },
  )
  return body.data?.[name] ?? body
}
const read = async (version: number | null = null, fields = TEXT): Promise<Answer | null> => {
  const query = `query ($version: Int) { creditPolicyText(version: $version) { ${fields} } }`
  const answer = await execute<{ creditPolicyText: Answer | null }>(server.url, token, query, { version })
  return answer.creditPolicyText
}
const publish = { version: 1, expectedRevision: 1, reason: 'Agreed with the board' }
const save = (body = '# Terms\nThirty days.') =>
  byToken('saveCreditPolicyText', { title: 'Credit policy', body })
const name = (who: string) => ({ name: `Person ${who}${count}@company.example` })

describe('the text of the credit policy', () => {
  it('is a draft until somebody publishes it who wrote nothing of it', async () => {
    expect(await read()).toBeNull()
    expect(await save()).toMatchObject({
      text: { version: 1, state: 'DRAFT', revision: 1, notAcknowledged: [] },
    })
    expect(await read()).toBeNull()
    expect(await byToken('publishCreditPolicyText', publish)).toMatchObject({
      __typename: 'InvalidInput',
      message: expect.stringMatching(/person who signed in/),
    })
    expect(await as(seller, 'publishCreditPolicyText', publish)).toMatchObject({
      errors: [{ extensions: { code: 'FORBIDDEN' } }],
    })
    // The manager goes on with the draft, and so can publish it no more.
    const mine = { title: 'Credit policy', body: 'Sixty days.', expectedRevision: 1 }
    expect(await as(manager, 'saveCreditPolicyText', mine)).toMatchObject({
      text: { version: 1, revision: 2 },
    })
    expect(await as(manager, 'saveCreditPolicyText', mine)).toMatchObject({ __typename: 'Conflict' })
    expect(await as(manager, 'publishCreditPolicyText', { ...publish, expectedRevision: 2 })).toMatchObject({
      __typename: 'InvalidInput',
      message: expect.stringMatching(/somebody else/),
    })
    const boss = await join(server, acme, `boss${count}@company.example`, 'manager')
    expect(await as(boss, 'publishCreditPolicyText', publish)).toMatchObject({ path: ['expectedRevision'] })
    expect(await as(boss, 'publishCreditPolicyText', { ...publish, expectedRevision: 2 })).toMatchObject({
      text: {
        version: 1,
        state: 'IN_FORCE',
        dueOn: '2027-06-30',
        isOverdue: false,
        approvals: [{ approvedOn: '2026-06-30', dueOn: '2027-06-30', person: name('boss') }],
        notAcknowledged: [name('manager'), name('seller')],
      },
    })
    expect(await as(boss, 'publishCreditPolicyText', { ...publish, expectedRevision: 2 })).toMatchObject({
      __typename: 'NotFound',
    })
  })

  it('is due again after a year, and each version is read anew', async () => {
    await save()
    await as(manager, 'publishCreditPolicyText', publish)
    expect(await byToken('acknowledgeCreditPolicyText', { version: 1 })).toMatchObject({
      __typename: 'InvalidInput',
    })
    const acknowledged = await as(seller, 'acknowledgeCreditPolicyText', { version: 1 })
    expect(acknowledged).toMatchObject({
      text: {
        acknowledgements: [{ person: name('seller'), digest: expect.stringMatching(/^[0-9a-f]{64}$/) }],
        notAcknowledged: [name('manager')],
      },
    })
    expect(await as(seller, 'acknowledgeCreditPolicyText', { version: 1 })).toMatchObject({
      __typename: 'Conflict',
    })
    now = Temporal.Instant.from('2027-07-01T12:00:00Z')
    expect(await read()).toMatchObject({ dueOn: '2027-06-30', isOverdue: true })
    const again = { version: 1, reason: 'Still right' }
    expect(await as(manager, 'reapproveCreditPolicyText', again)).toMatchObject({
      text: { dueOn: '2028-07-01', isOverdue: false, approvals: [{}, { approvedOn: '2027-07-01' }] },
    })
    await save('Now fourteen days.')
    await as(manager, 'publishCreditPolicyText', { ...publish, version: 2 })
    expect(await read()).toMatchObject({ version: 2, acknowledgements: [], dueOn: '2028-07-01' })
    expect(await read(1)).toMatchObject({ state: 'REPLACED', dueOn: null, isOverdue: false })
    expect(await as(manager, 'reapproveCreditPolicyText', again)).toMatchObject({ __typename: 'NotFound' })
    expect(await as(seller, 'acknowledgeCreditPolicyText', { version: 1 })).toMatchObject({
      __typename: 'NotFound',
    })
  })

  it('cannot be changed by anybody once it is published', async () => {
    await save()
    await as(manager, 'publishCreditPolicyText', publish)
    const { inTransaction } = await import('@tidemark/drizzle/transaction.ts')
    const changed = await inTransaction(
      server.connection,
      { organizationId: acme.id, mode: 'write' },
      (tx) => tx.sql`update policy_text set body = 'Forged' returning 1`,
    )
    expect(changed).toHaveLength(0)
  })

  it('shows what was written as a document, and nothing of it as HTML', async () => {
    await save('# Terms\n<img src=x onerror=alert(1)>\n\n- *net* 30')
    const { document, html } = (await read(1, 'document html')) ?? {}
    expect(html).toBe(
      '<h2>Terms</h2>\n<p>&lt;img src=x onerror=alert(1)&gt;</p>\n<ul>\n<li><em>net</em> 30</li>\n</ul>',
    )
    expect(document).toContain('<h2>Terms</h2>')
    expect(document).toContain('&lt;img src=x onerror=alert(1)&gt;')
    expect(document).toContain('<li><em>net</em> 30</li>')
    expect(document).toContain('Version 1, draft, not in force')
    expect(document).not.toMatch(/<img|<script/)
  })

  it('is sent to each address by itself, and says what became of it', SLOW, async () => {
    await execute(
      server.url,
      token,
      'mutation { createCustomer(input: {number: "C-1", name: "C"}) { __typename } }',
    )
    await save()
    const emails = ['ann@customer.example', 'bo@customer.example', 'ANN@customer.example']
    expect(await byToken('sendCreditPolicyText', { version: 1, emails })).toMatchObject({
      __typename: 'NotFound',
    })
    await as(manager, 'publishCreditPolicyText', publish)
    expect(await byToken('sendCreditPolicyText', { emails: ['no address'] })).toMatchObject({
      path: ['emails', '0'],
    })
    const input = {
      emails,
      customer: { number: 'C-1' },
      message: 'As agreed <b>today</b>',
      idempotencyKey: 'once',
    }
    expect(
      await byToken('sendCreditPolicyText', { ...input, idempotencyKey: null, dryRun: true }),
    ).toMatchObject({ count: 2 })
    expect(await byToken('sendCreditPolicyText', input)).toMatchObject({ count: 2 })
    expect(await byToken('sendCreditPolicyText', input)).toMatchObject({ count: 2 })
    const sent = await vi.waitUntil(async () => {
      const text = await read()
      const { nodes } = (text?.['mailings'] ?? { nodes: [] }) as { nodes: Answer[] }
      return nodes.length > 0 && nodes.every(({ state }) => state === 'SENT') ? nodes : null
    }, PATIENT)
    expect(sent).toHaveLength(2)
    expect(sent[0]).toMatchObject({ state: 'SENT', lastError: null, customer: { number: 'C-1' } })
    expect(mailbox.messages.map(({ to }) => to.join().toLowerCase()).toSorted()).toEqual([
      'ann@customer.example',
      'bo@customer.example',
    ])
    const mail = (mailbox.messages[0]?.text ?? '').replaceAll(/=\r?\n/g, '').replaceAll('=3D', '=')
    expect(mail).toContain('Subject: [')
    expect(mail).toContain('Credit policy')
    expect(mail).toContain('As agreed <b>today</b>')
    expect(mail).toContain('As agreed &lt;b&gt;today&lt;/b&gt;')
    expect(mail).toContain('<h2>Terms</h2>')
  })
})
