/** Why what a form sent was not done. `field` is the path of the field at fault, such as "email" or "addresses.0". */
export type FormProblem = {
  readonly kind: 'PROBLEM'
  readonly message: string
  readonly field: string | null
  /** Somebody else was faster: what was sent is about what is no more. */
  readonly isConflict: boolean
  /** Where several fields are at fault: all of them; `message` then says how many. */
  readonly faults: readonly FieldFault[]
}

export type FieldFault = { readonly field: string; readonly message: string }

export const makeProblem = (
  message: string,
  field: string | null = null,
  isConflict = false,
  faults: readonly FieldFault[] = [],
): FormProblem => ({ kind: 'PROBLEM', message, field, isConflict, faults })

export const isProblem = (answer: unknown): answer is FormProblem =>
  typeof answer === 'object' && answer !== null && 'kind' in answer && answer.kind === 'PROBLEM'

const isWithin = (path: string, field: string): boolean => path === field || path.startsWith(`${field}.`)

/** What to say at a field; null where it is not at fault. */
export const messageAt = (problem: FormProblem | null, field: string): string | null => {
  if (!problem) return null
  if (problem.field !== null && isWithin(problem.field, field)) return problem.message
  const messages = problem.faults
    .filter((fault) => isWithin(fault.field, field))
    .map(({ message }) => message)
  return messages.length === 0 ? null : messages.join('. ')
}

/** What to say above the form: a problem that none of its fields can show. */
export const messageAbove = (problem: FormProblem | null, fields: readonly string[]): string | null => {
  if (!problem) return null
  const { field, message, faults } = problem
  const isShown = (path: string) => fields.some((name) => isWithin(path, name))
  const unseen = faults.filter((fault) => !isShown(fault.field))
  if (faults.length > 0)
    return unseen.length === 0 ? null : unseen.map((fault) => `${fault.field}: ${fault.message}`).join('. ')
  return field !== null && isShown(field) ? null : message
}
