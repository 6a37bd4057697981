/** The moment at which a person sees somebody, measured where it happens: in the <video> that paints. */

/**
 * Resolves with `performance.now()` when `video` has painted a frame that it got after this call; rejects with
 * the signal's reason when `signal` is aborted first. A frame that stands still from an older call doesn't count.
 */
export function firstFrame(video: HTMLVideoElement, signal?: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const handle = video.requestVideoFrameCallback((now) => {
      signal?.removeEventListener('abort', stop)
      resolve(now)
    })
    const stop = (): void => {
      video.cancelVideoFrameCallback(handle)
      reject(signal?.reason as Error)
    }
    signal?.addEventListener('abort', stop, { once: true })
  })
}

/** Resolves when what the page shows now has been painted; in a page that nobody looks at, never. */
export function painted(): Promise<void> {
  return new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))
}
