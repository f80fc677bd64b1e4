import { Places } from '../ui/places.tsx'
import { creditPath, organizationPath } from './addresses.ts'
import { useViewing } from './use-viewer.ts'

type CreditPlace = 'reviews' | 'requests' | 'applications' | 'policy' | 'text' | 'plan' | 'import'
type Place = { readonly id: CreditPlace; readonly title: string; readonly href: string }

/**
 * The pages of credit: what is to be looked at, what waits for approval, who asks for credit, the rules, what the plan of
 * sales takes, and limits out of a file.
 */
export const CreditPlaces = ({ current }: { readonly current: CreditPlace }) => {
  const { membership, may } = useViewing()
  const { slug } = membership
  const places: readonly Place[] = [
    { id: 'reviews', title: 'Reviews due', href: organizationPath(slug, 'credit') },
    ...(may('approval:read')
      ? [{ id: 'requests', title: 'Requests', href: creditPath(slug, 'requests') } as const]
      : []),
    { id: 'applications', title: 'Applications', href: creditPath(slug, 'applications') },
    { id: 'policy', title: 'Policy', href: creditPath(slug, 'policy') },
    { id: 'text', title: 'Text', href: creditPath(slug, 'text') },
    { id: 'plan', title: 'Sales plan', href: creditPath(slug, 'plan') },
    ...(may('credit:write')
      ? [{ id: 'import', title: 'Import', href: creditPath(slug, 'import') } as const]
      : []),
  ]
  return <Places label="Pages of credit" places={places} current={current} />
}
