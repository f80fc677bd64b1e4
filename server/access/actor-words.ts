/** Who did something, from how rows name them, as people call them. */
import type { Loaders } from '../loaders.ts'

/** Of those that are neither a person nor a token. */
const WORDS: Readonly<Record<string, string>> = {
  terminal: 'command line',
  demo: 'demo',
  system: 'Tidemark',
}

/** `member:<id>` -> the person's name, `token:<id>` -> the token's, `terminal` -> `command line`. */
export const actorInWords = async (
  actor: string,
  { person, token }: Pick<Loaders, 'person' | 'token'>,
): Promise<string> => {
  const [kind, id = ''] = actor.split(':')
  if (kind === 'member') return (await person.load(id))?.name ?? 'unknown person'
  if (kind === 'token') return (await token.load(id))?.name ?? 'unknown token'
  return WORDS[actor] ?? actor
}
