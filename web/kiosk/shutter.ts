/** The sound of a shutter, made here: two short clicks of noise, as a curtain that opens and closes. */

let context: AudioContext | null = null

/** Heard at once; silent where the browser has not been touched yet. */
export function soundShutter(): void {
  context ??= new AudioContext()
  if (context.state === 'suspended') void context.resume()
  click(context, context.currentTime, 0.5, 2600)
  click(context, context.currentTime + 0.09, 0.35, 1800)
}

function click(audio: AudioContext, at: number, loudness: number, pitch: number): void {
  const seconds = 0.05
  const buffer = audio.createBuffer(1, Math.round(audio.sampleRate * seconds), audio.sampleRate)
  const samples = buffer.getChannelData(0)
  for (let i = 0; i < samples.length; i++) samples[i] = (Math.random() * 2 - 1) * Math.exp((-8 * i) / samples.length)
  const source = new AudioBufferSourceNode(audio, { buffer })
  const band = new BiquadFilterNode(audio, { type: 'bandpass', frequency: pitch, Q: 0.9 })
  const gain = new GainNode(audio, { gain: loudness })
  source.connect(band).connect(gain).connect(audio.destination)
  source.start(at)
}
