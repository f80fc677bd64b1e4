/** What browsers are told to forbid. */
import type { FastifyInstance } from 'fastify'

const NOTHING = "default-src 'none'; frame-ancestors 'none'"

/** The dashboard: its own files and its own server, and nothing else. */
const DASHBOARD = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "connect-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ')

/** GraphiQL is one page with its script, its styles and its workers inside. */
export const GRAPHIQL_POLICY = [
  "default-src 'none'",
  "script-src 'unsafe-inline' blob:",
  'worker-src blob:',
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  'font-src data:',
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const YEAR_SECONDS = 365 * 24 * 3_600

/** Sets the headers of every answer that has not set its own; `https`: browsers shall never come without it again. */
export const registerSecurityHeaders = (
  app: FastifyInstance,
  { https }: { readonly https: boolean },
): void => {
  app.addHook('onSend', (_request, reply, payload, done) => {
    const html = String(reply.getHeader('content-type') ?? '').startsWith('text/html')
    // What "not modified" says replaces what the browser keeps with the page, and it has no content type to tell by.
    if (!reply.hasHeader('content-security-policy') && reply.statusCode !== 304) {
      void reply.header('content-security-policy', html ? DASHBOARD : NOTHING)
    }
    if (https) void reply.header('strict-transport-security', `max-age=${YEAR_SECONDS}`)
    void reply.headers({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'permissions-policy': 'camera=(), geolocation=(), microphone=()',
    })
    done(null, payload)
  })
}

/** No other origin may do anything here, so the browser's question whether it may is answered without a word of CORS. */
export const refusePreflights = (app: FastifyInstance): void => {
  app.options('*', (_request, reply) => reply.code(204).header('allow', 'GET, HEAD, POST, DELETE').send())
}
