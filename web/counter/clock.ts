/** Time as people at a counter read it. */
import { onScopeDispose, shallowRef, type ShallowRef } from 'vue'

/** The Unix time in ms, once a second, for as long as the component lives. */
export function useNow(): ShallowRef<number> {
  const now = shallowRef(Date.now())
  const timer = setInterval(() => (now.value = Date.now()), 1000)
  onScopeDispose(() => clearInterval(timer))
  return now
}

/** A length of time as `mm:ss`, from an hour on `h:mm:ss`; never negative, whatever two clocks say. */
export function duration(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000))
  const parts = [Math.floor(s / 60) % 60, s % 60].map((part) => String(part).padStart(2, '0'))
  const hours = Math.floor(s / 3600)
  return hours > 0 ? `${hours}:${parts.join(':')}` : parts.join(':')
}

/** A moment of today as `HH:mm:ss`. */
export function clockTime(atMs: number): string {
  const at = new Date(atMs)
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':')
}

/** A moment as `YYYY-MM-DD HH:mm:ss`. */
export function moment(atMs: number): string {
  const at = new Date(atMs)
  const date = [at.getFullYear(), at.getMonth() + 1, at.getDate()].map((part) => String(part).padStart(2, '0'))
  return `${date.join('-')} ${clockTime(atMs)}`
}
