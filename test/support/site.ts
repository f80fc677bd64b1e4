/** Servers of one company behind a load balancer that knows no sessions. */
import { type Company, type CompanyServer, openCompany } from './company.ts'
import { type Line, openLine, placeOf, through } from './line.ts'

export type Site = {
  readonly company: Company
  /** The balancer. */
  readonly line: Line
  readonly servers: readonly CompanyServer[]
  /** Of the balancer. */
  readonly url: () => string
  /** Starts a server and sends traffic to it. */
  readonly add: () => Promise<CompanyServer>
  /** Sends no new connection to it any more. */
  readonly remove: (server: CompanyServer) => void
  close(): Promise<void>
}

export const openSite = async (): Promise<Site> => {
  const company = await openCompany()
  const servers: CompanyServer[] = []
  const line = await openLine(() => servers.map(({ url }) => placeOf(url)))
  return {
    company,
    line,
    servers,
    url: () => through(line, 'http://127.0.0.1'),
    add: async () => {
      const server = await company.startServer()
      servers.push(server)
      return server
    },
    remove: (server) => {
      const place = servers.indexOf(server)
      if (place >= 0) servers.splice(place, 1)
    },
    async close() {
      await line.close()
      await company.close()
    },
  }
}

export const firstOf = (servers: readonly CompanyServer[]): CompanyServer => {
  const [first] = servers
  if (first === undefined) throw new Error('No server runs')
  return first
}
