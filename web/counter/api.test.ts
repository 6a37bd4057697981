import { afterEach, describe, expect, it, vi } from 'vitest'

import { CounterApi, Refused } from './api'

const api = new CounterApi(() => undefined)

/** An answer whose head came and whose body breaks off with this error. */
function answers(error: Error, status = 200): void {
  const body = new ReadableStream({ pull: (stream) => stream.error(error) })
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(body, { status })))
}

afterEach(() => vi.unstubAllGlobals())

describe('an answer that breaks off after its head', () => {
  const faults = [new DOMException('signal timed out', 'TimeoutError'), new TypeError('network error')]
  const asked: [string, () => Promise<unknown>][] = [
    ['an image', () => api.image('p-1', 'full')],
    ['an act', () => api.callNext()],
    ['whether somebody is logged in', () => api.isLoggedIn()],
  ]
  for (const [what, ask] of asked)
    it.each(faults)(`is a center that can't be reached: ${what}, %s`, async (fault) => {
      answers(fault)
      await expect(ask()).rejects.toEqual(new Refused('unreachable'))
    })

  it('leaves a refusal a refusal', async () => {
    answers(new TypeError('network error'), 409)
    await expect(api.callNext()).rejects.toEqual(new Refused('internal'))
  })
})

it('says what the center refused', async () => {
  vi.stubGlobal('fetch', () => Promise.resolve(Response.json({ code: 'not_yours' }, { status: 403 })))
  await expect(api.callNext()).rejects.toEqual(new Refused('not_yours'))
})
