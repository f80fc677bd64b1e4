/** Alert rules and alerts over real HTTP, and the other side of what is sent: an SMTP server and a web server. */
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'
import type { Desk } from './goals.ts'

type Input = Readonly<Record<string, unknown>>

/** What a command answers: its success, or its problem. */
export type Answer = {
  readonly __typename: string
  readonly message?: string
  readonly path?: readonly string[]
  readonly secret?: string | null
  readonly added?: number
  readonly rule?: Rule
  readonly alert?: Alert
  readonly channel?: { readonly id: string }
  readonly delivery?: Delivery
}

export type Rule = {
  readonly id: string
  readonly version: number
  readonly state: string
  readonly enabled: boolean
}
export type Delivery = {
  readonly id: string
  readonly state: string
  readonly attempts: number
  readonly lastError: string | null
  readonly transition: { readonly kind: string }
}
export type Alert = {
  readonly id: string
  readonly state: string
  readonly severity: string
  readonly summary: string
  readonly latest: string
  readonly value: string | null
  readonly raisedOn: string
  readonly endedAt: string | null
  readonly ending: string | null
  readonly dedupeKey: string
  readonly acknowledgedBy: string | null
  readonly snoozedUntil: string | null
  readonly rule: { readonly name: string }
  readonly transitions: readonly {
    readonly kind: string
    readonly reason: string
    readonly by: string | null
  }[]
  readonly deliveries: readonly Delivery[]
}

const DELIVERY = 'id state attempts lastError transition { kind }'
export const ALERT = `id state severity summary latest value raisedOn endedAt ending dedupeKey acknowledgedBy snoozedUntil
  rule { name } transitions { kind reason by } deliveries { ${DELIVERY} }`
const PARTS = {
  rule: 'rule { id version state enabled }',
  alert: `alert { ${ALERT} }`,
  channel: 'channel { id }',
  secret: 'channel { id } secret',
  goal: 'added',
  delivery: `delivery { ${DELIVERY} }`,
}

const partOf: Readonly<Record<string, keyof typeof PARTS>> = {
  createAlertRule: 'rule',
  updateAlertRule: 'rule',
  deleteAlertRule: 'rule',
  addDefaultAlertRules: 'goal',
  acknowledgeAlert: 'alert',
  snoozeAlert: 'alert',
  createAlertChannel: 'secret',
  rotateAlertChannelSecret: 'secret',
  deleteAlertChannel: 'channel',
  retryAlertDelivery: 'delivery',
}

export async function carryOut(desk: Desk, name: string, input: Input): Promise<Answer> {
  const type = name.charAt(0).toUpperCase() + name.slice(1)
  const document = `mutation ($input: ${type}Input!) { ${name}(input: $input) {
    __typename ... on ${type}Success { ${PARTS[partOf[name] ?? 'rule']} } ... on Problem { message code path } } }`
  const answer = (await desk.ask<Record<string, Answer>>(document, { input }))[name]
  if (answer === undefined) throw new Error(`${name} gave no answer`)
  return answer
}

/** The same for what must succeed. */
export async function done(desk: Desk, name: string, input: Input): Promise<Answer> {
  const answer = await carryOut(desk, name, input)
  if (!answer.__typename.endsWith('Success')) throw new Error(JSON.stringify(answer))
  return answer
}

/** More than two open invoices, unless `input` says otherwise. */
export const manyOpen = {
  name: 'Many open invoices',
  kpi: { metric: 'OPEN_INVOICE_COUNT' },
  condition: { above: '2' },
}

export const createRule = async (desk: Desk, input: Input = {}): Promise<Rule> => {
  const { rule } = await done(desk, 'createAlertRule', { ...manyOpen, ...input })
  if (rule === undefined) throw new Error('No rule')
  return rule
}

export const readAlerts = async (desk: Desk, filter: Input = {}): Promise<readonly Alert[]> => {
  const document = `query ($filter: AlertFilter) { alerts(first: 5, filter: $filter) { nodes { ${ALERT} } } }`
  return (await desk.ask<{ alerts: { nodes: Alert[] } }>(document, { filter })).alerts.nodes
}

export const readRule = async (desk: Desk, id: string): Promise<Rule> => {
  const { alertRule } = await desk.ask<{ alertRule: Rule }>(
    'query ($id: ID!) { alertRule(id: $id) { id version state enabled } }',
    { id },
  )
  return alertRule
}

/** Voids invoices of the desk. */
export async function voidInvoices(desk: Desk, numbers: readonly number[]): Promise<void> {
  for (const number of numbers) {
    const { voidInvoice } = await desk.ask<{ voidInvoice: { __typename: string } }>(
      `mutation ($input: VoidInvoiceInput!) { voidInvoice(input: $input) { __typename ... on Problem { message } } }`,
      { input: { invoice: { number: `I-${number}` }, reason: 'Wrong' } },
    )
    if (voidInvoice.__typename !== 'VoidInvoiceSuccess') throw new Error(JSON.stringify(voidInvoice))
  }
}

export type Request = { readonly headers: IncomingHttpHeaders; readonly body: string }

export type Hook = {
  readonly url: string
  readonly requests: Request[]
  /** What it answers from now on. */
  answer: number
  close(): Promise<void>
}

/** A web server on a free port of this machine that takes what is posted. */
export async function openHook(): Promise<Hook> {
  const server: Server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      hook.requests.push({ headers: request.headers, body: Buffer.concat(parts).toString() })
      response.writeHead(hook.answer, hook.answer === 302 ? { location: '/elsewhere' } : {}).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const hook: Hook = {
    url: `http://127.0.0.1:${port}/hook`,
    requests: [],
    answer: 204,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
  return hook
}

export type Mailbox = {
  /** As SMTP_URL has it. */
  readonly url: string
  /** The messages as they came, with to whom they went. */
  readonly messages: { readonly to: readonly string[]; readonly text: string }[]
  /** True: it takes nothing. */
  isClosed: boolean
  close(): Promise<void>
}

/** A real SMTP server on a free port of this machine. */
export async function openMailbox(): Promise<Mailbox> {
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    logger: false,
    onRcptTo: (_address, _session, callback) =>
      mailbox.isClosed ? callback(new Error('No such mailbox')) : callback(),
    onData: (stream, session, callback) => {
      const parts: Buffer[] = []
      stream.on('data', (part: Buffer) => parts.push(part))
      stream.on('end', () => {
        const to = session.envelope.rcptTo.map(({ address }) => address)
        mailbox.messages.push({ to, text: Buffer.concat(parts).toString() })
        callback()
      })
    },
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.server.address() as AddressInfo
  const mailbox: Mailbox = {
    url: `smtp://127.0.0.1:${port}`,
    messages: [],
    isClosed: false,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
  return mailbox
}
