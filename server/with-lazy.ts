/**
 * The shape with one more field, which is read only if the answer has it: most scripts want to know whether a command went
 * well, and to show what it changed takes a transaction of its own.
 */
export const withLazy = <const Shape extends object, Name extends string, Value>(
  shape: Shape,
  name: Name,
  read: () => Value,
): Shape & { readonly [Field in Name]: Value } =>
  // A function is called by GraphQL for the field that it stands for, and by nobody who looks at or copies the shape.
  ({ ...shape, [name]: read }) as unknown as Shape & { readonly [Field in Name]: Value }
