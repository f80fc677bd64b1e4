import { useState } from 'react'
import { useClient } from 'urql'
import { CustomerVersionDocument } from '../documents.generated.ts'
import { useExpectedVersion } from './use-expected-version.ts'

/** Sends changes of a customer, from the version that was seen when the form was opened. */
export const useCustomerVersion = ({ id, version }: { readonly id: string; readonly version: number }) => {
  const client = useClient()
  const [opened] = useState(version)
  return useExpectedVersion(opened, async () => {
    const again = await client
      .query(CustomerVersionDocument, { id }, { requestPolicy: 'network-only' })
      .toPromise()
    return again.data?.customer?.version ?? null
  })
}
