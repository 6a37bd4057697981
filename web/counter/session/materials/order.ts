/** The pages in the clerk's order. Pure. */
import type { PageView } from '@lib/protocol'

type Ordered = Pick<PageView, 'page_id' | 'replaced_by'>

/** Those in whose place no other one stands. */
export function standing<P extends Ordered>(pages: readonly P[]): P[] {
  return pages.filter((page) => page.replaced_by === null)
}

/** Before which page this one comes when it goes one place forward (`before`) or back (`after`; null is last). */
export interface Neighbours {
  before: string | null
  after: string | null
  /** Whether it can go back at all. */
  later: boolean
}

export function neighbours(pages: readonly Ordered[], id: string | null): Neighbours {
  const at = pages.findIndex((page) => page.page_id === id)
  const later = at >= 0 && at < pages.length - 1
  return {
    before: at > 0 ? (pages[at - 1]?.page_id ?? null) : null,
    after: later ? (pages[at + 2]?.page_id ?? null) : null,
    later,
  }
}
