/**
 * Statements of drizzle whose text is built once: for a few rows by their keys that takes longer than PostgreSQL needs. They
 * stay prepared in each session besides, so that they take one round trip; else the driver asks for their types first.
 */
import type { Tx } from './transaction.ts'

/** A query of drizzle before it is sent. */
type Preparable<Rows> = {
  prepare(name: string): { execute(values?: Record<string, unknown>): Promise<Rows> }
}

/**
 * `build` is called with whichever transaction comes first, so it may depend on nothing but constants: what differs from
 * call to call are placeholders (`sql.placeholder`), and `values` by their names.
 */
export const statement = <Names extends string, Rows>(
  build: (tx: Tx) => Preparable<Rows>,
): ((tx: Tx, values: Readonly<Record<Names, unknown>>) => Promise<Rows>) => {
  let built: ReturnType<Preparable<Rows>['prepare']> | undefined
  return (tx, values) => {
    // drizzle ties what it prepares to one transaction, of which nothing but the client is asked for afterwards.
    built ??= Object.assign(build(tx).prepare('kept'), { client: null })
    const here: typeof built = Object.create(built, { client: { value: tx.sql } })
    return here.execute(values)
  }
}
