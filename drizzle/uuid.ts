/** As PostgreSQL writes them, in lower case. */
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/

export const isUuid = (text: string): boolean => UUID.test(text)
