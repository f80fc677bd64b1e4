import { type DocumentNode, type GraphQLFormattedError, print } from 'graphql'

export type Answer<Data> = {
  readonly status: number
  readonly headers: Headers
  readonly data: Data | null
  readonly errors: readonly GraphQLFormattedError[]
}

/** A typed document as the code generator makes them, or text whose data the caller types. */
export type Document<Data, Variables> =
  | string
  | (DocumentNode & { readonly __apiType?: (variables: Variables) => Data })

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller of a text says what it answers
export const request = async <Data = Record<string, never>, Variables = Record<string, unknown>>(
  url: string,
  token: string | null,
  document: Document<Data, Variables>,
  variables?: Variables,
  more: Readonly<Record<string, string>> = {},
  signal: AbortSignal | null = null,
): Promise<Answer<Data>> => {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...more,
    },
    body: JSON.stringify({ query: textOf(document), variables }),
    signal,
  })
  const { status, headers } = response
  const body = (await response.json()) as { data?: Data | null; errors?: GraphQLFormattedError[] }
  return { status, headers, data: body.data ?? null, errors: body.errors ?? [] }
}

/** The data of an operation that must succeed. */
export const execute = async <Data, Variables = Record<string, unknown>>(
  url: string,
  token: string,
  document: Document<Data, Variables>,
  variables?: Variables,
): Promise<Data> => {
  const { data, errors } = await request(url, token, document, variables)
  if (data === null || errors.length > 0) throw new Error(`Answered with errors: ${JSON.stringify(errors)}`)
  return data
}

export const textOf = (document: string | DocumentNode): string =>
  typeof document === 'string' ? document : print(document)
