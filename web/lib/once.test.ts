import { ref } from 'vue'
import { expect, test } from 'vitest'

import { onceTrue } from './once'

test('a condition is waited for until it is true, at once when it is already', async () => {
  const count = ref(0)
  let reached = false
  const waiting = onceTrue(() => count.value > 1).then(() => (reached = true))
  count.value = 1
  await Promise.resolve()
  expect(reached).toBe(false)
  count.value = 2
  await waiting
  await onceTrue(() => count.value > 1)
})
