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

/**
 * A picture that nobody sees keeps its way open and its encoder warm; at full pace it takes a third of a core. Slower than
 * this, the first whole picture of a call gets the room of a whole second, and takes as long on the line.
 */
export const RESTING_FPS = 8

/**
 * Tell a sender what it favours, and whether anybody sees what it sends. A browser that can't be told sends as it would
 * anyway. One call after the other: the browser takes parameters only from who read them last.
 */
export async function prefer(sender: RTCRtpSender, track: TrackName, resting = false): Promise<void> {
  const { priority, maxBitrate, hint } = preferenceOf(track)
  if (sender.track) sender.track.contentHint = hint
  const parameters = sender.getParameters?.()
  const [encoding] = parameters?.encodings ?? []
  if (!encoding) return
  Object.assign(encoding, { priority, maxBitrate })
  if (hint === 'motion' && resting) encoding.maxFramerate = RESTING_FPS
  else delete encoding.maxFramerate
  if (hint === 'motion') Object.assign(parameters, { degradationPreference: 'maintain-framerate' })
  await sender.setParameters(parameters).catch(() => undefined)
}
