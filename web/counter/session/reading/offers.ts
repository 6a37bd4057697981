/** Which readings of pages are worth the clerk's look: those that fit a field of the form and aren't in it yet. */
import type { AffairView, FormField, PageView, Suggestion } from '@lib/protocol'

export interface Offer {
  page: PageView
  /** Counted from 1, as the materials count it. */
  place: number
  suggestion: Suggestion
  field: FormField
}

export interface PageOffers {
  page: PageView
  place: number
  offers: Offer[]
  /** The page lies on its side or on its head, and nobody has turned it yet. */
  turn: boolean
}

/** The pages with something to offer, in their order. A page that was replaced offers nothing. */
export function offersOf(affair: AffairView, values: Readonly<Record<string, string>>): PageOffers[] {
  return affair.pages
    .map((page, at) => ({ page, place: at + 1, offers: pageOffers(affair, page, at + 1, values), turn: isTurned(page) }))
    .filter(({ page, offers, turn }) => page.replaced_by === null && (offers.length > 0 || turn))
}

export function isTurned(page: PageView): boolean {
  return page.reading.state === 'read' && page.reading.quarter_turns > 0 && page.turn === 0
}

function pageOffers(affair: AffairView, page: PageView, place: number, values: Readonly<Record<string, string>>): Offer[] {
  return page.reading.suggestions.flatMap((suggestion) => {
    const field = affair.item.fields.find(({ field_id }) => field_id === suggestion.field_id)
    const open = field && suggestion.answer === null && (values[field.field_id] ?? '') !== suggestion.value
    return open ? [{ page, place, suggestion, field }] : []
  })
}
