/** What the resident should know just now, read from the view. Pure: the same view always says the same. */
import type { ErrorCode, KioskView, NetworkJudged, TicketState, Wording } from '@lib/protocol'

/** What the picture and the large words beside the clerk are about. */
export type Guide =
  | 'connecting'
  | 'interrupted'
  | 'held'
  | 'lay_id_card'
  | 'lay_social_security_card'
  | 'reading_card'
  | 'lay_page'
  | 'taking_page'
  | 'talk'

export interface Situation {
  guide: Guide
  /** The page that is wanted, when the clerk named one. */
  material: Wording | null
}

const TALKING: ReadonlySet<TicketState> = new Set(['called', 'connecting', 'serving', 'held'])

/** Whether a clerk is with the resident: the only time at which anybody's picture is shown. */
export function isTalking(view: KioskView): boolean {
  return view.visit !== null && TALKING.has(view.visit.ticket_state)
}

/** Whether the line to the clerk is broken, for the banner that asks to stay. */
export function isInterrupted(view: KioskView): boolean {
  return !view.link_up || (isTalking(view) && view.visit?.session_state === 'interrupted')
}

/** What is to be said of the networks, the resident's own first; null when they do. That this one is lost says the link. */
export function networkKey(network: NetworkJudged | null): string | null {
  if (network?.booth === 'slow') return 'kiosk.network.slow'
  if (network && network.clerk !== 'good') return `kiosk.network.clerk_${network.clerk}`
  return null
}

/** What the devices do goes first; then what the clerk has asked for and no device has begun; then the state of the call. */
export function situationOf(view: KioskView): Situation {
  const ask = view.visit?.asks[0]
  const material = view.visit?.asks.find(({ kind }) => kind === 'take_page')?.material ?? null
  const { activity } = view
  if (activity !== 'idle' && activity !== 'ask_face' && activity !== 'comparing_face') return { guide: activity, material }
  switch (ask?.kind) {
    case 'read_id_card':
      return { guide: 'lay_id_card', material }
    case 'read_social_security_card':
      return { guide: 'lay_social_security_card', material }
    case 'take_page':
      return { guide: 'lay_page', material }
    case undefined:
  }
  if (isInterrupted(view)) return { guide: 'interrupted', material }
  switch (view.visit?.ticket_state) {
    case 'called':
    case 'connecting':
      return { guide: 'connecting', material }
    case 'held':
      return { guide: 'held', material }
    default:
      return { guide: 'talk', material }
  }
}

/** Whether the faces' panel lies over everything: the resident is asked, or waits for what comes of it. */
export function isFace(view: KioskView): boolean {
  return view.activity === 'ask_face' || view.activity === 'comparing_face'
}

export function isPage(guide: Guide): boolean {
  return guide === 'lay_page' || guide === 'taking_page'
}

export function isCard(guide: Guide): boolean {
  return guide === 'lay_id_card' || guide === 'lay_social_security_card' || guide === 'reading_card'
}

/** What has just been finished between two views, to be said for a moment: `card`, `page` or nothing. */
export function finishedBetween(before: KioskView, after: KioskView): 'card' | 'page' | null {
  if (before.visit?.affair_id !== after.visit?.affair_id || !before.visit || !after.visit) return null
  if (after.visit.pages > before.visit.pages) return 'page'
  const wasReading = before.activity === 'reading_card'
  const stillAsked = after.visit.asks.some(({ kind }) => kind !== 'take_page')
  const failed = after.problem !== null || isCard(situationOf(after).guide)
  return wasReading && !stillAsked && !failed ? 'card' : null
}

/** The text that puts a problem into the resident's words. `has` says whether the catalogue has a key. */
export function problemKey(code: ErrorCode, has: (key: string) => boolean): string {
  const key = `kiosk.problem.${code}`
  return has(key) ? key : 'kiosk.problem.other'
}

/** Which readers can be used: one of them, both, or none. Before the booth has said anything they count as usable. */
export function usableReaders(view: KioskView): { idCard: boolean; socialCard: boolean } {
  const works = (kind: string): boolean => {
    const device = view.devices.find((status) => status.kind === kind)
    return !device || device.state === 'ready' || device.state === 'busy'
  }
  return { idCard: works('id_card_reader'), socialCard: works('social_security_card_reader') }
}

/** Seconds until the state ends by itself, once it is time to say so; null before. */
export function secondsLeft(leavesAtMs: number | null, nowMs: number): number | null {
  if (leavesAtMs === null) return null
  const left = Math.ceil((leavesAtMs - nowMs) / 1000)
  return left > 0 && left <= COUNTDOWN_S ? left : null
}

export const COUNTDOWN_S = 15

/** How many tiles a page of the choice has, so that they stay large. */
export function tilesPerPage(items: number, upright: boolean): number {
  if (upright) return items <= 5 ? 5 : 4
  return items <= 4 ? 4 : 6
}
