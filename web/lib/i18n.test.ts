import { afterEach, describe, expect, test } from 'vitest'

import { catalogue, fill, language, useText } from './i18n'

const { t, wording, has } = useText()
const placeholders = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '').sort()

afterEach(() => {
  language.value = 'zh-CN'
})

describe('the message catalogue', () => {
  test('is there', () => {
    expect(Object.keys(catalogue['zh-CN']).length).toBeGreaterThan(100)
  })

  test('holds the same keys in both languages', () => {
    expect(Object.keys(catalogue.en).sort()).toEqual(Object.keys(catalogue['zh-CN']).sort())
  })

  test.each(Object.keys(catalogue['zh-CN']))('%s has the same placeholders in both languages', (key) => {
    expect(placeholders(catalogue.en[key] ?? '')).toEqual(placeholders(catalogue['zh-CN'][key] ?? ''))
  })

  test('leaves no text empty', () => {
    const empty = Object.values(catalogue).flatMap((texts) => Object.entries(texts).filter(([, text]) => !text.trim()))
    expect(empty).toEqual([])
  })
})

describe('a text', () => {
  test('follows the language', () => {
    expect(t('common.outcome.accepted')).toBe('受理')
    language.value = 'en'
    expect(t('common.outcome.accepted')).not.toBe('受理')
  })

  test('that is missing shows its key', () => {
    expect(t('counter.no_such_text')).toBe('counter.no_such_text')
    expect(has('counter.no_such_text')).toBe(false)
  })

  test('is filled with its values, and keeps a placeholder that has none', () => {
    expect(fill('{n} 人，{m} 页', { n: 3 })).toBe('3 人，{m} 页')
  })

  test('of two languages falls back to the one that is there', () => {
    language.value = 'en'
    expect(wording({ zh: '帮办亭', en: '' })).toBe('帮办亭')
    expect(wording(null)).toBe('')
  })
})
