/**
 * A WebSocket that comes back by itself. The server sends whole views, so the newest message is the only one that counts;
 * what is sent while the socket is down is refused, never kept: an action of the past must not happen later.
 */
import { shallowRef, type ShallowRef } from 'vue'

export type SocketStatus = 'connecting' | 'up' | 'down'

const FIRST_WAIT_MS = 300
const LONGEST_WAIT_MS = 5000
/** A connection that stood this long was a good one: the next failure starts from the shortest wait again. */
const SETTLED_MS = 5000

const BEAT_MS = 1000
const SILENT_MS = 4000
/** A connection that isn't there by then was begun while the line was cut; the next one gets through. */
const CONNECT_MS = 2500

export interface SocketOptions<In> {
  /** Each message, as it comes. */
  onMessage?: (message: In) => void
  /** The socket closed; `code` is the WebSocket close code. Return false to stay down (e.g. logged out). */
  onClose?: (code: number, reason: string) => boolean | void
  /**
   * What to send once a second to a server that answers it: then four seconds of silence are the end of a socket, which
   * a browser by itself notices after minutes, and the server is looked for again every second.
   */
  beat?: () => unknown
}

export class ReconnectingSocket<In, Out = never> {
  readonly status: ShallowRef<SocketStatus> = shallowRef('connecting')
  /** The newest message. */
  readonly newest: ShallowRef<In | null> = shallowRef(null)

  private socket: WebSocket | null = null
  private timer: ReturnType<typeof setTimeout> | undefined
  private beating: ReturnType<typeof setInterval> | undefined
  private failures = 0
  private closed = false
  private readonly leave = (): void => this.drop()
  private readonly comeBack = (event: PageTransitionEvent): void => {
    if (event.persisted && !this.closed) this.connect()
  }

  /** `path` is a path of this page's own origin, e.g. `/api/feed`. Connects at once. */
  constructor(
    private readonly path: string,
    private readonly options: SocketOptions<In> = {},
  ) {
    addEventListener('pagehide', this.leave)
    addEventListener('pageshow', this.comeBack)
    this.connect()
  }

  /** Send, or return false when the socket is not up; nothing is kept for later. */
  send(message: Out): boolean {
    if (this.socket?.readyState !== WebSocket.OPEN) return false
    this.socket.send(JSON.stringify(message))
    return true
  }

  /** Stay down for good. Closing twice is harmless. */
  close(): void {
    this.closed = true
    this.drop()
    removeEventListener('pagehide', this.leave)
    removeEventListener('pageshow', this.comeBack)
  }

  private connect(): void {
    this.drop()
    this.status.value = this.failures === 0 ? 'connecting' : 'down'
    const socket = new WebSocket(location.origin.replace(/^http/, 'ws') + this.path)
    let openedAt = 0
    let heardAt = performance.now()
    this.socket = socket
    const { beat } = this.options
    if (beat) this.timer = setTimeout(() => this.fail(socket), CONNECT_MS)
    socket.onopen = () => {
      openedAt = heardAt = performance.now()
      clearTimeout(this.timer)
      this.status.value = 'up'
      if (!beat) return
      this.beating = setInterval(() => {
        if (performance.now() - heardAt > SILENT_MS) this.fail(socket)
        else socket.send(JSON.stringify(beat()))
      }, BEAT_MS)
    }
    socket.onmessage = (event: MessageEvent<string>) => {
      heardAt = performance.now()
      const message = JSON.parse(event.data) as In
      this.newest.value = message
      this.options.onMessage?.(message)
    }
    socket.onclose = (event) => {
      this.socket = null
      clearTimeout(this.timer)
      clearInterval(this.beating)
      this.status.value = 'down'
      if (openedAt > 0 && performance.now() - openedAt > SETTLED_MS) this.failures = 0
      if (this.options.onClose?.(event.code, event.reason) === false) this.close()
      if (!this.closed) this.timer = setTimeout(() => this.connect(), this.wait())
    }
  }

  /** Nothing comes from there any more; closing it properly would wait for an answer, too. */
  private fail(socket: WebSocket): void {
    const { onclose } = socket
    socket.onopen = socket.onmessage = socket.onclose = null
    socket.close()
    onclose?.call(socket, new CloseEvent('close', { code: 1006 }))
  }

  private wait(): number {
    const wait = backOff(this.failures++)
    return this.options.beat ? Math.min(wait, BEAT_MS) : wait
  }

  private drop(): void {
    clearTimeout(this.timer)
    clearInterval(this.beating)
    const socket = this.socket
    this.socket = null
    if (!socket) return
    socket.onopen = socket.onmessage = socket.onclose = null
    socket.close()
    this.status.value = 'down'
  }
}

/** How long to wait, in ms, after so many failures in a row: 0.3 s doubling to 5 s, with up to half of it by chance. */
export function backOff(failures: number, chance: () => number = Math.random): number {
  const whole = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures, 10))
  return whole / 2 + (whole / 2) * chance()
}
