/** A11: how long a refusal takes does not tell whether there is, or was, such a token or such an organization. */
import { apiToken } from '@tidemark/drizzle/tables/access.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { hashToken, mintToken } from '@tidemark/server/access/token.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { full } from '../support/scale.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

let server: TestServer
let organization: OrganizationRow
beforeAll(async () => {
  server = await startTestServer()
  organization = await server.createOrganization()
})
afterAll(() => server.close())

const SAMPLES = full(3_000, 70)
/** Of equal distributions the share is 0.5, with a standard error of 0.05 at 70 samples of each, 0.0075 at 3,000. */
const SHARE_TOLERANCE = full(0.04, 0.22)

/** Tokens that were there once: each is used once, since what is known of one is remembered for a second. */
const revoked = async (count: number): Promise<string[]> => {
  const tokens = Array.from({ length: count }, () => mintToken('token', organization.id))
  const moment = Temporal.Now.instant()
  await inTransaction(server.connection, { organizationId: organization.id, mode: 'write' }, (tx) =>
    tx.insert(apiToken).values(
      tokens.map((token, index) => ({
        organizationId: organization.id,
        id: crypto.randomUUID(),
        name: `revoked ${index}`,
        scopes: ['kpi:read'],
        secretHash: hashToken(token),
        createdBy: 'terminal',
        revokedAt: moment,
      })),
    ),
  )
  return tokens
}

const secondsOf = async (token: string): Promise<number> => {
  const began = performance.now()
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': token },
    body: '{"query":"{ __typename }"}',
  })
  await response.text()
  expect(response.status).toBe(401)
  return performance.now() - began
}

/** How often one of the first takes longer than one of the second: what a guesser could go by. */
const shareLonger = (first: readonly number[], second: readonly number[]): number => {
  const sorted = second.toSorted((a, b) => a - b)
  let longer = 0
  for (const value of first) {
    let [low, high] = [0, sorted.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sorted[middle] ?? 0) < value) low = middle + 1
      else high = middle
    }
    longer += low
  }
  return longer / (first.length * second.length)
}

describe('the time of a refusal', () => {
  it(
    'is the same for a token that never was, one that was revoked, and one of no organization',
    { timeout: full(600_000, 60_000) },
    async () => {
      const gone = await revoked(SAMPLES)
      const kinds = {
        unknown: () => mintToken('token', organization.id),
        revoked: () => gone.pop() ?? '',
        nowhere: () => mintToken('token', crypto.randomUUID()),
      }
      const times: Record<keyof typeof kinds, number[]> = { unknown: [], revoked: [], nowhere: [] }
      const names = Object.keys(kinds) as (keyof typeof kinds)[]
      for (let index = 0; index < 20; index++) await secondsOf(kinds.nowhere())
      // In turn, so that whatever else goes on at the machine meets them all alike.
      for (let round = 0; round < SAMPLES; round++) {
        const first = round % names.length
        for (const name of [...names.slice(first), ...names.slice(0, first)]) {
          times[name].push(await secondsOf(kinds[name]()))
        }
      }
      const shares = {
        'revoked or unknown': shareLonger(times.revoked, times.unknown),
        'nowhere or unknown': shareLonger(times.nowhere, times.unknown),
      }
      for (const [name, share] of Object.entries(shares)) {
        expect([name, Math.abs(share - 0.5) < SHARE_TOLERANCE, share]).toEqual([name, true, share])
      }
    },
  )
})
