import { problemOf } from '../identity/problem.ts'
import { isRefusal } from '../identity/requests.ts'
import { continueWithProvider } from '../identity/session.ts'
import { Button } from '../ui/button.tsx'
import { useSending } from '../ui/form.tsx'
import { Notice } from '../ui/notice.tsx'

type ProviderButtonProps = {
  /** The provider as people know it. */
  readonly name: string
  readonly way: Parameters<typeof continueWithProvider>[0]
}

/** Signs in at the provider that the server trusts. */
export const ProviderButton = ({ name, way }: ProviderButtonProps) => {
  const sending = useSending()
  const go = async () => {
    const answer = await continueWithProvider(way)
    return isRefusal(answer) ? problemOf(answer) : null
  }
  return (
    <>
      {sending.problem && (
        <Notice tone="act" role="alert" className="mb-3">
          {sending.problem.message}
        </Notice>
      )}
      <Button disabled={sending.isBusy} onClick={() => sending.send(go)} className="h-10 w-full">
        Continue with {name}
      </Button>
    </>
  )
}
