/** The secret of the instance: it signs cookies and encrypts second factors. */
import { randomBytes } from 'node:crypto'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { asIdentity } from '@tidemark/drizzle/transaction.ts'

const SECRET_BYTES = 48

/** The one that the database keeps for all processes; the first to ask makes it. */
export const readSecret = (connection: Connection): Promise<string> =>
  asIdentity(connection, async ({ sql }) => {
    const read = () => sql<{ secret: string }[]>`select secret from identity.instance`
    const [known] = await read()
    if (known !== undefined) return known.secret
    await sql`
      insert into identity.instance (secret) values (${randomBytes(SECRET_BYTES).toString('base64url')})
      on conflict do nothing`
    const [made] = await read()
    if (made === undefined) throw new Error('The secret of the instance could not be kept')
    return made.secret
  })
