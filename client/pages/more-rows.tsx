import { type ReactNode, useState } from 'react'
import type { TypedDocumentNode } from 'urql'
import { useKeptQuery } from '../live/use-kept-query.ts'
import { Button } from '../ui/button.tsx'
import { errorWords } from './error-words.ts'
import { useRenewal } from './use-renewal.ts'

type PageInfo = { readonly hasNextPage: boolean; readonly endCursor: string | null }
type Page<Row> = { readonly nodes: readonly Row[]; readonly pageInfo: PageInfo }

type MoreRowsProps<Data, Row, Rest extends object> = {
  readonly query: TypedDocumentNode<Data, Rest & { readonly after: string }>
  /** The variables beside `after`. */
  readonly rest?: Rest
  /** Where the rows before end. */
  readonly pageInfo: PageInfo
  readonly columns: number
  /** Asked for again whenever it grows. */
  readonly pulse?: number
  readonly pick: (data: Data) => Page<Row>
  readonly children: (rows: readonly Row[]) => ReactNode
}

/** A part of a table that takes all of its width. */
const WideRow = ({ columns, children }: { readonly columns: number; readonly children: ReactNode }) => (
  <tbody>
    <tr>
      <td colSpan={columns} className="py-3!">
        {children}
      </td>
    </tr>
  </tbody>
)

const NextRows = <Data, Row, Rest extends object>(
  props: MoreRowsProps<Data, Row, Rest> & { readonly after: string },
) => {
  const { query, rest, after, columns, pulse = 0, pick, children } = props
  const variables = { ...rest, after } as Rest & { readonly after: string }
  const { data, error, refetch } = useKeptQuery<Data, Rest & { readonly after: string }>(query, variables)
  useRenewal(pulse, refetch)
  if (error && !data)
    return (
      <WideRow columns={columns}>
        <div role="alert" className="flex flex-wrap items-center gap-3">
          {errorWords(error)}
          <Button onClick={refetch}>Try again</Button>
        </div>
      </WideRow>
    )
  if (!data)
    return (
      <WideRow columns={columns}>
        <output className="text-muted">Loading more…</output>
      </WideRow>
    )
  const page = pick(data)
  return (
    <>
      <tbody>{children(page.nodes)}</tbody>
      <MoreRows {...props} pageInfo={page.pageInfo} />
    </>
  )
}

/** The next page of a table's rows, once somebody asks for it. It goes on by the cursor, so nothing comes twice. */
export const MoreRows = <Data, Row, Rest extends object>(props: MoreRowsProps<Data, Row, Rest>) => {
  const [isWanted, setIsWanted] = useState(false)
  const { hasNextPage, endCursor } = props.pageInfo
  if (!hasNextPage || endCursor === null) return null
  if (isWanted) return <NextRows {...props} after={endCursor} />
  return (
    <WideRow columns={props.columns}>
      <Button onClick={() => setIsWanted(true)}>Show more</Button>
    </WideRow>
  )
}
