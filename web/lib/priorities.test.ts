import { expect, test } from 'vitest'

import { FACE_BPS, prefer, preferenceOf, RESTING_FPS, VOICE_BPS } from './priorities'

function sender(encodings: object[], refuses = false) {
  const told: object[] = []
  return {
    track: { contentHint: '' },
    told,
    getParameters: () => ({ encodings }),
    setParameters: (parameters: object) => (told.push(parameters), refuses ? Promise.reject(new Error()) : Promise.resolve()),
  }
}

test('a voice goes before a picture', () => {
  expect(preferenceOf('clerk_voice').priority).toBe('high')
  expect(preferenceOf('clerk_face').priority).toBe('low')
})

test('a face keeps its motion, within what the center allows', async () => {
  const one = sender([{}])
  await prefer(one as unknown as RTCRtpSender, 'face')
  expect(one.told).toEqual([
    { encodings: [{ priority: 'low', maxBitrate: FACE_BPS }], degradationPreference: 'maintain-framerate' },
  ])
  expect(one.track.contentHint).toBe('motion')
})

test('a picture that nobody sees hardly moves, and moves again when somebody does; a voice is whole all along', async () => {
  const encoding: Record<string, unknown> = {}
  const one = sender([encoding])
  await prefer(one as unknown as RTCRtpSender, 'face', true)
  expect(encoding.maxFramerate).toBe(RESTING_FPS)
  await prefer(one as unknown as RTCRtpSender, 'face')
  expect(encoding).not.toHaveProperty('maxFramerate')
  await prefer(one as unknown as RTCRtpSender, 'voice', true)
  expect(encoding).not.toHaveProperty('maxFramerate')
})

test('a browser that refuses or has no encodings sends as it would anyway', async () => {
  const refusing = sender([{}], true)
  await prefer(refusing as unknown as RTCRtpSender, 'voice')
  expect(refusing.told).toEqual([{ encodings: [{ priority: 'high', maxBitrate: VOICE_BPS }] }])
  const bare = sender([])
  await prefer(bare as unknown as RTCRtpSender, 'voice')
  expect(bare.told).toEqual([])
})
