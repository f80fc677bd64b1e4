/** A connection whose statements are changed on their way to PostgreSQL: to take walls down, one at a time. */
import type { Connection, TransactionSql } from '@tidemark/drizzle/connect.ts'

export type Rewrite = (statement: string) => string

/** Stands between the texts of a template, where its values go. */
const GAP = '\u{F0000}'

/** Every statement within a transaction goes through `rewrite`; in templates U+F0000 stands for a value. */
export const rewriteStatements = (connection: Connection, rewrite: Rewrite): Connection => ({
  ...connection,
  sql: new Proxy(connection.sql, {
    get(sql, name) {
      const value: unknown = Reflect.get(sql, name)
      return name === 'begin' ? beginning(value as Begin, rewrite) : value
    },
  }),
})

/** The same for whoever has this connection already; returns how it is undone. */
export const rewriteInPlace = (connection: Connection, rewrite: Rewrite): (() => void) => {
  const { sql } = connection
  const begin: Begin = Reflect.get(sql, 'begin')
  Object.assign(sql, { begin: beginning(begin, rewrite) })
  return () => void Object.assign(sql, { begin })
}

type Begin = Connection['sql']['begin']

const beginning =
  (begin: Begin, rewrite: Rewrite) => (characteristics: string, run: (sql: TransactionSql) => unknown) =>
    begin(characteristics, (inner) => run(overTransaction(inner, rewrite)))

const overTransaction = (sql: TransactionSql, rewrite: Rewrite): TransactionSql =>
  new Proxy(sql, {
    apply(target, self, args: unknown[]) {
      const [strings, ...values] = args
      const isTemplate = Array.isArray(strings) && 'raw' in strings
      const sent = isTemplate ? rewritten(strings as unknown as TemplateStringsArray, rewrite) : strings
      return Reflect.apply(target, self, [sent, ...values]) as unknown
    },
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (name === 'unsafe') {
        return (statement: string, ...rest: [never[], never]) => target.unsafe(rewrite(statement), ...rest)
      }
      if (name === 'savepoint') {
        return (run: (sql: TransactionSql) => unknown) =>
          target.savepoint((inner) => run(overTransaction(inner, rewrite)))
      }
      return value
    },
  })

const rewritten = (strings: TemplateStringsArray, rewrite: Rewrite): TemplateStringsArray => {
  const parts = rewrite(strings.join(GAP)).split(GAP)
  if (parts.length !== strings.length) throw new Error(`A value was lost of ${strings.join(' $ ')}`)
  return Object.assign(parts, { raw: parts })
}

const CONDITION = /((?:"?\w+"?\.)?"?organization_id"?)\s*=\s*(\$\d+|\u{F0000})(::uuid)?/gu

/** As if whoever wrote the statement had forgotten whose rows are meant. */
export const withoutOrganization: Rewrite = (statement) =>
  statement.replace(CONDITION, (condition) => `(true or ${condition})`)
