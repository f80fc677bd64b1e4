import { useState } from 'react'
import { useClient } from 'urql'
import {
  type ApplicationDetail_ApplicationFragment,
  CreditApplicationVersionDocument,
} from '../documents.generated.ts'
import { useExpectedVersion } from './use-expected-version.ts'

/** Sends changes of an application, from the version that was seen when the form was opened. */
export const useApplicationVersion = ({ id, version }: ApplicationDetail_ApplicationFragment) => {
  const client = useClient()
  const [opened] = useState(version)
  return useExpectedVersion(opened, async () => {
    const again = await client
      .query(CreditApplicationVersionDocument, { id }, { requestPolicy: 'network-only' })
      .toPromise()
    return again.data?.creditApplication?.version ?? null
  })
}
