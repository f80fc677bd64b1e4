/** The audit suite of GraphQL over HTTP, which others wrote: every audit, with none warned about. */
import { serverAudits } from 'graphql-http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestServer, type TestServer } from '../support/server.ts'

let server: TestServer
let token: string
beforeAll(async () => {
  server = await startTestServer()
  token = await server.createToken(await server.createOrganization())
})
afterAll(() => server.close())

const audits = serverAudits({
  url: () => `${server.url}/graphql`,
  fetchFn: (url: string, init: RequestInit = {}) =>
    fetch(url, { ...init, headers: { ...(init.headers as Record<string, string>), 'x-api-key': token } }),
})

describe('GraphQL over HTTP', () => {
  it.each(audits.map((audit) => ({ name: audit.name, audit })))('$name', async ({ audit }) => {
    expect(await audit.fn()).toMatchObject({ status: 'ok' })
  })
})
