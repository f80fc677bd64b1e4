import type { InvitationList_InvitationFragment } from '../documents.generated.ts'
import { formatAgo, formatMoment } from '../format/moment.ts'
import { roleWord } from '../format/words.ts'
import { Button } from '../ui/button.tsx'

export type ListedInvitation = InvitationList_InvitationFragment

type InvitationListProps = {
  readonly invitations: readonly ListedInvitation[]
  /** An instant in ms. */
  readonly now: number
  /** Null where it may not be done. */
  readonly onRevoke: ((invitation: ListedInvitation) => void) | null
}

/** Links that nobody has used yet. */
export const InvitationList = ({ invitations, now, onRevoke }: InvitationListProps) => (
  <table className="rows">
    <caption className="sr-only">Open invitations</caption>
    <thead>
      <tr>
        <th scope="col">E-mail</th>
        <th scope="col">Role</th>
        <th scope="col" className="max-sm:hidden">
          Invited by
        </th>
        <th scope="col" className="max-sm:hidden">
          Ends
        </th>
        {onRevoke && (
          <th scope="col">
            <span className="sr-only">Actions</span>
          </th>
        )}
      </tr>
    </thead>
    <tbody>
      {invitations.map((invitation) => {
        const { id, email, role, invitedBy, expiresAt } = invitation
        return (
          <tr key={id}>
            <th scope="row" className="w-full max-w-0">
              <span className="block font-medium wrap-anywhere sm:truncate">{email}</span>
              <span className="figures block truncate text-xs text-muted sm:hidden">
                ends {formatAgo(expiresAt, now)}
              </span>
            </th>
            <td className="whitespace-nowrap">{roleWord(role)}</td>
            <td className="max-w-40 truncate text-muted max-sm:hidden">{invitedBy}</td>
            <td
              className="figures whitespace-nowrap text-muted max-sm:hidden"
              title={formatMoment(expiresAt)}
            >
              {formatAgo(expiresAt, now)}
            </td>
            {onRevoke && (
              <td className="w-12 py-1.5! pr-3! text-right">
                <Button look="quiet" className="h-8 px-2.5" onClick={() => onRevoke(invitation)}>
                  Revoke
                  <span className="sr-only">the invitation of {email}</span>
                </Button>
              </td>
            )}
          </tr>
        )
      })}
    </tbody>
  </table>
)
