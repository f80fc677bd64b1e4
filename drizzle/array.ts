/**
 * A column of values as PostgreSQL reads an array, for `unnest(${arrayOf(...)}::bigint[])`. The driver guesses an
 * array's type from its first element and is wrong for booleans, bigints and nulls; text leaves it to the cast.
 */
export const arrayOf = (values: readonly (string | number | bigint | boolean | null)[]): string =>
  `{${values.map((value) => (typeof value === 'string' ? quoted(value) : String(value))).join(',')}}`

const quoted = (text: string): string =>
  /^[\w-]+$/.test(text) && !/^null$/i.test(text) ? text : `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`
