import { Minus } from 'lucide-react'
import type { RoleTable_RoleFragment } from '../documents.generated.ts'
import { groupScopes, nounWord } from '../format/scopes.ts'
import { roleWord } from '../format/words.ts'

const cellWord = (scopes: readonly string[], noun: string): string | null => {
  const verbs = groupScopes(scopes).find((group) => group.noun === noun)?.verbs ?? []
  // Who writes reads.
  const told = verbs.includes('write') ? verbs.filter((verb) => verb !== 'read') : verbs
  return told.length === 0 ? null : told.map((verb) => `${verb}s`).join(', ')
}

/** What each role may do, noun by noun. */
export const RoleTable = ({ roles }: { readonly roles: readonly RoleTable_RoleFragment[] }) => {
  const nouns = groupScopes(roles.flatMap(({ scopes }) => scopes)).map(({ noun }) => noun)
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls sideways, and so must the keyboard
    <section className="relative overflow-x-auto" tabIndex={0} aria-label="What each role may do">
      <table className="rows">
        <thead>
          <tr>
            <th scope="col">
              <span className="sr-only">Noun</span>
            </th>
            {roles.map(({ role }) => (
              <th key={role} scope="col">
                {roleWord(role)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {nouns.map((noun) => (
            <tr key={noun}>
              <th scope="row" className="whitespace-nowrap">
                {nounWord(noun)}
              </th>
              {roles.map(({ role, scopes }) => {
                const word = cellWord(scopes, noun)
                return (
                  <td key={role} className={word === null || word === 'reads' ? 'text-muted' : 'font-medium'}>
                    {word ?? (
                      <>
                        <Minus aria-hidden="true" className="size-3 text-faint" />
                        <span className="sr-only">nothing</span>
                      </>
                    )}
                  </td>
                )
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
