/** Why what a form sent was not done. `field` is the path of the field at fault, such as "email" or "addresses.0". */
export type FormProblem = {
  readonly kind: 'PROBLEM'
  readonly message: string
  readonly field: string | null
  /** Somebody else was faster: what was sent is about what is no more. */
  readonly isConflict: boolean
}

export const makeProblem = (
  message: string,
  field: string | null = null,
  isConflict = false,
): FormProblem => ({ kind: 'PROBLEM', message, field, isConflict })

export const isProblem = (answer: unknown): answer is FormProblem =>
  typeof answer === 'object' && answer !== null && 'kind' in answer && answer.kind === 'PROBLEM'

const isWithin = (path: string, field: string): boolean => path === field || path.startsWith(`${field}.`)

/** What to say at a field; null where it is not at fault. */
export const messageAt = (problem: FormProblem | null, field: string): string | null =>
  problem?.field != null && isWithin(problem.field, field) ? problem.message : null

/** What to say above the form: a problem that none of its fields can show. */
export const messageAbove = (problem: FormProblem | null, fields: readonly string[]): string | null => {
  if (!problem) return null
  const { field, message } = problem
  return field !== null && fields.some((name) => isWithin(field, name)) ? null : message
}
