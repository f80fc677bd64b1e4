/** The built dashboard. */
import { existsSync } from 'node:fs'
import { join, sep } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'

const YEAR_SECONDS = 365 * 24 * 3_600

/**
 * Serves the files of `folder`, and index.html for every address that a page of the dashboard may have. Without a
 * folder, or before it was built, it says so.
 */
export const registerDashboard = async (app: FastifyInstance, folder: string | null): Promise<void> => {
  const built = folder !== null && existsSync(join(folder, 'index.html'))
  if (built) {
    const assets = join(folder, 'assets') + sep
    await app.register(fastifyStatic, {
      root: folder,
      wildcard: true,
      cacheControl: false,
      setHeaders: (reply, path) => {
        // Their names change with their content.
        const hashed = path.startsWith(assets)
        void reply.header('cache-control', hashed ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-cache')
      },
    })
  }
  app.setNotFoundHandler((request, reply) => {
    const page = (request.method === 'GET' || request.method === 'HEAD') && isPage(request.url)
    if (page && built) return reply.sendFile('index.html')
    const message =
      page && !built ? 'The dashboard is not built here; the API is at /graphql.' : 'There is nothing here.'
    return reply.code(404).send({ message })
  })
}

/** Addresses of pages have no ending such as .js, and the server's own are none. */
const isPage = (url: string): boolean => {
  const path = url.split('?')[0] ?? ''
  return (
    !/\.[a-z\d]+$/i.test(path) && !/^\/(graphql|session|auth|graphiql|healthz|readyz|assets)(\/|$)/.test(path)
  )
}
