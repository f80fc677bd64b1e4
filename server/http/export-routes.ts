/** Files to download, streamed: nothing of them is kept in memory as a whole. */
import { Readable } from 'node:stream'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Budgets } from '../access/budget.ts'
import { exportAudit, type ExportFormat } from '../audit/export.ts'
import { readParameters, type ExportChoice } from '../audit/parameters.ts'
import type { Session } from '../context.ts'
import { badParameter, forbidden, tooOften } from '../errors.ts'
import { requireSession } from './apollo.ts'
import { ORGANIZATION_HEADER, type Entrance } from './credentials.ts'

export type ExportOptions = {
  readonly connection: Connection
  readonly entrance: Entrance
  readonly budgets: Budgets
}

const CONTENT_TYPES: Readonly<Record<ExportFormat, string>> = {
  csv: 'text/csv; charset=utf-8; header=present',
  ndjson: 'application/x-ndjson; charset=utf-8',
}
/** Each keeps a connection to the database until it is read. */
const EXPORTS_AT_ONCE = 3
const RETRY_SECONDS = 10
/** In cost points: it reads the whole audit. */
const EXPORT_COST = 5_000

/** GET /export/audit.csv and /export/audit.ndjson. */
export const registerExportRoutes = (app: FastifyInstance, options: ExportOptions): void => {
  const { connection } = options
  let running = 0
  for (const format of ['csv', 'ndjson'] as const) {
    app.get(`/export/audit.${format}`, async (request, reply) => {
      const { organization, actor } = await requireSession(asLink(request), options.entrance)
      if (!actor.scopes.has('audit:read')) throw forbidden('The audit needs the scope `audit:read`.')
      const choice = readChoice(request)
      if (running >= EXPORTS_AT_ONCE) {
        throw tooOften('Others are being sent files at this moment. Try again soon.', RETRY_SECONDS)
      }
      await pay(options.budgets, { organization, actor })
      const file = Readable.from(exportAudit(connection, organization, { ...choice, format }))
      running += 1
      file.once('close', () => {
        running -= 1
      })
      const day = Temporal.Now.plainDateISO(organization.timeZone).toString()
      return reply
        .type(CONTENT_TYPES[format])
        .header('content-disposition', `attachment; filename="audit-${organization.slug}-${day}.${format}"`)
        .header('cache-control', 'no-store')
        .send(file)
    })
  }
}

/** A link cannot send headers, so a person's organization may stand in the address as well. */
const asLink = (request: FastifyRequest): FastifyRequest => {
  const { organization } = request.query as { readonly organization?: unknown }
  if (typeof organization === 'string') request.headers[ORGANIZATION_HEADER] ??= organization
  return request
}

const readChoice = ({ url }: FastifyRequest): ExportChoice & { readonly bom: boolean } => {
  const parameters = new URL(url, 'http://localhost').searchParams
  const bom = parameters.get('bom')
  if (bom !== null && bom !== '0' && bom !== '1') throw badParameter('bom', 'Expected 0 or 1.')
  const rest = [...parameters].filter(([name]) => name !== 'bom' && name !== 'organization')
  const choice = readParameters(rest)
  if ('parameter' in choice) throw badParameter(choice.parameter, choice.message)
  return { ...choice, bom: bom === '1' }
}

const pay = async (budgets: Budgets, session: Session): Promise<void> => {
  const refused = await budgets.open(session).spend(EXPORT_COST)
  if (refused === null) return
  throw tooOften(
    'You have used up your cost points. Try again later.',
    refused.retryAfterSeconds ?? RETRY_SECONDS,
  )
}
