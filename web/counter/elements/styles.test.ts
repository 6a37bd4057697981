import { expect, test } from 'vitest'

import styles from './styles.ts?raw'

const sources = import.meta.glob<string>('../**/*.{ts,vue}', { eager: true, query: '?raw', import: 'default' })
/** They have no look. */
const BARE = ['config-provider']

test('each component of Element Plus that a page uses has its styles, and no other', () => {
  const used = Object.values(sources)
    .flatMap((text) => [...text.matchAll(/import \{([^}]*)\} from 'element-plus'/g)])
    .flatMap(([, names = '']) => [...names.matchAll(/El(\w+)/g)])
    .map(([, name = '']) => name.replace(/(?<!^)[A-Z]/g, '-$&').toLowerCase())
    .filter((name) => !BARE.includes(name))
  const styled = [...styles.matchAll(/components\/([\w-]+)\/style/g)].map(([, name]) => name)
  expect(used.length).toBeGreaterThan(10)
  expect(styled).toEqual([...new Set(used)].sort())
})
