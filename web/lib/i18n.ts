/**
 * Texts for people, from the same message catalogue as the Python programs: `protocol/text/<language>/<area>.json`.
 * Everything is bundled when the page is built, so a missing key shows in the tests and never asks the network.
 */
import { computed, ref, watch, type ComputedRef, type Ref } from 'vue'

import type { Wording } from './protocol'

export type Language = 'zh-CN' | 'en'
export type Params = Record<string, string | number>
type Texts = Record<string, string>

export const LANGUAGES: readonly Language[] = ['zh-CN', 'en']

const STORAGE_KEY = 'bangban.language'

const files = import.meta.glob<Texts>('../../protocol/text/*/*.json', { eager: true, import: 'default' })

/** Every text, by language and by `<area>.<key>`. */
export const catalogue: Readonly<Record<Language, Texts>> = read(files)

/** The language that the page shows now; kept in this browser where it may be. */
export const language: Ref<Language> = ref(remembered())

watch(language, (now) => {
  try {
    localStorage.setItem(STORAGE_KEY, now)
  } catch {
    // a browser that keeps nothing (private mode, policy) starts in Chinese each time
  }
  if (typeof document !== 'undefined') document.documentElement.lang = now
})

export interface Text {
  /** The text of `<area>.<key>` with its `{placeholders}` filled; the key itself when there is no such text. */
  t: (key: string, params?: Params) => string
  /** The side of a two-language wording that fits the page's language. */
  wording: (words: Wording | null | undefined) => string
  /** Whether the catalogue has this key. */
  has: (key: string) => boolean
  language: Ref<Language>
  isChinese: ComputedRef<boolean>
}

const isChinese = computed(() => language.value === 'zh-CN')

/** Reactive texts: what a template says with these follows the language. */
export function useText(): Text {
  return { t, wording, has, language, isChinese }
}

function t(key: string, params: Params = {}): string {
  const text = catalogue[language.value][key]
  return text === undefined ? key : fill(text, params)
}

function wording(words: Wording | null | undefined): string {
  if (!words) return ''
  return language.value === 'en' ? words.en || words.zh : words.zh || words.en
}

function has(key: string): boolean {
  return key in catalogue[language.value]
}

/** Put `params` into the text's `{placeholders}`; one without a value stays as it is written. */
export function fill(text: string, params: Params): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole))
}

function read(found: Record<string, Texts>): Record<Language, Texts> {
  const texts: Record<Language, Texts> = { 'zh-CN': {}, en: {} }
  for (const [path, entries] of Object.entries(found)) {
    const [, name, area] = /\/([^/]+)\/([^/]+)\.json$/.exec(path) ?? []
    if (name !== 'zh-CN' && name !== 'en') continue
    for (const [key, text] of Object.entries(entries)) texts[name][`${area}.${key}`] = text
  }
  return texts
}

function remembered(): Language {
  try {
    return localStorage.getItem(STORAGE_KEY) === 'en' ? 'en' : 'zh-CN'
  } catch {
    return 'zh-CN'
  }
}
