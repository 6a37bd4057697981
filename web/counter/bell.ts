/** Tells the clerk that somebody began to wait: two tones, and the title blinks until they look. */
import { onScopeDispose, watch } from 'vue'

const TONES_HZ = [880, 1174.7] as const
const TONE_S = 0.16
const BLINK_MS = 900

/** `waiting` gives the ids of those who wait; each new one rings. `title` and `call` are the two titles that alternate. */
export function useBell(waiting: () => readonly string[] | null, title: () => string, call: () => string): void {
  let sound: AudioContext | null = null
  let blink: ReturnType<typeof setInterval> | undefined

  // Browsers let a page make sound only after the person touched it.
  const touched = (): void => {
    sound ??= new AudioContext()
    void sound.resume()
    still()
  }
  const still = (): void => {
    clearInterval(blink)
    blink = undefined
    document.title = title()
  }
  const ring = (): void => {
    if (sound?.state === 'running') chime(sound)
    if (blink !== undefined) return
    let lit = false
    blink = setInterval(() => {
      lit = !lit
      document.title = lit ? call() : title()
    }, BLINK_MS)
  }

  watch(
    waiting,
    (now, before) => {
      if (now === null || now.length === 0) still()
      // the first view after a log-in is no news, except that somebody does wait
      else if (now.some((id) => !before?.includes(id))) ring()
    },
    { immediate: true },
  )
  watch(title, () => blink === undefined && still())
  addEventListener('pointerdown', touched)
  addEventListener('keydown', touched)
  onScopeDispose(() => {
    removeEventListener('pointerdown', touched)
    removeEventListener('keydown', touched)
    still()
    void sound?.close()
  })
}

function chime(sound: AudioContext): void {
  TONES_HZ.forEach((hz, i) => {
    const start = sound.currentTime + i * TONE_S
    const tone = new OscillatorNode(sound, { frequency: hz, type: 'sine' })
    const volume = new GainNode(sound, { gain: 0 })
    // a soft attack and a long fall: a bell, not an alarm
    volume.gain.linearRampToValueAtTime(0.25, start + 0.02)
    volume.gain.exponentialRampToValueAtTime(0.001, start + TONE_S * 2.5)
    tone.connect(volume).connect(sound.destination)
    tone.start(start)
    tone.stop(start + TONE_S * 2.5)
  })
}
