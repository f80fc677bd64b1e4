/** What is sent of alerts: to a real SMTP server and a real web server, once, and after faults. */
import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { isPublic, lookUpPublic, RefusedAddressError, urlFault } from '@tidemark/server/delivery/addresses.ts'
import {
  carryOut,
  createRule,
  done,
  openHook,
  openMailbox,
  readAlerts,
  voidInvoices,
  type Delivery,
  type Hook,
  type Mailbox,
} from '../support/alerts.ts'
import { createDatabase } from '../support/database.ts'
import { openDesk, type Desk } from '../support/goals.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

const PATIENT = { timeout: 40_000, interval: 50 }
const SLOW = { timeout: 120_000 }
const BEGIN = Temporal.Instant.from('2026-07-01T16:00:00Z')
let now = BEGIN
let hook: Hook
let mailbox: Mailbox
let server: TestServer
let desk: Desk
beforeAll(async () => {
  hook = await openHook()
  mailbox = await openMailbox()
  const delivery = {
    smtp: { url: mailbox.url, from: 'tidemark@company.example' },
    privateWebhooks: true,
    publicUrl: 'https://tidemark.company.example',
  }
  server = await startTestServer({ clock: () => now, delivery })
})
afterAll(async () => {
  await server.close()
  await hook.close()
  await mailbox.close()
})
beforeEach(async () => {
  now = BEGIN
  hook.requests.length = 0
  hook.answer = 204
  mailbox.messages.length = 0
  desk = await openDesk(server, '')
})

const toHook = async (of = desk, name = 'Hook') => {
  const { channel, secret } = await done(of, 'createAlertChannel', { name, target: { url: hook.url } })
  return { id: channel?.id ?? '', secret: secret ?? '' }
}
const toMail = async () => {
  const emails = ['ann@company.example', 'bo@company.example']
  const { channel } = await done(desk, 'createAlertChannel', { name: 'Mail', target: { emails } })
  return channel?.id ?? ''
}
const readDeliveries = async (of = desk): Promise<readonly Delivery[]> => {
  const document =
    '{ alertDeliveries(first: 100) { nodes { id state attempts lastError transition { kind } } } }'
  return (await of.ask<{ alertDeliveries: { nodes: Delivery[] } }>(document)).alertDeliveries.nodes
}
const untilDeliveries = (isWanted: (deliveries: readonly Delivery[]) => boolean, of = desk) =>
  vi.waitUntil(async () => {
    const deliveries = await readDeliveries(of)
    return isWanted(deliveries) ? deliveries : null
  }, PATIENT)
/** As if the time until the next try had passed. */
const hurry = (of = server) => of.connection.sql`update graphile_worker._private_jobs set run_at = now()`

/** Without folded headers and quoted-printable. */
const plain = (text = '') =>
  text
    .replaceAll(/\r?\n\s+</g, ' <')
    .replaceAll(/=\r?\n/g, '')
    .replaceAll('=3D', '=')

