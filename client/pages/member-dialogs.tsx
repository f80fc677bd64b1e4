import { useState } from 'react'
import { RadioRoles } from '../components/radio-roles.tsx'
import type { ListedMember } from '../components/member-list.tsx'
import {
  ChangeMemberRoleDocument,
  ErasePersonDocument,
  InviteMemberDocument,
  RemoveMemberDocument,
  type Role,
  type RoleTable_RoleFragment,
} from '../documents.generated.ts'
import { roleWord } from '../format/words.ts'
import { Button, SubmitButton } from '../ui/button.tsx'
import { CheckField } from '../ui/check-field.tsx'
import { ConfirmDialog } from '../ui/confirm-dialog.tsx'
import { SecretBox } from '../ui/copy-button.tsx'
import { Dialog, DialogActions } from '../ui/dialog.tsx'
import { TextField } from '../ui/field.tsx'
import { Form, textOf, useSending } from '../ui/form.tsx'
import { isProblem, messageAt } from '../ui/form-problem.ts'
import { Notice } from '../ui/notice.tsx'
import { useSend } from './use-send.ts'

type DialogProps = {
  readonly onClose: () => void
  /** What was done, in words. */
  readonly onDone: (told: string) => void
}
type RolesProps = { readonly roles: readonly RoleTable_RoleFragment[] }

type Invited = { readonly email: string; readonly role: Role; readonly link: string | null }

const InvitedDialog = ({ invited, onClose }: { readonly invited: Invited; readonly onClose: () => void }) => (
  <Dialog title="The invitation is made" onClose={onClose} isKept>
    <div className="grid gap-4">
      {invited.link === null ? (
        <Notice tone="watch">
          An earlier attempt made this invitation, and its link cannot be shown again. Revoke it and invite
          anew.
        </Notice>
      ) : (
        <>
          <p className="text-pretty text-muted">
            Hand this link to <span className="font-medium text-ink">{invited.email}</span>. Nothing is sent
            by itself. It works once, for seven days, and is shown only now.
          </p>
          <SecretBox label="Link" text={invited.link} what="the link" />
        </>
      )}
      <DialogActions>
        <Button onClick={onClose}>Done</Button>
      </DialogActions>
    </div>
  </Dialog>
)

/** Asks whom and as what, then shows the link, once. */
export const InviteDialog = ({
  roles,
  onClose,
  onMade,
}: RolesProps & { readonly onClose: () => void; readonly onMade: () => void }) => {
  const send = useSend()
  const sending = useSending()
  const [invited, setInvited] = useState<Invited | null>(null)
  const invite = async (values: FormData) => {
    const input = { email: textOf(values, 'email'), role: textOf(values, 'role') as Role }
    const answer = await send(InviteMemberDocument, input)
    if (isProblem(answer)) return answer
    setInvited({ ...answer.invitation, link: answer.link })
    onMade()
    return null
  }
  if (invited) return <InvitedDialog invited={invited} onClose={onClose} />
  return (
    <Dialog title="Invite somebody" onClose={onClose}>
      <Form sending={sending} fields={['email', 'role']} onSend={invite}>
        <TextField
          name="email"
          type="email"
          label="E-mail"
          required
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          error={messageAt(sending.problem, 'email')}
        />
        <RadioRoles roles={roles} initial="VIEWER" error={messageAt(sending.problem, 'role')} />
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <SubmitButton isBusy={sending.isBusy}>Make the link</SubmitButton>
        </DialogActions>
      </Form>
    </Dialog>
  )
}

type MemberProps = DialogProps & { readonly member: ListedMember }

const tokensWords = (count: number): string => {
  if (count === 0) return ''
  return count === 1 ? ' One token was revoked with it.' : ` ${count} tokens were revoked with it.`
}

export const RoleDialog = ({ member, roles, onClose, onDone }: MemberProps & RolesProps) => {
  const send = useSend()
  const sending = useSending()
  const change = async (values: FormData) => {
    const role = textOf(values, 'role') as Role
    const reason = textOf(values, 'reason') || null
    const keepTokens = values.has('keepTokens')
    const answer = await send(ChangeMemberRoleDocument, { id: member.id, role, keepTokens, reason })
    if (isProblem(answer)) return answer
    onDone(`${member.person.name} is ${roleWord(role)} now.${tokensWords(answer.revokedTokens)}`)
    return null
  }
  return (
    <Dialog title={`Role of ${member.person.name}`} onClose={onClose}>
      <Form sending={sending} fields={['role', 'reason']} onSend={change}>
        <RadioRoles roles={roles} initial={member.role} error={messageAt(sending.problem, 'role')} />
        <CheckField
          name="keepTokens"
          label="Keep the tokens that they made"
          hint="Otherwise those that may do what the new role may not are revoked."
        />
        <TextField
          name="reason"
          label="Reason (optional)"
          hint="Goes into the audit log and stays there: write no names."
          maxLength={500}
          autoComplete="off"
          error={messageAt(sending.problem, 'reason')}
        />
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <SubmitButton isBusy={sending.isBusy}>Change the role</SubmitButton>
        </DialogActions>
      </Form>
    </Dialog>
  )
}

export const RemoveDialog = ({
  member,
  isSelf,
  onClose,
  onDone,
}: MemberProps & { readonly isSelf: boolean }) => {
  const send = useSend()
  const [keepTokens, setKeepTokens] = useState(false)
  const { name } = member.person
  const remove = async (reason: string | null) => {
    const answer = await send(RemoveMemberDocument, { id: member.id, keepTokens, reason })
    if (isProblem(answer)) return answer
    onDone(`${name} is no member any more.${tokensWords(answer.revokedTokens)}`)
    return null
  }
  return (
    <ConfirmDialog
      title={isSelf ? 'Leave the organization' : `Remove ${name}`}
      action={isSelf ? 'Leave' : 'Remove'}
      reason="optional"
      onConfirm={remove}
      onClose={onClose}
    >
      <p>
        {isSelf ? 'You are' : `${name} is`} out within a second, also of pages that are open. Goals and
        customers keep their owner.
      </p>
      <CheckField
        label={`Keep the tokens that ${isSelf ? 'you' : 'they'} made`}
        hint="Otherwise they are revoked, and programs that use them stop."
        checked={keepTokens}
        onChange={({ target }) => setKeepTokens(target.checked)}
      />
    </ConfirmDialog>
  )
}

export const EraseDialog = ({ member, onClose, onDone }: MemberProps) => {
  const send = useSend()
  const { name } = member.person
  const erase = async (reason: string | null) => {
    const answer = await send(ErasePersonDocument, { id: member.person.id, reason: reason ?? '' })
    if (isProblem(answer)) return answer
    onDone(`The person is erased.${tokensWords(answer.revokedTokens)}`)
    return null
  }
  return (
    <ConfirmDialog
      title={`Erase ${name} for good`}
      action="Erase for good"
      phrase={member.email}
      reason="required"
      onConfirm={erase}
      onClose={onClose}
    >
      <p>
        Name, e-mail and network addresses are removed, the membership and the tokens with them. Nobody can
        bring them back.
      </p>
      <p>
        What they did stays in the books and in the audit log, without their name, and the log still verifies.
      </p>
    </ConfirmDialog>
  )
}
