/**
 * The way of better-auth to the tables: each of its operations is a transaction of its own, or a part of the one that
 * it opens, as the role that has the tables of sign-in and no others. On the way the token of a session becomes its
 * hash, so that whoever reads the table signs in as nobody.
 */
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { account, session, twoFactor, user, verification } from '@tidemark/drizzle/identity.ts'
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
      withHashedTokens(drizzleAdapter(tx, { provider: 'pg', schema: TABLES })(options))
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

type Query = { readonly model: string; readonly where?: Where[] | undefined }

/** Sessions are looked for by the hash of a token, and told with the token that was asked for. */
const withHashedTokens = (adapter: DBTransactionAdapter): DBTransactionAdapter => {
  const hashed = <Q extends Query>(query: Q): Q =>
    query.model === 'session' && query.where !== undefined
      ? { ...query, where: query.where.map(hashToken) }
      : query
  const told = <R>({ model, where = [] }: Query, row: R): R => {
    const token = model === 'session' ? where.find(isToken)?.value : undefined
    return typeof token === 'string' && isRow(row) ? { ...row, token } : row
  }
  return {
    ...adapter,
    async create<T extends Record<string, unknown>, R = T>(
      query: Parameters<typeof adapter.create<T, R>>[0],
    ) {
      const { data } = query as { readonly data: Record<string, unknown> }
      const token = data['token']
      if (query.model !== 'session' || typeof token !== 'string') return adapter.create<T, R>(query)
      const created = await adapter.create<T, R>({
        ...query,
        data: { ...query.data, token: hashSecret(token) },
      })
      return { ...created, token }
    },
    findOne: async <T>(query: Parameters<typeof adapter.findOne>[0]) =>
      told(query, await adapter.findOne<T>(hashed(query))),
    findMany: (query) => adapter.findMany(hashed(query)),
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

const isToken = ({ field }: Where): boolean => field === 'token'

const hashToken = (where: Where): Where => {
  if (!isToken(where)) return where
  const { value } = where
  return {
    ...where,
    value: Array.isArray(value) ? value.map((token) => hashSecret(String(token))) : hashSecret(String(value)),
  }
}

const isRow = (row: unknown): row is object => typeof row === 'object' && row !== null
