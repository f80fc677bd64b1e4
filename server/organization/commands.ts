import { organization } from '@tidemark/drizzle/tables/organization.ts'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { isCurrency } from '../domain/money.ts'
import { newUuid } from '../ids.ts'
import { writeAudit } from '../ledger/audit.ts'
import { keepOrigin } from '../ledger/origin.ts'
import { conflict, invalid, isProblem, type Problem } from '../problem.ts'

export type NewOrganization = {
  /** The short name that the command line uses. */
  readonly slug: string
  readonly name: string
  readonly baseCurrency: string
  readonly timeZone: string
  /** True for the invented company that the first start loads. */
  readonly demo: boolean
}

const SLUG = /^[a-z\d](-?[a-z\d])*$/
const SLUG_LENGTH_MAX = 60
/** An organization's pages are below its slug: these names are pages and routes of the server itself. */
const RESERVED = new Set(
  'account assets auth export graphiql graphql healthz invitation password readyz schema session sign-in'.split(
    ' ',
  ),
)
const NAME_LENGTH_MAX = 200

/**
 * Creates an organization, that is, empty books, for `actor` as the audit names them; `agent` is the program that they
 * use. The path of a problem names the field.
 */
export const createOrganization = async (
  connection: Connection,
  input: NewOrganization,
  actor: string,
  agent: string | null = null,
): Promise<OrganizationRow | Problem> => {
  const checked = checkOrganization(input)
  if (isProblem(checked)) return checked
  const id = newUuid()
  const created = await inTransaction(connection, { organizationId: id, mode: 'write' }, async (tx) => {
    const [row] = await tx
      .insert(organization)
      .values({ ...checked, id })
      .onConflictDoNothing({ target: organization.slug })
      .returning()
    if (row === undefined) return null
    const origin = { personId: null, address: null, agent }
    const source =
      agent === null ? {} : { source: { originId: await keepOrigin(tx, id, origin), requestId: null } }
    const record = { action: 'createOrganization', subject: id, after: checked }
    await writeAudit(tx, { organization: row, actor, ...source }, record)
    return row
  })
  return created ?? conflict(['slug'], `There is an organization ${checked.slug} already`)
}

const checkOrganization = (input: NewOrganization): NewOrganization | Problem => {
  const { slug, baseCurrency } = input
  if (!SLUG.test(slug) || slug.length > SLUG_LENGTH_MAX) {
    return invalid(
      ['slug'],
      `A slug is up to ${SLUG_LENGTH_MAX} of a-z, 0-9 and - between them, not "${slug}"`,
    )
  }
  if (RESERVED.has(slug)) return invalid(['slug'], `"${slug}" is a page of the server itself`)
  const name = input.name.trim()
  if (name === '' || name.length > NAME_LENGTH_MAX) {
    return invalid(['name'], `A name has 1 to ${NAME_LENGTH_MAX} characters`)
  }
  if (!isCurrency(baseCurrency)) {
    return invalid(['baseCurrency'], `"${baseCurrency}" is no ISO 4217 currency code, such as USD`)
  }
  const timeZone = knownZone(input.timeZone)
  if (timeZone === null) {
    return invalid(['timeZone'], `"${input.timeZone}" is no IANA time zone, such as Europe/Berlin or UTC`)
  }
  return { ...input, name, timeZone }
}

/** The zone in its usual spelling; null for none. Offsets such as +02:00 are none: they know no summer time. */
const knownZone = (timeZone: string): string | null => {
  try {
    const { timeZone: known } = new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions()
    return /^[+-]/.test(known) ? null : known
  } catch {
    return null
  }
}
