/** What the whole page shares: who is logged in, the newest view, the standing connections. Handed down from `App.vue`. */
import { computed, inject, shallowRef, type ComputedRef, type InjectionKey, type ShallowRef } from 'vue'

import { painted } from '@lib/firstframe'
import { MediaLeg } from '@lib/media'
import { onceTrue } from '@lib/once'
import type {
  AffairView,
  CounterBeat,
  CounterEvent,
  CounterView,
  DeskSeen,
  MediaFigures,
  NetworkJudged,
  Outcome,
  TicketState,
} from '@lib/protocol'
import { ReconnectingSocket, backOff } from '@lib/socket'

import { CounterApi, Refused } from './api'
import { holdCounter } from './onetab'
import { FacePicture } from './picture'

/** `asking`: it isn't known yet whether this browser is logged in. `elsewhere`: a newer tab has the counter. */
export type Phase = 'asking' | 'out' | 'in' | 'elsewhere'

/** How the last affair left this counter, for a short notice. */
export interface Ended {
  ticketNo: string
  caseNo: string | null
  how: Outcome | 'waiting' | 'missed' | 'held' | 'abandoned'
}

/** The called affair's view follows the answer to the call; should it not, the desk is shown again. */
const SHOWN_MS = 3000
/** The page is drawn after so long, whatever keeps the connection from being asked for. */
const ASKED_MS = 500
/** So long the drawing of a session's page waits until both see each other: after a call, and in a page that was just opened. */
const PICTURE_FIRST_MS = { called: 600, opened: 1500 }

const OVER: readonly TicketState[] = ['finished', 'missed', 'abandoned', 'transferred', 'waiting']

/** The booth repeats what it sees every second. */
const SEEN_MS = 3000

export class Counter {
  readonly phase: ShallowRef<Phase> = shallowRef('asking')
  readonly view: ShallowRef<CounterView | null> = shallowRef(null)
  /** What the document camera at the affair's booth sees just now; null when nothing was said of it for a while. */
  readonly desk: ShallowRef<DeskSeen | null> = shallowRef(null)
  readonly feedUp: ShallowRef<boolean> = shallowRef(false)
  readonly media: ShallowRef<MediaLeg | null> = shallowRef(null)
  readonly picture: ShallowRef<FacePicture | null> = shallowRef(null)
  /** From the clerk's click until the called resident is seen, and from the opening of a page in the middle of an affair. */
  readonly calling: ShallowRef<boolean> = shallowRef(false)
  /** Why the log-in page is shown, when that wasn't the clerk's own wish. */
  readonly expired: ShallowRef<boolean> = shallowRef(false)
  /** Resolves when nothing is to be done before the page is drawn: a connection was asked for, or there is to be none yet. */
  readonly asked: Promise<void>
  readonly api = new CounterApi(() => this.leave('out', true))
  /** The affair in hand, while it isn't over. */
  readonly affair: ComputedRef<AffairView | null> = computed(() => {
    const affair = this.view.value?.affair ?? null
    return affair && !OVER.includes(affair.ticket_state) ? affair : null
  })
  /** Whether the resident was seen since somebody is expected. */
  readonly seen: ComputedRef<boolean> = computed(() => this.picture.value !== null && this.picture.value.seenAt.value !== null)
  /** How the last one left, until the notice was read. */
  readonly ended: ShallowRef<Ended | null> = shallowRef(null)

  /** How the two sides' networks do, as the center judges. */
  readonly network: ShallowRef<NetworkJudged | null> = shallowRef(null)

  private wasAsked: () => void = () => {}
  private feed: ReconnectingSocket<CounterEvent, CounterBeat> | null = null
  /** Prepared for the next time that somebody is logged in. */
  private leg: MediaLeg | null = null
  private figures: MediaFigures | null = null
  private forgetting: ReturnType<typeof setTimeout> | undefined
  private release: () => void = () => {}
  private takenAt: { affair: string | null; at: number } | null = null

  constructor() {
    this.asked = new Promise((resolve) => (this.wasAsked = resolve))
  }

  /** Find out whether the browser is logged in already, and go on where it was. */
  async start(): Promise<void> {
    setTimeout(this.wasAsked, ASKED_MS)
    this.leg ??= this.makeLeg()
    this.leg.prepare() // while the center is asked
    for (let failures = 0; this.phase.value === 'asking'; failures++) {
      try {
        if (await this.api.isLoggedIn()) this.enter()
        else this.leave('out')
      } catch {
        await new Promise((resolve) => setTimeout(resolve, backOff(failures)))
      }
    }
  }

  /** Take the counter back into this tab. */
  comeBack(): Promise<void> {
    this.phase.value = 'asking'
    return this.start()
  }

  /** Rejects with `Refused`. */
  async logIn(name: string, password: string): Promise<void> {
    await this.api.logIn({ name, password })
    this.enter()
  }

  /** Rejects with `Refused`; the log-in then still lasts, and the page stays. */
  async logOut(): Promise<void> {
    await this.api.logOut()
    this.leave('out')
  }

  /** Call a ticket and remember when, so that the first frame can be measured from the click. Rejects with `Refused`. */
  async take(affairId: string): Promise<void> {
    this.takenAt = { affair: affairId, at: performance.now() }
    await this.call(() => this.api.turn(affairId, 'take'))
  }

  /** Call the first waiting ticket. Rejects with `Refused`. */
  async callNext(): Promise<void> {
    const taken = (this.takenAt = { affair: null as string | null, at: performance.now() })
    await this.call(async () => (taken.affair = (await this.api.callNext()).affair_id))
  }

