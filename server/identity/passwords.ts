/** Passwords: kept as argon2id in PHC format, `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>`. */
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

/** The first of the equal choices that OWASP's cheat sheet on storing passwords gives for argon2id. */
const COST = { memory: 19_456, passes: 2, parallelism: 1 } as const
/** What a stored hash may ask for at most: a changed row must not take the memory of the machine. */
const COST_MAX = { memory: 262_144, passes: 10, parallelism: 4 } as const
const SALT_BYTES = 16
const HASH_BYTES = 32
const PHC = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([\w+/-]+)\$([\w+/-]+)$/

/** Each takes 19 MB and a thread of libuv, which has four for the whole process. */
const RUNNING_MAX = 2
/** At about 50 ms each, whoever came after these would wait for seconds. */
const WAITING_MAX = 100

const derive = promisify(argon2)

/** Too many passwords are being checked; nobody can tell whether this one is right. */
export class BusyError extends Error {
  override readonly name = 'BusyError'
}

/** What is stored of a password. Throws a BusyError. */
export const hashPassword = async (password: string): Promise<string> => {
  const salt = randomBytes(SALT_BYTES)
  const hash = await inTurn(() =>
    derive('argon2id', { ...COST, message: normalized(password), nonce: salt, tagLength: HASH_BYTES }),
  )
  const { memory, passes, parallelism } = COST
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${unpadded(salt)}$${unpadded(hash)}`
}

/** Whether `stored` was made of this password. Throws a BusyError. */
export const verifyPassword = async (stored: string, password: string): Promise<boolean> => {
  const [, memory, passes, parallelism, salt = '', hash = ''] = PHC.exec(stored) ?? []
  const cost = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) }
  const parameters = ['memory', 'passes', 'parallelism'] as const
  // Also false for what is no number, that is, for text that is no hash.
  if (!parameters.every((name) => cost[name] <= COST_MAX[name])) return false
  const expected = Buffer.from(hash, 'base64')
  const nonce = Buffer.from(salt, 'base64')
  const derived = await inTurn(() =>
    derive('argon2id', { ...cost, message: normalized(password), nonce, tagLength: expected.length }),
  )
  return timingSafeEqual(derived, expected)
}

/** Keyboards compose letters differently; to the person it is the same password. */
const normalized = (password: string): Buffer => Buffer.from(password.normalize('NFKC'))

const unpadded = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '')

const waiting: (() => void)[] = []
let running = 0

/** A few at once, the others one after the other. */
const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
  if (running >= RUNNING_MAX) {
    if (waiting.length >= WAITING_MAX) throw new BusyError('Too many passwords are being checked')
    await new Promise<void>((resolve) => waiting.push(resolve))
  } else {
    running += 1
  }
  try {
    return await work()
  } finally {
    // The turn is handed on, so that nobody comes in between.
    const next = waiting.shift()
    if (next === undefined) running -= 1
    else next()
  }
}
