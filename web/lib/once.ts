import { watch } from 'vue'

/** Resolves as soon as `condition`, which reads reactive values, is true. */
export function onceTrue(condition: () => boolean): Promise<void> {
  if (condition()) return Promise.resolve()
  return new Promise((resolve) => {
    const stop = watch(condition, () => {
      stop()
      resolve()
    })
  })
}
