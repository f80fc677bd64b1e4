/** Webhooks, signed as the Standard Webhooks specification says (https://www.standardwebhooks.com). */
import { createHmac, randomBytes } from 'node:crypto'
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { isIP } from 'node:net'
import { isPublic, lookUpPublic, RefusedAddressError, urlFault } from './addresses.ts'

const SECRET_BYTES = 32
const PREFIX = 'whsec_'
const TIMEOUT_MS = 10_000

export const newWebhookSecret = (): string => `${PREFIX}${randomBytes(SECRET_BYTES).toString('base64')}`

export type Signed = {
  readonly id: string
  /** Seconds since 1970. */
  readonly timestamp: number
  readonly body: string
}

/** `v1,` and the base64 of the HMAC-SHA256 of `id.timestamp.body`. */
export function signWebhook(secret: string, { id, timestamp, body }: Signed): string {
  const key = Buffer.from(secret.slice(PREFIX.length), 'base64')
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
}

export type Webhook = Signed & {
  readonly url: string
  readonly secret: string
  readonly privateWebhooks: boolean
}

/**
 * Sends it once, and follows no redirection. Throws where it was not taken: a RefusedAddressError where it never will be,
 * for where it leads.
 */
export async function sendWebhook(webhook: Webhook): Promise<void> {
  const { url: text, body, id, timestamp, secret, privateWebhooks } = webhook
  const fault = urlFault(text, privateWebhooks)
  if (fault !== null) throw new RefusedAddressError(fault)
  const url = new URL(text)
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  if (!privateWebhooks && isIP(host) !== 0 && !isPublic(host))
    throw new RefusedAddressError(`${host} is not public`)
  const status = await post(url, body, {
    privateWebhooks,
    headers: {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'user-agent': 'Tidemark',
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': signWebhook(secret, { id, timestamp, body }),
    },
  })
  if (status < 200 || status > 299) throw new Error(`The other side answered ${status}`)
}

type Posting = {
  readonly headers: Readonly<Record<string, string | number>>
  readonly privateWebhooks: boolean
}

const post = (url: URL, body: string, { headers, privateWebhooks }: Posting): Promise<number> =>
  new Promise((resolve, reject) => {
    const send = url.protocol === 'http:' ? requestHttp : requestHttps
    const request = send(
      url,
      {
        method: 'POST',
        headers,
        // A connection of its own: what is sent seldom keeps none waiting.
        agent: false,
        signal: AbortSignal.timeout(TIMEOUT_MS),
        ...(privateWebhooks ? {} : { lookup: lookUpPublic }),
      },
      (response) => {
        // What it says beside its status is nobody's business here.
        response.destroy()
        resolve(response.statusCode ?? 0)
      },
    )
    request.on('error', (error) =>
      reject(
        error.name === 'AbortError' || error.name === 'TimeoutError'
          ? new Error(`No answer within ${TIMEOUT_MS / 1_000} seconds`, { cause: error })
          : error,
      ),
    )
    request.end(body)
  })
