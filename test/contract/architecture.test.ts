/** DESIGN's invariants of the rooms, read from the imports themselves. */
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const filesOf = (pattern: string) =>
  globSync(pattern, { cwd: root, exclude: ['**/node_modules/**', 'client/dist/**'] }).toSorted()

/** What a file imports: paths within the house as `room/...`, packages by name. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8')
  const found = text.matchAll(
    /(?:^|\n)\s*(?:import|export)\s[^'"]*?from\s+['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]/g,
  )
  return [...found].map((match) => {
    const name = match[1] ?? match[2] ?? ''
    if (name.startsWith('.')) return relative(root, resolve(root, dirname(file), name))
    return name.replace(/^@tidemark\//, '')
  })
}

const offences = (pattern: string, isForbidden: (imported: string, file: string) => boolean) =>
  filesOf(pattern).flatMap((file) =>
    importsOf(file)
      .filter((imported) => isForbidden(imported, file))
      .map((imported) => `${file} imports ${imported}`),
  )

const nouns = [
  'organization',
  'customer',
  'credit',
  'segment',
  'invoice',
  'receipt',
  'credit-note',
  'dispute',
  'order',
  'approval',
  'period',
  'sales-plan',
  'metric',
  'rate',
  'goal',
  'alert',
  'member',
  'token',
  'audit',
]
const nounOf = (path: string) => nouns.find((noun) => path.startsWith(`server/${noun}/`))

describe('the rooms', () => {
  it('keep domain pure: it imports itself and decimal.js, and asks no clock', () => {
    expect(
      offences(
        'server/domain/**/*.ts',
        (name) => !name.startsWith('server/domain/') && name !== 'decimal.js',
      ),
    ).toEqual([])
    const impure = filesOf('server/domain/**/*.ts').filter((file) =>
      /Temporal\.Now|Date\.now|new Date|Math\.random|process\./.test(readFileSync(join(root, file), 'utf8')),
    )
    expect(impure).toEqual([])
  })

  it('keep the nouns apart: none imports another', () => {
    const crossing = offences(`server/{${nouns.join(',')}}/**/*.ts`, (name, file) => {
      const imported = nounOf(name)
      return imported !== undefined && imported !== nounOf(file)
    })
    expect(crossing).toEqual([])
  })

  it('keep what knows several nouns above them: none imports the files of goals and rules', () => {
    expect(
      offences(`server/{${nouns.join(',')}}/**/*.ts`, (name) => name.startsWith('server/code/')),
    ).toEqual([])
  })

  it('keep what the nouns stand on below them: the ledger and the KPI store know no noun', () => {
    expect(offences('server/{ledger,kpi,authority}/**/*.ts', (name) => nounOf(name) !== undefined)).toEqual(
      [],
    )
  })

  it('keep SQL, arithmetic helpers and `try` out of resolvers', () => {
    const wordy = filesOf('server/*/resolvers.ts').filter((file) =>
      /\btry\s*{|drizzle-orm|\.sql`/.test(readFileSync(join(root, file), 'utf8')),
    )
    expect(wordy).toEqual([])
  })

  it('let only the ledger write receivables', () => {
    const writes =
      /insert into (item|invoice|receipt|ledger_entry|flow|open_span|customer_state)\b|insert\((item|invoice|receipt|ledgerEntry|flow|openSpan|customerState)\)/
    const writers = filesOf('server/**/*.ts').filter((file) =>
      writes.test(readFileSync(join(root, file), 'utf8')),
    )
    expect(writers).toEqual([
      'server/ledger/flow-sums.ts',
      'server/ledger/new-items.ts',
      'server/ledger/post.ts',
    ])
  })

  it('keep the view away from the tables and the answers', () => {
    expect(
      offences('client/**/*.{ts,tsx}', (name) => /^(drizzle|server|postgres|drizzle-orm)(\/|$)/.test(name)),
    ).toEqual([])
  })

  it('have no barrel and no `utils`', () => {
    const shapeless = filesOf(
      '{schema,drizzle,server,client,test}/**/{index.ts,index.tsx,utils.ts,helpers.ts}',
    )
    expect(shapeless).toEqual([])
  })
})
