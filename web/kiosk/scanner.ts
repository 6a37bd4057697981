/**
 * A hand scanner types like a keyboard: a burst of keys, much faster than fingers, ended by Enter.
 * What it typed goes to the booth process and is kept nowhere: not shown, not logged, forgotten with the Enter.
 */

/** The longest time between two keys of one burst, in ms. Scanners need 2 to 30; a loaded machine adds to that. */
const LONGEST_GAP_MS = 200
/** Shorter bursts are somebody leaning on a keyboard. */
const SHORTEST_CODE = 6
/** `CodeScanned.code` in `protocol/kiosk.py`; a longer burst is dropped whole, for half a code is no code. */
const LONGEST_CODE = 512

export class Scanner {
  private typed = ''
  private lastAt = Number.NEGATIVE_INFINITY

  /** Take one key (`KeyboardEvent.key`) that came at `atMs`; returns the whole code when this key ends one. */
  key(key: string, atMs: number): string | null {
    if (atMs - this.lastAt > LONGEST_GAP_MS) this.typed = ''
    if (key === 'Enter') {
      const code = this.typed
      this.forget()
      return code.length >= SHORTEST_CODE && code.length <= LONGEST_CODE ? code : null
    }
    if ([...key].length !== 1) return null // Shift, Tab and their like belong to no code, and end none
    this.lastAt = atMs
    if (this.typed.length <= LONGEST_CODE) this.typed += key
    return null
  }

  forget(): void {
    this.typed = ''
    this.lastAt = Number.NEGATIVE_INFINITY
  }
}
