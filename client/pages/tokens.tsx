import { KeyRound } from 'lucide-react'
import { useState } from 'react'
import { type ListedToken, type TokenDeed, TokenHead, TokenRows } from '../components/token-list.tsx'
import { TokensDocument, TokensMoreDocument, type TokensQuery } from '../documents.generated.ts'
import { formatCount } from '../format/quantity.ts'
import { useKeptQuery } from '../live/use-kept-query.ts'
import { Button } from '../ui/button.tsx'
import { ErrorCard } from '../ui/error-card.tsx'
import { PageHeading } from '../ui/page-heading.tsx'
import { ProgressLine } from '../ui/progress-line.tsx'
import { RowsSkeleton } from '../ui/skeleton.tsx'
import { useToast } from '../ui/toasts.tsx'
import { useNow } from '../ui/use-now.ts'
import { CreateTokenDialog } from './create-token.tsx'
import { errorWords } from './error-words.ts'
import { MoreRows } from './more-rows.tsx'
import { PageBody, Panel } from './page-body.tsx'
import { RevokeTokenDialog, RotateDialog } from './token-dialogs.tsx'
import { useViewing } from './use-viewer.ts'

/** The dialog that is open, and about which token. */
type Opened = { readonly kind: 'CREATE' } | { readonly kind: TokenDeed; readonly token: ListedToken }

type ListProps = { readonly data: TokensQuery; readonly onOpen: (opened: Opened) => void }

const List = ({ data, onOpen }: ListProps) => {
  const { may } = useViewing()
  const now = useNow()
  const mayWrite = may('token:write')
  const { nodes, pageInfo, totalCount } = data.tokens
  const rows = {
    roles: data.roles,
    now,
    onDo: mayWrite ? (deed: TokenDeed, token: ListedToken) => onOpen({ kind: deed, token }) : null,
  }
  if (nodes.length === 0)
    return (
      <div className="panel px-4 py-10 text-center sm:px-5">
        <KeyRound aria-hidden="true" className="mx-auto size-5 text-accent" />
        <h2 className="mt-3 text-base font-semibold">No tokens yet</h2>
        <p className="mx-auto mt-1 max-w-md text-pretty text-muted">
          A token lets a program in: a BI tool that reads KPIs, a script that records payments. Each has no
          more rights than it needs.
        </p>
      </div>
    )
  return (
    <Panel title="Tokens in use" note={totalCount === null ? null : formatCount(totalCount)}>
      <table className="rows">
        <caption className="sr-only">Tokens that are not revoked</caption>
        <TokenHead hasDeeds={mayWrite} />
        <tbody>
          <TokenRows tokens={nodes} {...rows} />
        </tbody>
        <MoreRows
          query={TokensMoreDocument}
          pageInfo={pageInfo}
          columns={mayWrite ? 5 : 4}
          pick={({ tokens }) => tokens}
        >
          {(tokens) => <TokenRows tokens={tokens} {...rows} />}
        </MoreRows>
      </table>
    </Panel>
  )
}

/** What lets programs in. */
export const TokensPage = () => {
  const { membership, may } = useViewing()
  const { data, error, isFetching, refetch } = useKeptQuery(
    TokensDocument,
    {},
    {
      requestPolicy: 'cache-and-network',
    },
  )
  const tell = useToast()
  const [opened, setOpened] = useState<Opened | null>(null)
  const close = () => setOpened(null)
  const done = (told: string) => {
    close()
    tell(told)
    refetch()
  }
  return (
    <PageBody>
      <ProgressLine isActive={isFetching} />
      <PageHeading
        title="Tokens"
        place={membership.name}
        note="What lets programs in: scripts, BI tools, integrations."
        actions={
          data &&
          may('token:write') && (
            <Button look="primary" onClick={() => setOpened({ kind: 'CREATE' })}>
              <KeyRound aria-hidden="true" className="size-4" />
              New token
            </Button>
          )
        }
      />
      {error && (
        <ErrorCard title="The tokens could not be loaded" message={errorWords(error)} onRetry={refetch} />
      )}
      {data ? <List data={data} onOpen={setOpened} /> : !error && <RowsSkeleton />}
      {data && opened?.kind === 'CREATE' && (
        <CreateTokenDialog roles={data.roles} onClose={close} onMade={refetch} />
      )}
      {opened?.kind === 'ROTATE' && <RotateDialog token={opened.token} onClose={close} onMade={refetch} />}
      {opened?.kind === 'REVOKE' && <RevokeTokenDialog token={opened.token} onClose={close} onDone={done} />}
    </PageBody>
  )
}
