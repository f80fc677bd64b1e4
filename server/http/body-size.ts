/**
 * How much may be sent to /graphql: as much as an operation needs, and for those that carry thousands of rows more, but only
 * by whoever may carry them out. So nobody fills the memory whom nobody knows.
 */
import { Transform } from 'node:stream'
import { errorCodes, type FastifyRequest, type RequestPayload } from 'fastify'
import { BULK_SCOPES, isBulk, LIMITS } from '../limits.ts'
import { callerOf, credentialsOf, type Entrance } from './credentials.ts'

const tooLarge = () => new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE()

/** Before the body is read. Without a length beforehand it may be no more than usual. */
export const boundBody =
  (entrance: Entrance) =>
  async (request: FastifyRequest, _reply: unknown, payload: RequestPayload): Promise<RequestPayload> => {
    const length = request.headers['content-length']
    if (length === undefined) return payload.pipe(upTo(LIMITS.messageBytes))
    if (!isLong(request)) return payload
    const credentials = credentialsOf(request.headers, request.cookies[entrance.sessionCookie])
    const session =
      credentials === null
        ? null
        : await entrance.authenticate(credentials, callerOf(request, entrance).address)
    if (!BULK_SCOPES.some((scope) => session?.actor.scopes.has(scope) === true)) throw tooLarge()
    return payload
  }

/** Once the body is read: only variables of a bulk field may make it long, never the document. */
export const refuseLongDocuments = (request: FastifyRequest): Promise<void> => {
  const { body } = request
  const query = typeof body === 'object' && body !== null && 'query' in body ? body.query : null
  const isFine =
    !isLong(request) || (typeof query === 'string' && query.length <= LIMITS.messageBytes && isBulk(query))
  return isFine ? Promise.resolve() : Promise.reject(tooLarge())
}

const isLong = ({ headers }: FastifyRequest): boolean =>
  Number(headers['content-length']) > LIMITS.messageBytes

const upTo = (bytesMax: number): Transform => {
  let bytes = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      if (bytes > bytesMax) done(tooLarge())
      else done(null, chunk)
    },
  })
}
