import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** A seal at which the chain ends, or ended when it was noted down. */
export type Head = { readonly sequence: bigint; readonly hash: string; readonly sealedAt: string }

/** The last seal; null before the first. */
export async function readHead({ sql }: Tx, organizationId: string): Promise<Head | null> {
  const [row] = await sql<Head[]>`
    select sequence, hash, sealed_at as "sealedAt" from audit_seal
    where organization_id = ${organizationId} order by sequence desc limit 1`
  return row ?? null
}
