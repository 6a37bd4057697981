import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { backOff, ReconnectingSocket } from './socket'

/** A WebSocket whose server is the test. */
class FakeSocket {
  static readonly OPEN = 1
  static made: FakeSocket[] = []
  readyState = 0
  sent: string[] = []
  onopen: (() => void) | null = null
  onmessage: ((event: { data: string }) => void) | null = null
  onclose: ((event: { code: number; reason: string }) => void) | null = null

  constructor(readonly url: string) {
    FakeSocket.made.push(this)
  }

  open(): void {
    this.readyState = 1
    this.onopen?.()
  }

  say(message: unknown): void {
    this.onmessage?.({ data: JSON.stringify(message) })
  }

  fall(code = 1006): void {
    this.readyState = 3
    this.onclose?.({ code, reason: '' })
  }

  send(text: string): void {
    this.sent.push(text)
  }

  close(): void {
    this.readyState = 3
  }
}

const last = (): FakeSocket => FakeSocket.made.at(-1)!
let listeners: Record<string, (event: unknown) => void> = {}

beforeEach(() => {
  vi.useFakeTimers()
  FakeSocket.made = []
  listeners = {}
  vi.stubGlobal('WebSocket', FakeSocket)
  vi.stubGlobal('location', { origin: 'https://center.example' })
  vi.stubGlobal('addEventListener', (name: string, act: () => void) => (listeners[name] = act))
  vi.stubGlobal('removeEventListener', (name: string) => delete listeners[name])
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

test('it connects to its own origin and shows the newest message', () => {
  const socket = new ReconnectingSocket<{ n: number }>('/api/feed')
  expect(last().url).toBe('wss://center.example/api/feed')
  expect(socket.status.value).toBe('connecting')
  last().open()
  last().say({ n: 1 })
  last().say({ n: 2 })
  expect(socket.status.value).toBe('up')
  expect(socket.newest.value).toEqual({ n: 2 })
})

test('it comes back after a fall, and keeps the newest message meanwhile', () => {
  const socket = new ReconnectingSocket<number>('/ws')
  last().open()
  last().say(7)
  last().fall()
  expect(socket.status.value).toBe('down')
  expect(socket.newest.value).toBe(7)
  vi.advanceTimersByTime(5000)
  expect(FakeSocket.made).toHaveLength(2)
  last().open()
  expect(socket.status.value).toBe('up')
})

test('a message sent while it is down is refused and never sent later', () => {
  const socket = new ReconnectingSocket<number, string>('/ws')
  expect(socket.send('too early')).toBe(false)
  last().open()
  expect(socket.send('now')).toBe(true)
  expect(last().sent).toEqual(['"now"'])
})

test('it stays down when it is told to on closing', () => {
  new ReconnectingSocket('/ws', { onClose: (code) => code !== 4401 })
  last().open()
  last().fall(4401)
  vi.advanceTimersByTime(60_000)
  expect(FakeSocket.made).toHaveLength(1)
})

test('it is closed when the page goes and connects again when the page comes out of the cache', () => {
  const socket = new ReconnectingSocket('/ws')
  last().open()
  listeners['pagehide']?.({})
  expect(last().readyState).toBe(3)
  listeners['pageshow']?.({ persisted: true })
  expect(FakeSocket.made).toHaveLength(2)
  socket.close()
  socket.close()
  expect(listeners).toEqual({})
})

test('the waits double from 0.3 s to 5 s, with half of each by chance', () => {
  expect(backOff(0, () => 1)).toBe(300)
  expect(backOff(0, () => 0)).toBe(150)
  expect(backOff(2, () => 1)).toBe(1200)
  expect(backOff(50, () => 1)).toBe(5000)
})
