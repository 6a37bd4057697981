/**
 * What the browser gives up when there is little room: the picture before the voice, and of a face the sharpness before the motion.
 * The center's limits (REMB) come on top of these.
 */
import type { TrackName } from './protocol'

/** As much as the center ever allows one picture. */
export const FACE_BPS = 1_500_000
/** Opus for one voice; what is not used for it helps nobody. */
export const VOICE_BPS = 40_000

export interface Preference {
  /** RTCRtpEncodingParameters.priority. */
  priority: RTCPriorityType
  maxBitrate: number
  /** MediaStreamTrack.contentHint. */
  hint: 'motion' | 'speech'
}

export function preferenceOf(track: TrackName): Preference {
  return track === 'voice' || track === 'clerk_voice'
    ? { priority: 'high', maxBitrate: VOICE_BPS, hint: 'speech' }
    : { priority: 'low', maxBitrate: FACE_BPS, hint: 'motion' }
}

/** Tell a sender what it favours. A browser that can't be told sends as it would anyway. */
export async function prefer(sender: RTCRtpSender, track: TrackName): Promise<void> {
  const { priority, maxBitrate, hint } = preferenceOf(track)
  if (sender.track) sender.track.contentHint = hint
  const parameters = sender.getParameters?.()
  const [encoding] = parameters?.encodings ?? []
  if (!encoding) return
  Object.assign(encoding, { priority, maxBitrate })
  if (hint === 'motion') Object.assign(parameters, { degradationPreference: 'maintain-framerate' })
  await sender.setParameters(parameters).catch(() => undefined)
}
