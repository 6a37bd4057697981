/** Three-way merging of a form: the clerk types while a card's reading fills fields in at the center. Pure. */

export type Values = Record<string, string>

export interface Merged {
  values: Values
  /** Fields that both changed, differently: the center's value won, and the clerk must be told. */
  overridden: string[]
}

/** `base`: what the center had when the clerk began to change it; `local`: what stands on the page; `server`: what the center has now. */
export function merge(base: Values, local: Values, server: Values): Merged {
  const values: Values = {}
  const overridden: string[] = []
  for (const field of new Set([...Object.keys(local), ...Object.keys(server)])) {
    const [was, here, there] = [base[field] ?? '', local[field] ?? '', server[field] ?? '']
    values[field] = there === was ? here : there
    if (there !== was && here !== was && here !== there) overridden.push(field)
  }
  return { values, overridden }
}

/** Whether two forms say the same; an empty field and an absent one do. */
export function same(a: Values, b: Values): boolean {
  return [...Object.keys(a), ...Object.keys(b)].every((field) => (a[field] ?? '') === (b[field] ?? ''))
}
