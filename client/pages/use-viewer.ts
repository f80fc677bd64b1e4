import { createContext, useContext } from 'react'
import type { OrganizationViewerQuery } from '../documents.generated.ts'
import type { Membership } from '../identity/session.ts'

type Answer = OrganizationViewerQuery

/** Whose organization is shown to whom. `viewer` and `organization` are null until the server has answered. */
export type Viewing = {
  readonly membership: Membership
  readonly viewer: Answer['viewer'] | null
  readonly organization: Answer['organization'] | null
  /** Whether the viewer may do what needs a scope. Only a courtesy: the server decides. */
  readonly may: (scope: string) => boolean
}

export const ViewingContext = createContext<Viewing | null>(null)

export const useViewing = (): Viewing => {
  const viewing = useContext(ViewingContext)
  if (!viewing) throw new Error('There is no organization outside of its pages.')
  return viewing
}
