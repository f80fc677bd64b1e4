/**
 * The way of better-auth to the tables: each of its operations is a transaction of its own, or a part of the one that
 * it opens, as the role that has the tables of sign-in and no others. On the way the token of a session, and what
 * continues a sign-in that waits for its second factor, become hashes, so that whoever reads the tables signs in as
 * nobody. (better-auth can hash the latter by itself, but then it takes the hash for the secret too.)
 */
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { account, session, twoFactor, user, verification } from '@tidemark/drizzle/tables/identity.ts'
import { asIdentity, type Tx } from '@tidemark/drizzle/transaction.ts'
import type { BetterAuthOptions } from 'better-auth'
import type { DBAdapter, DBTransactionAdapter, Where } from 'better-auth/adapters'
import { drizzleAdapter } from 'better-auth/adapters/drizzle'
import { hashSecret } from './cookies.ts'

const TABLES = { user, session, account, verification, twoFactor }

export const identityAdapter =
  (connection: Connection) =>
  (options: BetterAuthOptions): DBAdapter => {
    const over = (tx: Tx): DBTransactionAdapter =>
      withHashedSecrets(drizzleAdapter(tx, { provider: 'pg', schema: TABLES })(options))
    const alone = <T>(operation: (adapter: DBTransactionAdapter) => Promise<T>): Promise<T> =>
      asIdentity(connection, (tx) => operation(over(tx)))
    return {
      id: 'tidemark',
      create: (query) => alone((adapter) => adapter.create(query)),
      findOne: (query) => alone((adapter) => adapter.findOne(query)),
      findMany: (query) => alone((adapter) => adapter.findMany(query)),
      count: (query) => alone((adapter) => adapter.count(query)),
      update: (query) => alone((adapter) => adapter.update(query)),
      updateMany: (query) => alone((adapter) => adapter.updateMany(query)),
      delete: (query) => alone((adapter) => adapter.delete(query)),
      deleteMany: (query) => alone((adapter) => adapter.deleteMany(query)),
      consumeOne: (query) => alone((adapter) => adapter.consumeOne(query)),
      incrementOne: (query) => alone((adapter) => adapter.incrementOne(query)),
      transaction: (run) => asIdentity(connection, (tx) => run(over(tx))),
    }
  }

/** The fields of which only hashes are stored. */
const SECRETS: Readonly<Record<string, string>> = { session: 'token', verification: 'identifier' }

type Query = { readonly model: string; readonly where?: Where[] | undefined }
type Row = Readonly<Record<string, unknown>>

/** Secrets are looked for by their hashes; a row that was found by its secret tells it again. */
const withHashedSecrets = (adapter: DBTransactionAdapter): DBTransactionAdapter => {
  const hashed = <Q extends Query>(query: Q): Q => {
    const secret = SECRETS[query.model]
    if (secret === undefined || query.where === undefined) return query
    return { ...query, where: query.where.map((part) => (part.field === secret ? hashValue(part) : part)) }
  }
  const told = <R>({ model, where = [] }: Query, row: R): R => {
    const secret = SECRETS[model]
    const value = where.find(({ field }) => field === secret)?.value
    const found = secret !== undefined && typeof value === 'string' && typeof row === 'object' && row !== null
    return found ? { ...row, [secret]: value } : row
  }
  return {
    ...adapter,
    async create<T extends Record<string, unknown>, R = T>(
      query: Parameters<typeof adapter.create<T, R>>[0],
    ) {
      const secret = SECRETS[query.model] ?? ''
      const data: Row = query.data
      const value = data[secret]
      if (typeof value !== 'string') return adapter.create<T, R>(query)
      const created = await adapter.create<T, R>({
        ...query,
        data: { ...query.data, [secret]: hashSecret(value) },
      })
      return { ...created, [secret]: value }
    },
    findOne: async <T>(query: Parameters<typeof adapter.findOne>[0]) =>
      told(query, await adapter.findOne<T>(hashed(query))),
    findMany: async <T>(query: Parameters<typeof adapter.findMany>[0]) =>
      (await adapter.findMany<T>(hashed(query))).map((row) => told(query, row)),
    count: (query) => adapter.count(hashed(query)),
    update: async <T>(query: Parameters<typeof adapter.update>[0]) =>
      told(query, await adapter.update<T>(hashed(query))),
    updateMany: (query) => adapter.updateMany(hashed(query)),
    delete: (query) => adapter.delete(hashed(query)),
    deleteMany: (query) => adapter.deleteMany(hashed(query)),
    consumeOne: (query) => adapter.consumeOne(hashed(query)),
    incrementOne: (query) => adapter.incrementOne(hashed(query)),
  }
}

const hashValue = (where: Where): Where => {
  const { value } = where
  const hash = Array.isArray(value)
    ? value.map((secret) => hashSecret(String(secret)))
    : hashSecret(String(value))
  return { ...where, value: hash }
}
