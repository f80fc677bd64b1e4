import { Places } from '../ui/places.tsx'
import { alertPath, organizationPath } from './addresses.ts'
import { useViewing } from './use-viewer.ts'

type AlertPlace = 'feed' | 'rules' | 'channels'
type Place = { readonly id: AlertPlace; readonly title: string; readonly href: string }

/** The pages of alerts: what is the matter, what is watched, and where it is sent to. */
export const AlertPlaces = ({ current }: { readonly current: AlertPlace }) => {
  const { membership, may } = useViewing()
  const { slug } = membership
  const places: readonly Place[] = [
    { id: 'feed', title: 'Alerts', href: organizationPath(slug, 'alerts') },
    { id: 'rules', title: 'Rules', href: alertPath(slug, 'rules') },
    ...(may('alert:manage')
      ? [{ id: 'channels', title: 'Channels', href: alertPath(slug, 'channels') } as const]
      : []),
  ]
  return <Places label="Pages of alerts" places={places} current={current} />
}
