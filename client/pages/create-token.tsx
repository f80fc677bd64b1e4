import { useState } from 'react'
import { rolesWithin } from '../components/role-words.ts'
import { decimalOf } from '../components/goal-edit.ts'
import { ScopePicker } from '../components/scope-picker.tsx'
import { CreateTokenDocument, type RoleTable_RoleFragment } from '../documents.generated.ts'
import { Button, SubmitButton } from '../ui/button.tsx'
import { Dialog, DialogActions } from '../ui/dialog.tsx'
import { Disclosure } from '../ui/disclosure.tsx'
import { SelectField, TextAreaField, TextField } from '../ui/field.tsx'
import { Form, type Sending, textOf, useSending } from '../ui/form.tsx'
import { isProblem, makeProblem, messageAt } from '../ui/form-problem.ts'
import { SecretDialog } from './token-dialogs.tsx'
import { addressesOf, expiryOf, lifetimes } from './token-form.ts'
import { useSend } from './use-send.ts'
import { useViewing } from './use-viewer.ts'

const Lifetime = ({ sending }: { readonly sending: Sending }) => {
  const [lifetime, setLifetime] = useState('P90D')
  const error = messageAt(sending.problem, 'expiresAt')
  const hasDay = lifetime === 'DAY'
  return (
    <div className={hasDay ? 'grid gap-4 sm:grid-cols-2' : ''}>
      <SelectField
        name="lifetime"
        label="Works for"
        value={lifetime}
        onChange={({ target }) => setLifetime(target.value)}
        hint={lifetime === 'NEVER' ? 'Safer is one that ends, and is rotated before.' : undefined}
        error={hasDay ? null : error}
      >
        {lifetimes.map(({ id, label }) => (
          <option key={id} value={id}>
            {label}
          </option>
        ))}
      </SelectField>
      {hasDay && <TextField name="day" type="date" label="Last day" required error={error} />}
    </div>
  )
}

const Bounds = ({ sending }: { readonly sending: Sending }) => {
  const addressProblem = messageAt(sending.problem, 'addresses')
  const pointsProblem = messageAt(sending.problem, 'pointsPerMinute')
  const limitProblem = messageAt(sending.problem, 'creditLimitMax')
  return (
    <Disclosure
      label="Where from, and how much"
      labelClassName="w-fit text-sm font-medium"
      open={addressProblem !== null || pointsProblem !== null || limitProblem !== null || undefined}
    >
      <div className="mt-3 grid gap-4">
        <TextAreaField
          name="addresses"
          label="Addresses"
          hint="Addresses or CIDR blocks that it may be used from, one a line. Empty: from everywhere."
          placeholder="203.0.113.0/24"
          rows={2}
          isCode
          spellCheck={false}
          error={addressProblem}
        />
        <TextField
          name="pointsPerMinute"
          type="number"
          min={1}
          max={1_000_000}
          inputMode="numeric"
          label="Points a minute"
          hint="What its queries may cost. Empty: the usual allowance."
          error={pointsProblem}
        />
        <TextField
          name="creditLimitMax"
          inputMode="decimal"
          label="Greatest credit limit"
          hint="In the base currency: it sets no limit above this, and none without bound. Empty: any."
          autoComplete="off"
          error={limitProblem}
        />
      </div>
    </Disclosure>
  )
}

type CreateTokenProps = {
  readonly roles: readonly RoleTable_RoleFragment[]
  readonly onMade: () => void
  readonly onClose: () => void
}

/** Asks what the token is for and what it may do, then shows it, once. */
export const CreateTokenDialog = ({ roles, onMade, onClose }: CreateTokenProps) => {
  const { viewer, may } = useViewing()
  const send = useSend()
  const sending = useSending()
  const presets = rolesWithin(roles, may)
  const [scopes, setScopes] = useState<readonly string[]>(
    () => presets.find(({ role }) => role === 'VIEWER')?.scopes ?? [],
  )
  // Counted from one moment, so that the same form sent again after a lost answer is the same wish.
  const [openedAt] = useState(Date.now)
  const [made, setMade] = useState<{ readonly secret: string | null } | null>(null)

  const create = async (values: FormData) => {
    if (scopes.length === 0) return makeProblem('Choose at least one.', 'scopes')
    const points = textOf(values, 'pointsPerMinute')
    const limit = textOf(values, 'creditLimitMax')
    const answer = await send(CreateTokenDocument, {
      name: textOf(values, 'name'),
      scopes,
      expiresAt: expiryOf(textOf(values, 'lifetime'), textOf(values, 'day'), openedAt),
      addresses: addressesOf(textOf(values, 'addresses')),
      pointsPerMinute: points === '' ? null : Number(points),
      creditLimitMax: limit === '' ? null : decimalOf(limit),
    })
    if (isProblem(answer)) return answer
    setMade(answer)
    onMade()
    return null
  }

  if (made) return <SecretDialog title="The token is made" secret={made.secret} onClose={onClose} />
  return (
    <Dialog title="New token" onClose={onClose}>
      <Form
        sending={sending}
        fields={['name', 'scopes', 'expiresAt', 'addresses', 'pointsPerMinute', 'creditLimitMax']}
        onSend={create}
      >
        <TextField
          name="name"
          label="Name"
          hint="What it is for, such as the program that uses it."
          required
          maxLength={200}
          autoComplete="off"
          error={messageAt(sending.problem, 'name')}
        />
        <ScopePicker
          offered={viewer?.scopes ?? []}
          chosen={scopes}
          presets={presets}
          onChange={setScopes}
          error={messageAt(sending.problem, 'scopes')}
        />
        <Lifetime sending={sending} />
        <Bounds sending={sending} />
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <SubmitButton isBusy={sending.isBusy}>Make the token</SubmitButton>
        </DialogActions>
      </Form>
    </Dialog>
  )
}
