import type { Role, RoleTable_RoleFragment } from '../documents.generated.ts'
import { roleWord } from '../format/words.ts'
import { CheckField, Fieldset } from '../ui/check-field.tsx'
import { roleNotes } from './role-words.ts'

type RadioRolesProps = {
  /** Those to choose from. */
  readonly roles: readonly RoleTable_RoleFragment[]
  readonly initial: Role
  readonly error: string | null
}

/** One of the roles, each with what it is for. */
export const RadioRoles = ({ roles, initial, error }: RadioRolesProps) => (
  <Fieldset legend="Role" error={error}>
    {roles.map(({ role }) => (
      <CheckField
        key={role}
        type="radio"
        name="role"
        value={role}
        required
        defaultChecked={role === initial}
        label={roleWord(role)}
        hint={roleNotes[role]}
      />
    ))}
  </Fieldset>
)
