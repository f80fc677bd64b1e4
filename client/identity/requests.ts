/**
 * Calls of the server's sign-in routes. The session itself is a cookie that no script can read. What the server
 * refuses comes back as a `Refusal`, never thrown: it is an answer to show.
 */
export type Refusal = {
  readonly kind: 'REFUSAL'
  /** The server's stable code, such as WRONG_CREDENTIALS; UNREACHABLE where there was no answer. */
  readonly code: string
  /** A sentence for a person. */
  readonly message: string
  /** The field at fault; null where it is none or the whole. */
  readonly field: string | null
}

export const isRefusal = (answer: unknown): answer is Refusal =>
  typeof answer === 'object' && answer !== null && 'kind' in answer && answer.kind === 'REFUSAL'

const refuse = (code: string, message: string, field: string | null = null): Refusal => ({
  kind: 'REFUSAL',
  code,
  message,
  field,
})

/** "in a minute", "in 14 minutes", "in 2 hours": rounded up, so that waiting that long is enough. */
export const waitWords = (seconds: number): string => {
  const minutes = Math.ceil(seconds / 60)
  if (minutes <= 1) return 'in a minute'
  if (minutes < 120) return `in ${minutes} minutes`
  return `in ${Math.ceil(minutes / 60)} hours`
}

type RefusalBody = {
  readonly code?: unknown
  readonly message?: unknown
  readonly field?: unknown
  readonly retryAfterSeconds?: unknown
}

const readRefusal = async (response: Response): Promise<Refusal> => {
  const { code, message, field, retryAfterSeconds } = (await response.json().catch(() => ({}))) as RefusalBody
  const words = typeof message === 'string' ? message : `The server answered ${response.status}.`
  if (code === 'TOO_MANY_TRIES' && typeof retryAfterSeconds === 'number')
    return refuse(code, `Too many tries. Try again ${waitWords(retryAfterSeconds)}.`)
  return refuse(
    typeof code === 'string' ? code : `HTTP_${response.status}`,
    words,
    typeof field === 'string' ? field : null,
  )
}

/** The answer's JSON, null where it has none, or why it was refused. */
export const call = async <Answer>(
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  body: object = {},
): Promise<Answer | Refusal> => {
  try {
    const response = await fetch(path, {
      method,
      credentials: 'same-origin',
      headers: {
        'x-tidemark-client': 'dashboard',
        ...(method === 'GET' ? {} : { 'content-type': 'application/json' }),
      },
      ...(method === 'GET' ? {} : { body: JSON.stringify(body) }),
    })
    if (!response.ok) return await readRefusal(response)
    return (response.status === 204 ? null : await response.json()) as Answer
  } catch {
    return refuse('UNREACHABLE', 'The server cannot be reached. Nothing was changed.')
  }
}
