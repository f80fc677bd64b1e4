import { Places } from '../ui/places.tsx'
import { auditPath, organizationPath } from './addresses.ts'
import { useViewing } from './use-viewer.ts'

/** The pages for auditors: what was changed, and whether controls let through what they should not. */
export const AuditPlaces = ({ current }: { readonly current: 'log' | 'controls' }) => {
  const { slug } = useViewing().membership
  return (
    <Places
      label="Pages of the audit"
      current={current}
      places={[
        { id: 'log', title: 'Log', href: organizationPath(slug, 'audit') },
        { id: 'controls', title: 'Control tests', href: auditPath(slug, 'controls') },
      ]}
    />
  )
}
