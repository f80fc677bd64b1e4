import type { Role, RoleTable_RoleFragment } from '../documents.generated.ts'
import { groupScopes, nounWord, roleOfScopes } from '../format/scopes.ts'
import { roleWord } from '../format/words.ts'
import { Fieldset } from '../ui/check-field.tsx'

type ScopePickerProps = {
  /** What may be given at all. */
  readonly offered: readonly string[]
  readonly chosen: readonly string[]
  /** Roles whose scopes can be taken as they are. */
  readonly presets: readonly RoleTable_RoleFragment[]
  readonly onChange: (chosen: readonly string[]) => void
  readonly error: string | null
}

const verbs = ['read', 'write'] as const

const verbWord = (verb: string): string => verb.charAt(0).toUpperCase() + verb.slice(1)

/** What is neither read nor written takes the places of both, and then those of further rows: each has a place. */
const rowsOf = (possible: readonly string[]): readonly (readonly (string | null)[])[] => {
  const others = possible.filter((verb) => verb !== 'read' && verb !== 'write')
  const rows = [verbs.map((verb) => (possible.includes(verb) ? verb : (others.shift() ?? null)))]
  while (others.length > 0) rows.push(verbs.map(() => others.shift() ?? null))
  return rows
}

const chipClass =
  'inline-flex h-7 items-center rounded-full border border-line-strong px-2.5 text-xs font-medium text-muted transition-colors hover:text-ink aria-pressed:border-accent aria-pressed:bg-accent-tint aria-pressed:text-accent'

const Presets = ({ presets, chosen, onChange }: Omit<ScopePickerProps, 'offered' | 'error'>) => {
  // Two roles may have the same scopes; as a preset one of them is enough.
  const different = presets.filter(({ role, scopes }) => roleOfScopes<Role>(scopes, presets) === role)
  const current = roleOfScopes(chosen, different)
  return (
    <div className="mb-3 flex flex-wrap items-center gap-1.5">
      <span className="mr-1 text-xs text-muted">As a role:</span>
      {different.map(({ role, scopes }) => (
        <button
          key={role}
          type="button"
          aria-pressed={role === current}
          onClick={() => onChange(scopes)}
          className={chipClass}
        >
          {roleWord(role)}
        </button>
      ))}
    </div>
  )
}

/** Which scopes: as a role has them, or one by one, noun by noun. */
export const ScopePicker = ({ offered, chosen, presets, onChange, error }: ScopePickerProps) => {
  const held = new Set(chosen)
  const toggle = (scope: string, isOn: boolean) =>
    onChange(offered.filter((s) => (s === scope ? isOn : held.has(s))))
  return (
    <Fieldset legend="What it may do" error={error} className="">
      <Presets presets={presets} chosen={chosen} onChange={onChange} />
      <div className="rounded-md border border-line">
        <table className="w-full text-sm">
          <thead className="text-2xs text-faint">
            <tr>
              <th scope="col" className="px-3 py-1.5 text-left font-normal">
                What
              </th>
              {verbs.map((verb) => (
                <th key={verb} scope="col" className="w-22 px-3 py-1.5 text-center font-normal">
                  {verbWord(verb)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {groupScopes(offered).flatMap(({ noun, verbs: possible }) =>
              rowsOf(possible).map((places, row) => (
                <tr key={`${noun} ${places.join(' ')}`} className={row === 0 ? 'border-t border-line' : ''}>
                  <th scope="row" className="px-3 py-1 text-left font-medium">
                    <span className={row === 0 ? '' : 'sr-only'}>{nounWord(noun)}</span>
                  </th>
                  {places.map((verb, index) => {
                    const scope = `${noun}:${verb}`
                    return (
                      <td key={verbs[index]} className="p-0 text-center">
                        {verb !== null && (
                          <label className="flex h-8 items-center justify-center gap-1.5">
                            {verb === verbs[index] ? (
                              <span className="sr-only">
                                {verbWord(verb)} {nounWord(noun)}
                              </span>
                            ) : (
                              <span className="text-xs text-muted">
                                {verbWord(verb)}
                                <span className="sr-only"> {nounWord(noun)}</span>
                              </span>
                            )}
                            <input
                              type="checkbox"
                              checked={held.has(scope)}
                              onChange={({ target }) => toggle(scope, target.checked)}
                              className="size-4 accent-accent"
                            />
                          </label>
                        )}
                      </td>
                    )
                  })}
                </tr>
              )),
            )}
          </tbody>
        </table>
      </div>
    </Fieldset>
  )
}
