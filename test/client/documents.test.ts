/** The list of trusted documents is what the dashboard's own GraphQL client sends, byte for byte. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Client, fetchExchange, subscriptionExchange, type TypedDocumentNode } from '@urql/core'
import { cacheExchange } from '@urql/exchange-graphcache'
import { type DocumentNode, Kind, OperationTypeNode } from 'graphql'
import { expect, it } from 'vitest'

const list = JSON.parse(
  readFileSync(new URL('../../client/documents.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, string>>

type Sent = { readonly query: string; readonly operationName: string | undefined }

it('has every document that urql sends, with its name, and no other', async () => {
  const generated = (await import('@tidemark/client/documents.generated.ts')) as unknown as Readonly<
    Record<string, DocumentNode>
  >
  const sent: Sent[] = []
  // As client/live.ts puts them together.
  const client = new Client({
    url: 'http://localhost/graphql',
    preferGetMethod: false,
    fetch: (_address, init) => {
      if (typeof init?.body === 'string') sent.push(JSON.parse(init.body) as Sent)
      return Promise.resolve(Response.json({ data: null }))
    },
    exchanges: [
      cacheExchange(),
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query = '', operationName }) => ({
          subscribe: (sink) => {
            sent.push({ query, operationName })
            sink.complete()
            return { unsubscribe: () => {} }
          },
        }),
      }),
    ],
  })
  for (const document of Object.values(generated)) {
    const operation = document.definitions.find((node) => node.kind === Kind.OPERATION_DEFINITION)
    if (operation === undefined) continue
    const typed = document as TypedDocumentNode
    const run = {
      [OperationTypeNode.QUERY]: () => client.query(typed, {}).toPromise(),
      [OperationTypeNode.MUTATION]: () => client.mutation(typed, {}).toPromise(),
      [OperationTypeNode.SUBSCRIPTION]: () => client.subscription(typed, {}).toPromise(),
    }
    void run[operation.operation]()
  }
  await expect.poll(() => sent.length).toBe(Object.keys(list).length)
  const hashes = sent.map(({ query, operationName }) => [
    createHash('sha256').update(query).digest('hex'),
    operationName,
  ])
  expect(Object.fromEntries(hashes)).toEqual(list)
})
