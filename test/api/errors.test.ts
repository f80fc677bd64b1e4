import { GraphQLError } from 'graphql'
import { describe, expect, it } from 'vitest'
import { presentError } from '@tidemark/server/errors.ts'

/** What PostgreSQL throws, as drizzle wraps it and graphql-js finds it. */
const thrownBy = (code: string) => {
  const cause = Object.assign(new Error('canceling statement of secret'), { code })
  const originalError = new Error('Failed query: select secret', { cause })
  return new GraphQLError('Failed query: select secret', { originalError, path: ['customers'] })
}

const present = (error: GraphQLError) => {
  const logged: unknown[] = []
  const presented = presentError(error.toJSON(), error, (_cause, errorId) => logged.push(errorId))
  return { presented, logged }
}

describe('an error of the database', () => {
  it.each([
    ['57014', 'TIMEOUT', /^This took too long/],
    ['25P04', 'TIMEOUT', /^This took too long/],
    ['25P03', 'TIMEOUT', /^This took too long/],
    ['55P03', 'RETRY', /^Others were writing/],
    ['40P01', 'RETRY', /^Others were writing/],
    ['40001', 'RETRY', /^Others were writing/],
    ['23505', 'INTERNAL_SERVER_ERROR', /^Internal error/],
  ])('of code %s is told as %s', (code, expected, message) => {
    const { presented, logged } = present(thrownBy(code))
    expect(presented).toEqual({
      message: expect.stringMatching(message),
      path: ['customers'],
      extensions: { code: expected, errorId: logged[0] },
    })
    expect(JSON.stringify(presented)).not.toContain('secret')
  })

  it('says that nothing was written only of what may have written', () => {
    const { originalError = null } = thrownBy('57014')
    const below = new GraphQLError('Failed', { originalError, path: ['setCreditLimit', 'customer'] })
    expect(present(below).presented.message).not.toContain('written')
    expect(present(thrownBy('57014')).presented.message).toContain('nothing of it was written')
  })
})
