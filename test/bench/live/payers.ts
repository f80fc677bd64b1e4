/** A process that records receipts through HTTP at an even pace, for `pnpm bench live`. */
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Debt } from '../posting-books.ts'

export type PayersOrder = {
  /** Payments take turns at them. */
  readonly urls: readonly string[]
  readonly token: string
  readonly debts: readonly Debt[]
  readonly receivedOn: string
  /** How many payments one request brings: one by `recordReceipt`, several by `recordReceipts`. */
  readonly atOnce: number
  readonly perSecond: number
  readonly seconds: number
}

export type PayersAnswer = {
  readonly acknowledged: number
  readonly refused: number
  /** How long the payments took in all, and how long the pace would have had it. */
  readonly seconds: { readonly taken: number; readonly planned: number }
  /** From sending to the answer, in ms. */
  readonly answers: { readonly p50: number; readonly p99: number }
}

const IN_FLIGHT_MAX = 64
const IN_FLIGHT_MIN = 4
const ONE = `mutation Pay($input: RecordReceiptInput!) {
  recordReceipt(input: $input) { __typename ... on Problem { code message } }
}`
const MANY = `mutation PayMany($input: RecordReceiptsInput!) {
  recordReceipts(input: $input) { __typename ... on Problem { code message } }
}`

const agent = new Agent({ keepAlive: true, maxSockets: IN_FLIGHT_MAX })

const pay = (url: string, token: string, receipts: readonly object[]): Promise<boolean> => {
  const [first] = receipts
  const asked =
    receipts.length === 1
      ? { query: ONE, variables: { input: first } }
      : { query: MANY, variables: { input: { receipts } } }
  const body = JSON.stringify(asked)
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'x-api-key': token,
  }
  return new Promise((resolve, reject) => {
    const sent = request(`${url}/graphql`, { method: 'POST', agent, headers }, (response) => {
      let text = ''
      response.on('data', (part: Buffer) => (text += part.toString()))
      response.on('end', () => {
        const isRecorded = /RecordReceipts?Success/.test(text)
        if (!isRecorded) console.error(text.slice(0, 300))
        resolve(isRecorded)
      })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

const receiptOf = (debt: Debt | undefined, receivedOn: string): object => {
  if (debt === undefined) throw new Error('Nobody owes anything')
  const { customer, invoice, currency } = debt
  return {
    customer: { number: customer },
    amount: { amount: '0.01', currency },
    receivedOn,
    allocations: [{ invoice: { number: invoice }, amount: '0.01' }],
  }
}

const payAll = async (order: PayersOrder): Promise<PayersAnswer> => {
  const { urls, token, debts, receivedOn, atOnce, perSecond, seconds } = order
  const total = Math.round(perSecond * seconds)
  const times: number[] = []
  const started = performance.now()
  let next = 0
  let refused = 0
  const payer = async () => {
    while (next < total) {
      const index = next
      next += atOnce
      const early = started + (index / perSecond) * 1000 - performance.now()
      if (early > 0) await sleep(early)
      const receipts = Array.from({ length: Math.min(atOnce, total - index) }, (_, place) =>
        receiptOf(debts[(index + place) % debts.length], receivedOn),
      )
      const sentAt = performance.now()
      const isRecorded = await pay(urls[(index / atOnce) % urls.length] ?? '', token, receipts)
      times.push(performance.now() - sentAt)
      if (!isRecorded) refused += receipts.length
    }
  }
  // Requests that bring many payments wait for each other's customers.
  const inFlight = Math.max(IN_FLIGHT_MIN, Math.ceil(IN_FLIGHT_MAX / atOnce))
  await Promise.all(Array.from({ length: inFlight }, payer))
  const sorted = times.toSorted((a, b) => a - b)
  const quantile = (share: number) => sorted[Math.floor(sorted.length * share)] ?? 0
  return {
    acknowledged: total - refused,
    refused,
    seconds: { taken: (performance.now() - started) / 1000, planned: seconds },
    answers: { p50: quantile(0.5), p99: quantile(0.99) },
  }
}

process.on('message', (order: PayersOrder) => {
  payAll(order).then(
    (told) => process.send?.(told),
    (error: unknown) => {
      console.error(error)
      process.exit(1)
    },
  )
})
process.on('disconnect', () => process.exit())
