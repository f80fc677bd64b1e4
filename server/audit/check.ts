/** `verifyAuditLog` and `auditHead`, as callers ask for them. */
import type { Connection } from '@tidemark/drizzle/connect.ts'
import type { Context } from '../context.ts'
import { badUserInput } from '../errors.ts'
import { decodeId } from '../ids.ts'
import { LIMITS } from '../limits.ts'
import { limitTo } from '../live/turns.ts'
import type { AuditHeadInput, AuditReceiptInput } from '../schema.generated.ts'
import { readHead, type Head } from './head.ts'
import { verifyAudit, type Evidence, type Verification } from './verify.ts'

const EVIDENCE_MAX = 1_000
/** Each reads the whole audit on one connection; others wait for their turn. */
const CHECKS_AT_ONCE = 2

const turnsOf = new WeakMap<Connection, ReturnType<typeof limitTo>>()

export const verifyForCaller = (
  { connection, organization, bounds }: Pick<Context, 'connection' | 'organization' | 'bounds'>,
  evidence: Evidence,
): Promise<Verification> => {
  const inTurn = turnsOf.get(connection) ?? limitTo(CHECKS_AT_ONCE)
  turnsOf.set(connection, inTurn)
  // Whoever asks has left by then, or was told that it takes too long.
  const signal = AbortSignal.any([
    AbortSignal.timeout(LIMITS.slowOperationMs),
    ...(bounds.left ? [bounds.left] : []),
  ])
  return inTurn(() => {
    signal.throwIfAborted()
    return verifyAudit(connection, organization.id, evidence, { signal })
  })
}

export const auditHead = ({
  reader,
  organization,
}: Pick<Context, 'reader' | 'organization'>): Promise<Head | null> =>
  reader.read((tx) => readHead(tx, organization.id))

/** Throws BAD_USER_INPUT, saying which is no id, number or hash. */
export const evidenceOf = ({
  receipts,
  heads,
}: {
  readonly receipts: readonly AuditReceiptInput[]
  readonly heads: readonly AuditHeadInput[]
}): Evidence => {
  if (receipts.length > EVIDENCE_MAX || heads.length > EVIDENCE_MAX) {
    throw badUserInput(`At most ${EVIDENCE_MAX} receipts and as many heads can be checked at once.`)
  }
  return {
    receipts: receipts.map(({ id, hash }, index) => {
      const uuid = decodeId('audit', id)
      if (uuid === null) throw badUserInput(`\`receipts.${index}.id\` is no id of an audit entry.`)
      return { id: uuid, hash: checkedHash(hash, `receipts.${index}.hash`) }
    }),
    heads: heads.map(({ sequence, hash }, index) => {
      if (!/^[1-9]\d{0,17}$/.test(sequence)) {
        throw badUserInput(`\`heads.${index}.sequence\` is no number of a seal, such as "42".`)
      }
      return { sequence: BigInt(sequence), hash: checkedHash(hash, `heads.${index}.hash`) }
    }),
  }
}

const checkedHash = (text: string, path: string): string => {
  if (!/^[\da-f]{64}$/i.test(text)) throw badUserInput(`\`${path}\` is no hash of 64 hexadecimal digits.`)
  return text.toLowerCase()
}
