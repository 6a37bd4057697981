/** How loud a track is, for a bar that shows the clerk that they are heard. */

const EVERY_MS = 100
/** The level, in dB below full scale, that is shown as silence; speech at a desk is at -35 to -15. */
const SILENCE_DB = -60

/** Calls `show` ten times a second with the loudness, 0 to 1, until the returned function is called. */
export function watchLevel(track: MediaStreamTrack, show: (level: number) => void): () => void {
  const sound = new AudioContext()
  const meter = new AnalyserNode(sound, { fftSize: 1024 })
  sound.createMediaStreamSource(new MediaStream([track])).connect(meter)
  const samples = new Float32Array(meter.fftSize)
  const timer = setInterval(() => {
    meter.getFloatTimeDomainData(samples)
    show(loudness(samples))
  }, EVERY_MS)
  return () => {
    clearInterval(timer)
    void sound.close()
  }
}

/** Loudness of samples in -1 … 1, from 0 (silence) to 1 (full scale). */
export function loudness(samples: Float32Array): number {
  let sum = 0
  for (const sample of samples) sum += sample * sample
  const db = 10 * Math.log10(sum / samples.length + 1e-12)
  return Math.min(1, Math.max(0, 1 - db / SILENCE_DB))
}
