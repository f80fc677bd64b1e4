import { GoalPeopleDocument } from '../documents.generated.ts'
import { useKeptQuery } from '../live/use-kept-query.ts'
import { useViewing } from './use-viewer.ts'

export type NamedPerson = { readonly id: string; readonly name: string }

/** Who can be made an owner: the members, where the viewer may see them, and whoever is known already. */
export const usePeople = (known: readonly (NamedPerson | null)[]): readonly NamedPerson[] => {
  const { viewer, may } = useViewing()
  const { data } = useKeptQuery(GoalPeopleDocument, {}, { pause: !may('member:read') })
  const people = [
    ...(data?.members.nodes.map(({ person }) => person) ?? []),
    viewer?.person ?? null,
    ...known,
  ]
  const byId = new Map(people.flatMap((person) => (person ? [[person.id, person]] : [])))
  return [...byId.values()].toSorted((a, b) => a.name.localeCompare(b.name, 'en'))
}
