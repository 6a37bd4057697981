/** How loud the clerk's voice is, for a bar that shows them that they are heard. */
import type { MediaLeg } from '@lib/media'

const EVERY_MS = 200
/** The level, in dB below full scale, that is shown as silence; speech at a desk is at -35 to -15. */
const SILENCE_DB = -60

/**
 * Calls `show` five times a second with the loudness, 0 to 1, until the returned function is called.
 *
 * The sender knows it already. Only for a browser that doesn't tell (Firefox) the samples are looked at once more, which
 * takes a sound device and an eighth of a core.
 */
export function watchLevel(leg: MediaLeg, track: MediaStreamTrack, show: (level: number) => void): () => void {
  let stopAnalysis: (() => void) | null = null
  let stopped = false
  const timer = setInterval(async () => {
    const level = await leg.voiceLevel()
    if (stopped || stopAnalysis) return
    if (level !== null) show(loudness(level))
    else if (leg.state.value === 'up') stopAnalysis = analyse(track, show)
  }, EVERY_MS)
  return () => {
    stopped = true
    clearInterval(timer)
    stopAnalysis?.()
  }
}

/** An amplitude, 0 to 1, as loudness: from 0 (silence) to 1 (full scale). */
export function loudness(amplitude: number): number {
  const db = 20 * Math.log10(amplitude + 1e-6)
  return Math.min(1, Math.max(0, 1 - db / SILENCE_DB))
}

function analyse(track: MediaStreamTrack, show: (level: number) => void): () => void {
  const sound = new AudioContext()
  const meter = new AnalyserNode(sound, { fftSize: 1024 })
  sound.createMediaStreamSource(new MediaStream([track])).connect(meter)
  const samples = new Float32Array(meter.fftSize)
  const timer = setInterval(() => {
    meter.getFloatTimeDomainData(samples)
    show(loudness(Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length)))
  }, EVERY_MS)
  return () => {
    clearInterval(timer)
    void sound.close()
  }
}