  /** How long ago, in ms, this affair was taken: by the click, else (after a reload) by the center's clock. */
  sinceTake(affair: AffairView, nowMs: number): number {
    const taken = this.takenAt
    // the feed may show the called affair before the call's own answer says which one it is
    if (taken && (taken.affair ?? affair.affair_id) === affair.affair_id) return nowMs - taken.at
    return Date.now() - (affair.called_at_ms ?? Date.now())
  }

  /** Ask the center to call somebody, with the place for their picture shown meanwhile. */
  private async call(ask: () => Promise<unknown>): Promise<void> {
    if (this.affair.value) return void (await ask())
    this.picture.value?.expect()
    this.calling.value = true
    try {
      await ask()
      if (!this.affair.value) setTimeout(() => (this.calling.value = false), SHOWN_MS)
    } catch (error) {
      this.calling.value = false
      throw error
    }
  }

  private enter(): void {
    this.expired.value = false
    this.phase.value = 'in'
    this.release = holdCounter(() => this.phase.value === 'in' && this.leave('elsewhere'))
    this.feed = new ReconnectingSocket<CounterEvent, CounterBeat>('/api/feed', {
      onMessage: (event) => {
        if (event.type === 'view') this.show(event)
        else if (event.type === 'beat') this.network.value = event.network
        else this.see(event)
      },
      onClose: () => {
        this.feedUp.value = false
        void this.checkLogIn()
      },
      beat: () => this.beat(),
    })
    const leg = this.leg ?? this.makeLeg()
    this.leg = null
    this.media.value = leg
    this.picture.value = new FacePicture(leg)
    void leg.open()
  }

  private makeLeg(): MediaLeg {
    return new MediaLeg({
      publish: ['clerk_face', 'clerk_voice'],
      subscribe: ['face', 'voice', 'document'],
      exchange: async (sdp, tracks) => {
        const answer = this.api.offer({ sdp, tracks })
        this.wasAsked()
        return (await answer).sdp
      },
      early: true,
      relays: () => this.api.relays(),
      report: (figures) => (this.figures = figures),
    })
  }

  /** The newest figures go with one beat, once. */
  private beat(): CounterBeat {
    const { figures } = this
    this.figures = null
    return { type: 'beat', figures }
  }

  private show(view: CounterView): void {
    const before = this.affair.value
    const opened = this.view.value === null
    if (!this.feedUp.value && this.view.value) void this.media.value?.verify()
    this.feedUp.value = true
    this.view.value = view
    const now = this.affair.value
    if (now && now.affair_id !== before?.affair_id && !this.calling.value) this.picture.value?.expect()
    if (now && opened) this.calling.value = true
    if (now && !before) void this.drawAfterPicture(PICTURE_FIRST_MS[opened ? 'opened' : 'called'])
    if (!now && before) this.picture.value?.clear()
    if (!before || this.affair.value?.affair_id === before.affair_id) return
    // the newest that is known of it: a view that says how it ended, else its last one in hand
    const last = view.affair?.affair_id === before.affair_id ? view.affair : before
    this.ended.value = { ticketNo: last.ticket_no, caseNo: last.case_no, how: howItLeft(last, view) }
  }

  /**
   * Drawing the session's page takes longer than a picture's way from the booth, and the cores that our own picture needs on
   * its way there: the pictures go first, if they come soon. The center learns a moment later than we that nothing is
   * interrupted any more.
   */
  private async drawAfterPicture(withinMs: number): Promise<void> {
    const ready = this.picture.value?.seen().then(painted).then(() => onceTrue(() => bothSee(this.affair.value)))
    await Promise.race([ready, new Promise((resolve) => setTimeout(resolve, withinMs))])
    this.calling.value = false
  }

  private see(seen: DeskSeen): void {
    this.desk.value = seen
    clearTimeout(this.forgetting)
    this.forgetting = setTimeout(() => (this.desk.value = null), SEEN_MS)
  }

  private leave(to: 'out' | 'elsewhere', expired = false): void {
    if (this.phase.value === 'out') return
    this.phase.value = to
    this.wasAsked()
    this.expired.value = expired
    this.release()
    this.release = () => {}
    this.feed?.close()
    this.feed = null
    this.picture.value?.close()
    this.picture.value = null
    this.network.value = null
    this.media.value?.close()
    this.media.value = null
    this.calling.value = false
    this.view.value = null
    this.desk.value = null
    this.ended.value = null
    this.takenAt = null
    this.feedUp.value = false
  }

  /** A WebSocket that is refused doesn't say why; a request does. */
  private async checkLogIn(): Promise<void> {
    try {
      if (!(await this.api.isLoggedIn()) && this.phase.value === 'in') this.leave('out', true)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
    }
  }
}

/** Over, or as far as the center knows. */
function bothSee(affair: AffairView | null): boolean {
  return affair === null || (affair.booth_first_frame_ms !== null && affair.session_state !== 'interrupted')
}

function howItLeft(affair: AffairView, view: CounterView): Ended['how'] {
  if (affair.outcome) return affair.outcome
  const row = [...view.missed, ...view.waiting].find(({ affair_id }) => affair_id === affair.affair_id)
  return row?.state === 'missed' || row?.state === 'held' || row?.state === 'waiting' ? row.state : 'abandoned'
}

export const COUNTER: InjectionKey<Counter> = Symbol('counter')

export function useCounter(): Counter {
  const counter = inject(COUNTER)
  if (!counter) throw new Error('no counter was provided')
  return counter
}
