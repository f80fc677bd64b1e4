import { UserRoundPlus } from 'lucide-react'
import { useState } from 'react'
import { InvitationList, type ListedInvitation } from '../components/invitation-list.tsx'
import { type ListedMember, type MemberDeed, MemberHead, MemberRows } from '../components/member-list.tsx'
import { RoleTable } from '../components/role-table.tsx'
import { rolesWithin } from '../components/role-words.ts'
import {
  MembersDocument,
  MembersMoreDocument,
  type MembersQuery,
  RevokeInvitationDocument,
} from '../documents.generated.ts'
import { formatCount } from '../format/quantity.ts'
import { useKeptQuery } from '../live/use-kept-query.ts'
import { useNow } from '../ui/use-now.ts'
import { Button } from '../ui/button.tsx'
import { ConfirmDialog } from '../ui/confirm-dialog.tsx'
import { Disclosure } from '../ui/disclosure.tsx'
import { ErrorCard } from '../ui/error-card.tsx'
import { isProblem } from '../ui/form-problem.ts'
import { PageHeading } from '../ui/page-heading.tsx'
import { ProgressLine } from '../ui/progress-line.tsx'
import { RowsSkeleton } from '../ui/skeleton.tsx'
import { useToast } from '../ui/toasts.tsx'
import { errorWords } from './error-words.ts'
import { EraseDialog, InviteDialog, RemoveDialog, RoleDialog } from './member-dialogs.tsx'
import { MoreRows } from './more-rows.tsx'
import { PageBody, Panel } from './page-body.tsx'
import { useSend } from './use-send.ts'
import { useViewing } from './use-viewer.ts'

/** The dialog that is open, and about whom. */
type Opened =
  | { readonly kind: 'INVITE' }
  | { readonly kind: MemberDeed; readonly member: ListedMember }
  | { readonly kind: 'REVOKE'; readonly invitation: ListedInvitation }

type OpenedDialogProps = {
  readonly opened: Opened
  readonly data: MembersQuery
  readonly onClose: () => void
  /** What was done, in words; null where a dialog that stays open tells it. */
  readonly onChanged: (told: string | null) => void
}

const RevokeDialog = ({
  invitation,
  onClose,
  onDone,
}: {
  readonly invitation: ListedInvitation
  readonly onClose: () => void
  readonly onDone: (told: string) => void
}) => {
  const send = useSend()
  const revoke = async () => {
    const answer = await send(RevokeInvitationDocument, { id: invitation.id })
    if (isProblem(answer)) return answer
    onDone(`The invitation of ${invitation.email} is revoked.`)
    return null
  }
  return (
    <ConfirmDialog title="Revoke the invitation" action="Revoke" onConfirm={revoke} onClose={onClose}>
      <p>The link that was made for {invitation.email} stops working.</p>
    </ConfirmDialog>
  )
}

const OpenedDialog = ({ opened, data, onClose, onChanged }: OpenedDialogProps) => {
  const { viewer, may } = useViewing()
  const roles = rolesWithin(data.roles, may)
  // The link of an invitation is shown once: its dialog is closed by hand, the others once they are done.
  const done = (told: string) => {
    onClose()
    onChanged(told)
  }
  switch (opened.kind) {
    case 'INVITE':
      return <InviteDialog roles={roles} onClose={onClose} onMade={() => onChanged(null)} />
    case 'REVOKE':
      return <RevokeDialog invitation={opened.invitation} onClose={onClose} onDone={done} />
    case 'ROLE':
      return <RoleDialog member={opened.member} roles={roles} onClose={onClose} onDone={done} />
    case 'REMOVE':
      return (
        <RemoveDialog
          member={opened.member}
          isSelf={opened.member.person.id === viewer?.person?.id}
          onClose={onClose}
          onDone={done}
        />
      )
    case 'ERASE':
      return <EraseDialog member={opened.member} onClose={onClose} onDone={done} />
  }
}

type ListsProps = { readonly data: MembersQuery; readonly onOpen: (opened: Opened) => void }

const Lists = ({ data, onOpen }: ListsProps) => {
  const { viewer, may } = useViewing()
  const now = useNow()
  const mayWrite = may('member:write')
  const rows = {
    ownId: viewer?.person?.id ?? null,
    onDo: mayWrite ? (deed: MemberDeed, member: ListedMember) => onOpen({ kind: deed, member }) : null,
  }
  const { nodes: invitations } = data.invitations
  return (
    <>
      <Panel
        title="People"
        note={data.members.totalCount === null ? null : formatCount(data.members.totalCount)}
      >
        <table className="rows">
          <caption className="sr-only">The people who can sign in</caption>
          <MemberHead hasDeeds={mayWrite} />
          <tbody>
            <MemberRows members={data.members.nodes} {...rows} />
          </tbody>
          <MoreRows
            query={MembersMoreDocument}
            pageInfo={data.members.pageInfo}
            columns={mayWrite ? 4 : 3}
            pick={({ members }) => members}
          >
            {(members) => <MemberRows members={members} {...rows} />}
          </MoreRows>
        </table>
      </Panel>
      {invitations.length > 0 && (
        <Panel title="Open invitations" note={formatCount(invitations.length)}>
          <InvitationList
            invitations={invitations}
            now={now}
            onRevoke={mayWrite ? (invitation) => onOpen({ kind: 'REVOKE', invitation }) : null}
          />
        </Panel>
      )}
      <Disclosure
        label="What each role may do"
        labelClassName="px-3 py-3 text-base font-semibold sm:px-4"
        className="panel overflow-hidden"
      >
        <div className="border-t border-line pb-1">
          <RoleTable roles={data.roles} />
        </div>
      </Disclosure>
    </>
  )
}

/** Who can sign in, who is invited, and as what. */
export const MembersPage = () => {
  const { membership, may } = useViewing()
  const { data, error, isFetching, refetch } = useKeptQuery(
    MembersDocument,
    {},
    {
      requestPolicy: 'cache-and-network',
    },
  )
  const tell = useToast()
  const [opened, setOpened] = useState<Opened | null>(null)
  const changed = (told: string | null) => {
    if (told !== null) tell(told)
    refetch()
  }
  return (
    <PageBody>
      <ProgressLine isActive={isFetching} />
      <PageHeading
        title="Members"
        place={membership.name}
        note="People who can sign in to this organization, by invitation."
        actions={
          data &&
          may('member:write') && (
            <Button look="primary" onClick={() => setOpened({ kind: 'INVITE' })}>
              <UserRoundPlus aria-hidden="true" className="size-4" />
              Invite
            </Button>
          )
        }
      />
      {error && (
        <ErrorCard title="The members could not be loaded" message={errorWords(error)} onRetry={refetch} />
      )}
      {data ? <Lists data={data} onOpen={setOpened} /> : !error && <RowsSkeleton />}
      {data && opened && (
        <OpenedDialog opened={opened} data={data} onClose={() => setOpened(null)} onChanged={changed} />
      )}
    </PageBody>
  )
}
