import { type FormProblem, makeProblem } from '../ui/form-problem.ts'
import { isRefusal, type Refusal } from './requests.ts'

/** A refusal as a form shows it. `field`: where to say it that the server does not know, such as the only field there is. */
export const problemOf = ({ message, field }: Refusal, at: string | null = null): FormProblem =>
  makeProblem(message, field ?? at)

/** What a form says of an answer: the problem, or null once `onDone` has taken the rest. */
export const settle = async <Answer>(
  answer: Answer | Refusal,
  onDone: (answer: Answer) => void | Promise<void>,
  at: string | null = null,
): Promise<FormProblem | null> => {
  if (isRefusal(answer)) return problemOf(answer, answer.code.startsWith('WRONG_') ? at : null)
  await onDone(answer)
  return null
}
