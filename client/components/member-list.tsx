import { ShieldHalf, UserRoundMinus, UserRoundX } from 'lucide-react'
import type { MemberList_MemberFragment } from '../documents.generated.ts'
import { formatDayOf } from '../format/moment.ts'
import { roleWord } from '../format/words.ts'
import { Badge } from '../ui/badge.tsx'
import { Menu, MenuItem } from '../ui/menu.tsx'

export type ListedMember = MemberList_MemberFragment

/** What can be done about a member. */
export type MemberDeed = 'ROLE' | 'REMOVE' | 'ERASE'

type MemberListProps = {
  readonly members: readonly ListedMember[]
  /** The person who looks; null where that is not known yet. */
  readonly ownId: string | null
  /** Null where nothing may be done. */
  readonly onDo: ((deed: MemberDeed, member: ListedMember) => void) | null
}

const MemberMenu = ({
  member,
  isSelf,
  onDo,
}: {
  readonly member: ListedMember
  readonly isSelf: boolean
  readonly onDo: NonNullable<MemberListProps['onDo']>
}) => (
  <Menu label={`What to do about ${member.person.name}`}>
    {!isSelf && (
      <MenuItem
        icon={<ShieldHalf aria-hidden="true" className="size-4 text-muted" />}
        onChoose={() => onDo('ROLE', member)}
      >
        Change the role
      </MenuItem>
    )}
    <MenuItem
      icon={<UserRoundMinus aria-hidden="true" className="size-4 text-muted" />}
      onChoose={() => onDo('REMOVE', member)}
    >
      {isSelf ? 'Leave the organization' : 'Remove'}
    </MenuItem>
    <MenuItem
      isDanger
      icon={<UserRoundX aria-hidden="true" className="size-4" />}
      onChoose={() => onDo('ERASE', member)}
    >
      Erase for good
    </MenuItem>
  </Menu>
)

/** The rows of the people who can sign in. */
export const MemberRows = ({ members, ownId, onDo }: MemberListProps) =>
  members.map((member) => {
    const isSelf = member.person.id === ownId
    return (
      <tr key={member.id}>
        <th scope="row" className="w-full max-w-0">
          <span className="block wrap-anywhere sm:truncate">
            <span className="font-medium">{member.person.name}</span>{' '}
            {isSelf && <Badge tone="well">You</Badge>}
          </span>
          <span className="block text-xs wrap-anywhere text-muted sm:truncate">{member.email}</span>
        </th>
        <td className="whitespace-nowrap">{roleWord(member.role)}</td>
        <td className="figures whitespace-nowrap text-muted max-sm:hidden">{formatDayOf(member.since)}</td>
        {onDo && (
          <td className="w-12 py-1.5! pr-3! text-right">
            <MemberMenu member={member} isSelf={isSelf} onDo={onDo} />
          </td>
        )}
      </tr>
    )
  })

/** The head of their columns. */
export const MemberHead = ({ hasDeeds }: { readonly hasDeeds: boolean }) => (
  <thead>
    <tr>
      <th scope="col">Name</th>
      <th scope="col">Role</th>
      <th scope="col" className="max-sm:hidden">
        Member since
      </th>
      {hasDeeds && (
        <th scope="col">
          <span className="sr-only">Actions</span>
        </th>
      )}
    </tr>
  </thead>
)
