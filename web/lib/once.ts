import { watch } from 'vue'

/** Resolves as soon as `condition`, which reads reactive values, is true. */
export function onceTrue(condition: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const stop = watch(
      condition,
      (now) => {
        if (!now) return
        resolve()
        queueMicrotask(() => stop()) // not there yet when it is true at once
      },
      { immediate: true },
    )
  })
}
