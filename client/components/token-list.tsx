import { Ban, RefreshCw } from 'lucide-react'
import type { RoleTable_RoleFragment, TokenList_TokenFragment } from '../documents.generated.ts'
import { formatAgo, formatDayOf, formatMoment, formatSince } from '../format/moment.ts'
import { formatCount, formatMoney } from '../format/quantity.ts'
import { roleOfScopes, scopesInWords } from '../format/scopes.ts'
import { roleWord } from '../format/words.ts'
import { Badge } from '../ui/badge.tsx'
import { Menu, MenuItem } from '../ui/menu.tsx'

export type ListedToken = TokenList_TokenFragment

export type TokenDeed = 'ROTATE' | 'REVOKE'

type TokenListProps = {
  readonly tokens: readonly ListedToken[]
  readonly roles: readonly RoleTable_RoleFragment[]
  /** An instant in ms. */
  readonly now: number
  /** Null where nothing may be done. */
  readonly onDo: ((deed: TokenDeed, token: ListedToken) => void) | null
}

const soonMs = 14 * 86_400_000

const Expiry = ({ token, now }: { readonly token: ListedToken; readonly now: number }) => {
  const { expiresAt, isExpired } = token
  if (expiresAt === null) return <span className="text-muted">never</span>
  if (isExpired) return <Badge tone="act">Expired</Badge>
  const isSoon = Date.parse(expiresAt) - now < soonMs
  return (
    <span title={formatMoment(expiresAt)} className={isSoon ? 'font-medium text-watch' : 'text-muted'}>
      {isSoon ? formatAgo(expiresAt, now) : formatDayOf(expiresAt)}
    </span>
  )
}

/** The bounds that a token has beside its scopes; null where it has none. */
const boundsOf = ({ addresses, pointsPerMinute, creditLimitMax }: ListedToken): string | null => {
  const parts = [
    ...(addresses.length > 0 ? [`from ${addresses.join(', ')}`] : []),
    ...(pointsPerMinute === null ? [] : [`${formatCount(pointsPerMinute)} points a minute`]),
    ...(creditLimitMax === null ? [] : [`limits up to ${formatMoney(creditLimitMax, 'whole')}`]),
  ]
  return parts.length === 0 ? null : parts.join(' · ')
}

/** What it may do: a role's name where it has just that role's scopes, and always which they are. */
const Scopes = ({ token, roles }: Pick<TokenListProps, 'roles'> & { readonly token: ListedToken }) => {
  const role = roleOfScopes(token.scopes, roles)
  const bounds = boundsOf(token)
  return (
    <>
      {role !== null && <span className="mr-1.5 font-medium">{roleWord(role)}</span>}
      <span className="text-xs text-pretty text-muted">{scopesInWords(token.scopes)}</span>
      {bounds !== null && <span className="figures block text-xs text-muted">{bounds}</span>}
    </>
  )
}

const LastUse = ({ at, now }: { readonly at: string | null; readonly now: number }) =>
  at === null ? (
    <span className="text-faint">never used</span>
  ) : (
    <span title={formatMoment(at)}>{formatSince(at, now)}</span>
  )

export const TokenRows = ({ tokens, roles, now, onDo }: TokenListProps) =>
  tokens.map((token) => (
    <tr key={token.id}>
      <th scope="row" className="sm:w-64">
        <span className="font-medium wrap-anywhere">{token.name}</span>
        <span className="block text-xs text-muted">
          by {token.createdBy}, {formatSince(token.createdAt, now)}
        </span>
        <span className="mt-1 block sm:hidden">
          <Scopes token={token} roles={roles} />
        </span>
        <span className="figures mt-1 block text-xs text-muted md:hidden">
          used: <LastUse at={token.lastUsedAt} now={now} /> · ends: <Expiry token={token} now={now} />
        </span>
      </th>
      <td className="max-sm:hidden">
        <Scopes token={token} roles={roles} />
      </td>
      <td className="figures whitespace-nowrap text-muted max-md:hidden">
        <LastUse at={token.lastUsedAt} now={now} />
      </td>
      <td className="figures whitespace-nowrap max-md:hidden">
        <Expiry token={token} now={now} />
      </td>
      {onDo && (
        <td className="w-12 py-1.5! pr-3! text-right">
          <Menu label={`What to do about ${token.name}`}>
            {!token.isExpired && (
              <MenuItem
                icon={<RefreshCw aria-hidden="true" className="size-4 text-muted" />}
                onChoose={() => onDo('ROTATE', token)}
              >
                Rotate
              </MenuItem>
            )}
            <MenuItem
              isDanger
              icon={<Ban aria-hidden="true" className="size-4" />}
              onChoose={() => onDo('REVOKE', token)}
            >
              Revoke
            </MenuItem>
          </Menu>
        </td>
      )}
    </tr>
  ))

export const TokenHead = ({ hasDeeds }: { readonly hasDeeds: boolean }) => (
  <thead>
    <tr>
      <th scope="col">Token</th>
      <th scope="col" className="max-sm:hidden">
        May do
      </th>
      <th scope="col" className="max-md:hidden">
        Last used
      </th>
      <th scope="col" className="max-md:hidden">
        Ends
      </th>
      {hasDeeds && (
        <th scope="col">
          <span className="sr-only">Actions</span>
        </th>
      )}
    </tr>
  </thead>
)
