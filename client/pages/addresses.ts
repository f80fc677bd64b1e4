/** The addresses of the dashboard. The server keeps their first words free: no organization's slug is one of them. */
export const accountPath = '/account'

/** The pages of an organization; `path` comes after its slug, `scope` is what it takes to see it. */
export const organizationPages = [
  { id: 'dashboard', path: '', title: 'Dashboard', scope: 'kpi:read' },
  { id: 'members', path: '/members', title: 'Members', scope: 'member:read' },
  { id: 'tokens', path: '/tokens', title: 'Tokens', scope: 'token:read' },
  { id: 'audit', path: '/audit', title: 'Audit log', scope: 'audit:read' },
] as const

export type OrganizationPageId = (typeof organizationPages)[number]['id']

export const organizationPath = (slug: string, page: OrganizationPageId = 'dashboard'): string =>
  `/${slug}${organizationPages.find(({ id }) => id === page)?.path ?? ''}`

/** Which page of which organization an address is; null where it is none. */
export const parseOrganizationPath = (
  path: string,
): { readonly slug: string; readonly page: OrganizationPageId } | null => {
  const [, slug = '', rest = ''] = /^\/([^/]+)(\/[^/]*)?\/?$/.exec(path) ?? []
  const page = organizationPages.find((page) => page.path === rest || (rest === '/' && page.path === ''))
  return slug === '' || !page ? null : { slug, page: page.id }
}
