/** One tab of a browser holds the counter: two would take the clerk's only media connection from each other for ever. */

const LOCK = 'bangban.counter'

/** Take the counter over from any older tab; `lost` is called when a newer one does the same. Returns what gives it up. */
export function holdCounter(lost: () => void): () => void {
  if (!navigator.locks) return () => {} // no secure context: no camera either
  let release: () => void = () => {}
  const held = new Promise<void>((resolve) => (release = resolve))
  navigator.locks.request(LOCK, { steal: true }, () => held).catch(lost)
  return release
}
