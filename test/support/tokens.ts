import type { Connection } from '@tidemark/drizzle/connect.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import type { Scope } from '@tidemark/server/access/scopes.ts'
import { isProblem } from '@tidemark/server/problem.ts'
import { createToken } from '@tidemark/server/token/commands.ts'

export type NewToken = {
  /** Without its type: as the database has it. */
  readonly id: string
  readonly secret: string
}

/** A token, made by `actor` as the audit names them. */
export const makeToken = async (
  connection: Connection,
  organization: OrganizationRow,
  {
    name = 'a test',
    scopes,
    actor = 'test',
  }: { readonly name?: string; readonly scopes: readonly Scope[]; readonly actor?: string },
): Promise<NewToken> => {
  const context = { connection, organization, actor, now: Temporal.Now.instant(), posted: () => {} }
  const made = await createToken(context, { name, scopes, dryRun: false })
  if (isProblem(made) || made.secret === null) throw new Error('No token was made')
  return { id: made.tokenId, secret: made.secret }
}
