/**
 * Clients that bill and take payments, each with an idempotency key, and send again until they are answered: what they
 * were answered must be in the books exactly once, whatever broke meanwhile.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Company } from './company.ts'
import { type Answer, request } from './graphql.ts'

export type Load = {
  /** By key, the id that was answered: `bill-...` are invoices, `pay-...` receipts. */
  readonly acknowledged: ReadonlyMap<string, string>
  /** How often something had to be sent again: whatever a client got but success. */
  again(): number
  /** Of these, answers that came from a server: refused there and then, with their codes. */
  readonly refusals: ReadonlyMap<string, number>
  /** Requests of which nobody knows what became: the connection broke, or no answer came in time. */
  broken(): number
  /** The longest from sending something first to its success, in milliseconds; resets it. */
  longestMs(): number
  /** Begins nothing new, and settles when everything that was begun is answered. */
  stop(): Promise<void>
  /** Sends some of what was answered once more, by their keys: what is answered differently now, in words. */
  askAgain(count: number): Promise<string[]>
}

export type LoadOptions = {
  readonly clients: number
  /** What each client waits between two; left out, nothing. */
  readonly pauseMs?: number
  /** How long one waits for an answer. */
  readonly answerMs?: number
}

const GIVE_UP_MS = 240_000
const WAIT_MS = 20
const ANSWER_MS = 15_000

const AMOUNT = { amount: '10.00', currency: 'USD' }

/** Each client bills, then pays what it has billed, but every third invoice stays open. */
export const startLoad = (
  company: Company,
  url: () => string,
  { clients, pauseMs = 0, answerMs = ANSWER_MS }: LoadOptions,
): Load => {
  const acknowledged = new Map<string, string>()
  const sent = new Map<string, { readonly command: Command; readonly input: object }>()
  const refusals = new Map<string, number>()
  const counts = { again: 0, broken: 0, longestMs: 0 }
  const state = { stopping: false }
  const run = crypto.randomUUID().slice(0, 8)
  let failure: Error | null = null

  const send = async (key: string, command: Command, input: object): Promise<void> => {
    sent.set(key, { command, input })
    acknowledged.set(key, await untilDone(key, command, input))
  }

  /** The id that it is answered with in the end. */
  const untilDone = async (key: string, command: Command, input: object): Promise<string> => {
    const began = performance.now()
    for (;;) {
      const answer = await ask(url(), company.token, command, { ...input, idempotencyKey: key }, answerMs)
      if (answer.outcome === 'DONE') {
        counts.longestMs = Math.max(counts.longestMs, performance.now() - began)
        return answer.id
      }
      counts.again += 1
      if (answer.outcome === 'BROKEN') counts.broken += 1
      else refusals.set(answer.code, (refusals.get(answer.code) ?? 0) + 1)
      if (performance.now() - began > GIVE_UP_MS) throw new Error(`${key} was never answered with success`)
      await sleep(WAIT_MS * (0.5 + Math.random()))
    }
  }

  const client = async (name: number): Promise<void> => {
    const customer = { number: company.customers[name % company.customers.length] }
    for (let count = 0; !state.stopping; count++) {
      // So that no clock that is an hour behind, on no side of midnight, has it in the future.
      const day = Temporal.Now.plainDateISO('UTC').subtract({ days: 1 }).toString()
      const number = `${run}-${name}-${count}`
      await send(`bill-${number}`, BILL, { customer, number, amount: AMOUNT, issuedOn: day })
      if (pauseMs > 0) await sleep(pauseMs * Math.random())
      if (count % 3 === 2) continue
      const allocations = [{ invoice: { number } }]
      const key = `pay-${number}`
      await send(key, PAY, { customer, amount: AMOUNT, receivedOn: day, reference: key, allocations })
      if (pauseMs > 0) await sleep(pauseMs * Math.random())
    }
  }
  const running = Array.from({ length: clients }, (_, name) =>
    client(name).catch((error: unknown) => {
      failure ??= error instanceof Error ? error : new Error(String(error))
    }),
  )
  return {
    acknowledged,
    refusals,
    again: () => counts.again,
    broken: () => counts.broken,
    longestMs() {
      const { longestMs } = counts
      counts.longestMs = 0
      return longestMs
    },
    async stop() {
      state.stopping = true
      await Promise.all(running)
      if (failure !== null) throw failure
    },
    async askAgain(count) {
      const wrongs: string[] = []
      for (const [key, { command, input }] of [...sent].slice(0, count)) {
        const id = await untilDone(key, command, input)
        if (id !== acknowledged.get(key))
          wrongs.push(`${key} was ${acknowledged.get(key)}, asked again it is ${id}`)
      }
      return wrongs
    },
  }
}

type Command = { readonly document: string; readonly field: string; readonly of: string }

const commandOf = (name: string, of: string): Command => ({
  document: `mutation ($input: ${name.charAt(0).toUpperCase()}${name.slice(1)}Input!) {
    ${name}(input: $input) { __typename ... on Problem { code message } ... on ${name.charAt(0).toUpperCase()}${name.slice(1)}Success { ${of} { id } } }
  }`,
  field: name,
  of,
})

const BILL = commandOf('recordInvoice', 'invoice')
const PAY = commandOf('recordReceipt', 'receipt')

type Told = { readonly __typename: string; readonly code?: string; readonly [of: string]: unknown }

type Sent =
  | { readonly outcome: 'DONE'; readonly id: string }
  | { readonly outcome: 'REFUSED'; readonly code: string }
  | { readonly outcome: 'BROKEN' }

const ask = async (
  url: string,
  token: string,
  { document, field, of }: Command,
  input: object,
  answerMs: number,
): Promise<Sent> => {
  let answer: Answer<Record<string, Told>>
  try {
    answer = await request(url, token, document, { input }, {}, AbortSignal.timeout(answerMs))
  } catch {
    return { outcome: 'BROKEN' }
  }
  const { status, data, errors } = answer
  const told = data?.[field]
  const made = told?.[of] as { readonly id: string } | null | undefined
  if (made != null) return { outcome: 'DONE', id: made.id }
  const code = told?.code ?? errors[0]?.extensions?.['code']
  return { outcome: 'REFUSED', code: typeof code === 'string' ? code : `HTTP ${status}` }
}