describe('a webhook', () => {
  it('is signed as the specification says, when an alert is raised and when it is over', SLOW, async () => {
    const { id, secret } = await toHook()
    expect(secret).toMatch(/^whsec_[\w+/=]{44}$/)
    const rule = await createRule(desk, { channelIds: [id] })
    await desk.bill([1, 2, 3])
    await vi.waitUntil(() => hook.requests.length === 1, PATIENT)
    await voidInvoices(desk, [3])
    await vi.waitUntil(() => hook.requests.length === 2, PATIENT)
    const key = Buffer.from(secret.slice('whsec_'.length), 'base64')
    for (const { headers, body } of hook.requests) {
      const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`
      const signature = createHmac('sha256', key).update(signed).digest('base64')
      expect(headers['webhook-signature']).toBe(`v1,${signature}`)
      expect(Number(headers['webhook-timestamp'])).toBe(BEGIN.epochMilliseconds / 1_000)
    }
    expect(hook.requests.map(({ body }) => JSON.parse(body) as unknown)).toMatchObject([
      {
        type: 'alert.raised',
        data: { dedupeKey: `${rule.id}:1`, severity: 'WARNING', summary: 'Open invoices are 3.', value: '3' },
      },
      { type: 'alert.recovered', data: { dedupeKey: `${rule.id}:1`, summary: 'Open invoices are 2.' } },
    ])
    const deliveries = await untilDeliveries((all) => all.every(({ state }) => state === 'SENT'))
    expect(deliveries.map((one) => [one.transition.kind, one.attempts, one.lastError])).toEqual([
      ['RECOVERED', 1, null],
      ['RAISED', 1, null],
    ])
    expect(hook.requests[0]?.headers['webhook-id']).toBe(deliveries[1]?.id)
  })

  it('that does not take it gets it again under the same id, until it does', SLOW, async () => {
    const { id } = await toHook()
    await createRule(desk, { channelIds: [id] })
    hook.answer = 503
    await desk.bill([1, 2, 3])
    const [failed] = await untilDeliveries(([one]) => one?.state === 'FAILED')
    expect(failed).toMatchObject({ attempts: 1, lastError: 'The other side answered 503' })
    // Nor is a redirection followed.
    hook.answer = 302
    await hurry()
    await untilDeliveries(([one]) => one?.state === 'FAILED' && one.lastError?.endsWith('302') === true)
    hook.answer = 200
    await hurry()
    const [sent] = await untilDeliveries(([one]) => one?.state === 'SENT')
    expect(sent).toMatchObject({ attempts: 3, lastError: null })
    expect(hook.requests).toHaveLength(3)
    expect(new Set(hook.requests.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
  })

  it('that never takes it leaves a dead letter, which can be sent again', SLOW, async () => {
    const { id } = await toHook()
    await createRule(desk, { channelIds: [id] })
    hook.answer = 500
    await desk.bill([1, 2, 3])
    await untilDeliveries(([one]) => one?.state === 'FAILED')
    await server.connection.sql`
      update alert_delivery set attempts = 13 where organization_id = ${desk.organization.id}`
    await hurry()
    const [dead] = await untilDeliveries(([one]) => one?.state === 'DEAD')
    hook.answer = 204
    const { delivery } = await done(desk, 'retryAlertDelivery', { delivery: dead?.id })
    expect(delivery).toMatchObject({ id: dead?.id, attempts: 0 })
    await untilDeliveries(([one]) => one?.state === 'SENT')
    expect(await carryOut(desk, 'retryAlertDelivery', { delivery: dead?.id })).toMatchObject({
      __typename: 'InvalidInput',
      path: ['delivery'],
    })
  })

  it('has a secret that is shown once, stored encrypted, and can be changed', SLOW, async () => {
    const { id, secret } = await toHook()
    const [row] = await server.connection.sql<{ secret: string; told: string }[]>`
      select secret, (select string_agg(a.after::text, '') from audit a where a.organization_id = c.organization_id) as told
      from alert_channel c where organization_id = ${desk.organization.id}`
    expect(row?.secret).toMatch(/^v1\./)
    expect(`${row?.secret}${row?.told}`).not.toContain(secret.slice(6, 30))
    const rotated = await done(desk, 'rotateAlertChannelSecret', { channel: id })
    expect(rotated.secret).not.toBe(secret)
    await createRule(desk, { channelIds: [id] })
    await desk.bill([1, 2, 3])
    await vi.waitUntil(() => hook.requests.length === 1, PATIENT)
    const [{ headers, body } = { headers: {}, body: '' }] = hook.requests
    const signature = createHmac('sha256', Buffer.from((rotated.secret ?? '').slice(6), 'base64'))
      .update(`${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`)
      .digest('base64')
    expect(headers['webhook-signature']).toBe(`v1,${signature}`)
  })
})

describe('mail', () => {
  it('goes to every address, as one conversation', SLOW, async () => {
    await createRule(desk, { channelIds: [await toMail()] })
    await desk.bill([1, 2, 3])
    await vi.waitUntil(() => mailbox.messages.length === 1, PATIENT)
    const [message] = mailbox.messages.map((one) => ({ ...one, text: plain(one.text) }))
    expect(message?.to).toEqual(['ann@company.example', 'bo@company.example'])
    expect(message?.text).toContain('Many open invoices')
    expect(message?.text).toContain('Open invoices are 3.')
    expect(message?.text).toMatch(/Auto-Submitted: auto-generated/i)
    expect(message?.text).toMatch(/References: </)
    expect(message?.text).toContain('https://tidemark.company.example/alerts?alert=alert_')
    await voidInvoices(desk, [3])
    await vi.waitUntil(() => mailbox.messages.length === 2, PATIENT)
    const referenceOf = (text = '') => /References: (<.*?>)/i.exec(text)?.[1]
    expect(referenceOf(plain(mailbox.messages[1]?.text))).toBe(referenceOf(message?.text))
  })

  it('that is refused is tried again', SLOW, async () => {
    mailbox.isClosed = true
    await createRule(desk, { channelIds: [await toMail()] })
    await desk.bill([1, 2, 3])
    const [failed] = await untilDeliveries(([one]) => one?.state === 'FAILED')
    expect(failed?.lastError).toMatch(/No such mailbox|recipients/)
    mailbox.isClosed = false
    await hurry()
    await untilDeliveries(([one]) => one?.state === 'SENT')
    expect(mailbox.messages).toHaveLength(1)
  })
})

describe('quiet hours', () => {
  it('hold messages back, but not the alert', SLOW, async () => {
    const { id } = await toHook()
    // It is noon in New York.
    await createRule(desk, { channelIds: [id], quietHours: { from: '11:00', to: '13:00' } })
    await desk.bill([1, 2, 3])
    await vi.waitUntil(async () => (await readAlerts(desk)).length === 1, PATIENT)
    const { alertDeliveries } = await desk.ask<{ alertDeliveries: { nodes: unknown[] } }>(
      '{ alertDeliveries { nodes { state attempts dueAt } } }',
    )
    expect(alertDeliveries.nodes).toEqual([{ state: 'QUEUED', attempts: 0, dueAt: '2026-07-01T17:00:00Z' }])
    // Should the queue be early, it waits on.
    await hurry()
    await vi.waitUntil(async () => {
      const [job] = await server.connection.sql<{ waits: boolean }[]>`
        select bool_and(run_at > now() + interval '30 minutes') as waits from graphile_worker._private_jobs`
      return job?.waits
    }, PATIENT)
    expect(hook.requests).toEqual([])
    now = BEGIN.add({ hours: 1 })
    await hurry()
    await vi.waitUntil(() => hook.requests.length === 1, PATIENT)
  })
})

describe('several processes', () => {
  it('send everything once', SLOW, async () => {
    const delivery = { privateWebhooks: true }
    const other = await startTestServer({ clock: () => now, beside: server, delivery })
    try {
      const { id } = await toHook()
      for (let index = 0; index < 12; index++)
        await createRule(desk, { name: `Rule ${index}`, channelIds: [id] })
      await desk.bill([1, 2, 3])
      await untilDeliveries((all) => all.length === 12 && all.every(({ state }) => state === 'SENT'))
      expect(hook.requests).toHaveLength(12)
      expect(new Set(hook.requests.map(({ headers }) => headers['webhook-id'])).size).toBe(12)
    } finally {
      await other.close()
    }
  })

  it('send what one of them was stopped before, and what one had taken that was killed', SLOW, async () => {
    const database = await createDatabase()
    const start = () =>
      startTestServer({
        clock: () => now,
        beside: { ...server, databaseUrl: database.url },
        delivery: { privateWebhooks: true },
      })
    let running = await start()
    try {
      const other = await openDesk(running, '')
      const { id } = await toHook(other)
      await createRule(other, { channelIds: [id], quietHours: { from: '11:00', to: '13:00' } })
      await other.bill([1, 2, 3])
      await vi.waitUntil(async () => (await readAlerts(other)).length === 1, PATIENT)
      await running.close()
      now = BEGIN.add({ hours: 2 })
      running = await start()
      expect(hook.requests).toEqual([])
      // A process had begun to send it, and was killed.
      await running.connection.sql`
        update graphile_worker._private_jobs
        set run_at = now(), locked_at = now() - interval '3 minutes', locked_by = 'killed'`
      await vi.waitUntil(() => hook.requests.length === 1, PATIENT)
      await vi.waitUntil(async () => {
        const [row] = await running.connection.sql<{ state: string }[]>`select state from alert_delivery`
        return row?.state === 'SENT'
      }, PATIENT)
      // After a restored backup there may be deliveries without a job.
      await running.connection.sql`update alert_delivery set state = 'QUEUED'`
      await running.close()
      running = await start()
      await vi.waitUntil(() => hook.requests.length === 2, PATIENT)
      expect(new Set(hook.requests.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
    } finally {
      await running.close()
      await database.drop()
    }
  })
})

describe('where a webhook may lead', () => {
  it.each([
    ['https://hooks.company.example/in', null],
    ['http://hooks.company.example/in', /https/],
    ['https://127.0.0.1/in', /no public address/],
    ['https://[::1]/in', /no public address/],
    ['https://2130706433/in', /no public address/],
    ['https://10.1.2.3/in', /no public address/],
    ['https://localhost/in', /no public address/],
    ['https://metadata.google.internal/in', /no public address/],
    ['https://user:word@hooks.company.example/in', /user or password/],
    ['hooks', /no address/],
  ])('%s', (url, fault) => {
    const found = urlFault(url, false)
    expect(fault === null ? found === null : fault.test(found ?? '')).toBe(true)
  })

  it('is the public internet', () => {
    const closed = [
      '169.254.169.254',
      '100.64.0.1',
      '0.0.0.0',
      '224.0.0.1',
      '::ffff:10.0.0.1',
      'fe80::1%eth0',
      'fc00::1',
      '::',
      'nobody',
    ]
    expect(closed.filter(isPublic)).toEqual([])
    expect(['1.1.1.1', '2606:4700::1111'].map(isPublic)).toEqual([true, true])
  })

  it('is looked at when it is looked up, so that a name cannot change its mind', async () => {
    const refused = await new Promise<Error | null>((resolve) =>
      lookUpPublic('localhost', { all: true }, (error) => resolve(error)),
    )
    expect(refused).toBeInstanceOf(RefusedAddressError)
  })

  it('is told by its field; without a mail server there are no addresses', SLOW, async () => {
    const strict = await startTestServer({ clock: () => now })
    try {
      const other = await openDesk(strict, '')
      const create = (target: object) => carryOut(other, 'createAlertChannel', { name: 'One', target })
      expect(await create({ url: hook.url })).toMatchObject({
        __typename: 'InvalidInput',
        path: ['target', 'url'],
      })
      expect(await create({ emails: ['ann@company.example'] })).toMatchObject({ path: ['target', 'emails'] })
    } finally {
      await strict.close()
    }
    const wrong = { name: 'Mail', target: { emails: ['ann@company.example', 'nobody'] } }
    expect(await carryOut(desk, 'createAlertChannel', wrong)).toMatchObject({
      path: ['target', 'emails', '1'],
    })
  })
})
