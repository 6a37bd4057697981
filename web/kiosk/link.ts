/** The page's line to the booth process: views come in, actions go out, and media offers travel between them. */
import { computed, inject, shallowRef, type ComputedRef, type InjectionKey, type ShallowRef } from 'vue'

import type { DeskSeen, IceServer, KioskAction, KioskEvent, KioskView, NetworkJudged, TrackOffer } from '@lib/protocol'
import { ReconnectingSocket } from '@lib/socket'

/** Which part of the booth this page is: the picture above, the touch screen below, or both in one. */
export type Screen = 'upper' | 'lower' | 'both'

interface PendingOffer {
  offerId: string
  answer: (sdp: string) => void
  refuse: (reason: Error) => void
}

/** The booth repeats what it sees every second. */
const SEEN_MS = 3000

export class KioskLink {
  /** The newest view; null until the first one came. */
  readonly view: ShallowRef<KioskView | null> = shallowRef(null)
  /** Counts the views, so that a button can wait for the next one. */
  readonly views: ShallowRef<number> = shallowRef(0)
  /** What the document camera sees just now; null when the booth said nothing of it for a while. */
  readonly desk: ShallowRef<DeskSeen | null> = shallowRef(null)
  /** How the two sides' networks do, as the center judges. */
  readonly network: ShallowRef<NetworkJudged | null> = shallowRef(null)
  /** The relays that a media connection may use from now on. */
  readonly relays: ShallowRef<IceServer[]> = shallowRef([])
  /** Whether the booth process hears this page. */
  readonly up: ComputedRef<boolean>
  /** Called when the center says that the media connection is gone at its side. */
  onMediaClosed: () => void = () => {}

  private readonly socket: ReconnectingSocket<KioskEvent, KioskAction>
  private pending: PendingOffer | null = null
  private forgetting: ReturnType<typeof setTimeout> | undefined

  constructor(readonly screen: Screen) {
    this.socket = new ReconnectingSocket<KioskEvent, KioskAction>('/ws', {
      onMessage: (event) => this.receive(event),
      onClose: () => this.refuse('the booth process is away'),
    })
    this.up = computed(() => this.socket.status.value === 'up')
  }

  /** Tell the booth what the resident did. False when it can't hear: the page shows that, and nothing is done later. */
  act(action: KioskAction): boolean {
    return this.socket.send(action)
  }

  /** The exchange of a `MediaLeg`: its offer goes to the center, the answer comes back. A newer offer replaces an older one. */
  exchange(sdp: string, tracks: TrackOffer[]): Promise<string> {
    this.refuse('replaced by a newer offer')
    return new Promise((answer, refuse) => {
      const offerId = newId()
      this.pending = { offerId, answer, refuse }
      const sent = this.act({ type: 'media_offer', offer_id: offerId, sdp, tracks })
      if (!sent) this.refuse('the booth process is away')
    })
  }

  private receive(event: KioskEvent): void {
    switch (event.type) {
      case 'view':
        this.view.value = event
        this.views.value++
        break
      case 'desk_seen':
        this.desk.value = event
        clearTimeout(this.forgetting)
        this.forgetting = setTimeout(() => (this.desk.value = null), SEEN_MS)
        break
      case 'media_answer':
        if (this.pending?.offerId !== event.offer_id) break
        this.pending.answer(event.sdp)
        this.pending = null
        break
      case 'media_refused':
        if (this.pending?.offerId === event.offer_id) this.refuse(event.code ?? 'the center is away')
        break
      case 'media_closed':
        this.onMediaClosed()
        break
      case 'network_judged':
        this.network.value = event
        break
      case 'ice_servers':
        this.relays.value = event.servers
        break
    }
  }

  private refuse(reason: string): void {
    this.pending?.refuse(new Error(reason))
    this.pending = null
  }
}

/** 96 random bits; `crypto.randomUUID` is missing where the page is opened over plain HTTP by address. */
function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

export const KIOSK: InjectionKey<KioskLink> = Symbol('kiosk')

export function useKiosk(): KioskLink {
  const link = inject(KIOSK)
  if (!link) throw new Error('no KioskLink was provided')
  return link
}
