import { PasswordField } from '../ui/field.tsx'

/** What the server asks of a password. */
export const passwordLengthMin = 12
const passwordLengthMax = 256

type NewPasswordFieldProps = {
  readonly name: string
  readonly label?: string
  readonly error: string | null
}

/** Length is what makes a password strong: there are no other rules, and pasting from a password manager is welcome. */
export const NewPasswordField = ({ name, label = 'Password', error }: NewPasswordFieldProps) => (
  <PasswordField
    name={name}
    label={label}
    hint={`At least ${passwordLengthMin} characters. A few unrelated words make a good one.`}
    required
    minLength={passwordLengthMin}
    maxLength={passwordLengthMax}
    autoComplete="new-password"
    error={error}
  />
)
