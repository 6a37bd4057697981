import { expect, test } from 'vitest'

import { catalogue } from './i18n'

const sources = import.meta.glob<string>('../{counter,kiosk,bench}/**/*.{ts,vue}', { eager: true, query: '?raw', import: 'default' })
const keys = Object.keys(catalogue['zh-CN'])
const areas = [...new Set(keys.map((key) => key.split('.')[0]))].join('|')

/** The keys that are written out in the pages; one with a `${…}` in it is known up to there. */
function used(): { key: string; file: string; whole: boolean }[] {
  const quoted = new RegExp(`['\`]((?:${areas})\\.[\\w.-]*)(\\$\\{)?`, 'g')
  return Object.entries(sources)
    .filter(([file]) => !file.endsWith('.test.ts'))
    .flatMap(([file, text]) =>
      [...text.matchAll(quoted)].map(([, key = '', open]) => ({ key, file, whole: open === undefined })),
    )
}

test('every key that a page uses is in the catalogue', () => {
  const found = used()
  const lost = found.filter(({ key, whole }) => !keys.some((one) => (whole ? one === key : one.startsWith(key))))
  expect(found.length).toBeGreaterThan(100)
  expect(lost).toEqual([])
})
