/// <reference types="vitest/config" />
import { fileURLToPath } from 'node:url'

import vue from '@vitejs/plugin-vue'
import { defineConfig, type HtmlTagDescriptor, type Plugin } from 'vite'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** What a page imports later is fetched when there is room, and not compiled yet: the counter draws most of itself when the resident is seen. */
const fetchAhead: Plugin = {
  name: 'fetch-ahead',
  transformIndexHtml: {
    order: 'post',
    handler(_html, { bundle, chunk }): HtmlTagDescriptor[] {
      const later = (chunk?.dynamicImports ?? []).map((name) => bundle?.[name]).filter((part) => part?.type === 'chunk')
      const scripts = new Set(later.flatMap((part) => [part.fileName, ...part.imports]))
      const styles = new Set(later.flatMap((part) => [...(part.viteMetadata?.importedCss ?? [])]))
      for (const known of [chunk?.fileName, ...(chunk?.imports ?? [])]) scripts.delete(known ?? '')
      const link = (attributes: Record<string, string>, name: string): HtmlTagDescriptor => ({
        tag: 'link',
        attrs: { ...attributes, crossorigin: true, href: `/${name}` },
        injectTo: 'head',
      })
      return [
        ...[...scripts].map((name) => link({ rel: 'prefetch', as: 'script' }, name)),
        ...[...styles].map((name) => link({ rel: 'prefetch', as: 'style' }, name)),
      ]
    },
  },
}

/** Three pages that share `/assets/`: the counter is served by the center, the kiosk and the bench by the booth. */
export default defineConfig({
  plugins: [vue(), fetchAhead],
  base: '/',
  appType: 'mpa',
  resolve: {
    alias: {
      '@lib': here('./lib'),
      '@text': here('../protocol/text'),
    },
  },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'chrome109', // the oldest Chromium on a booth's or counter's machine (the last for Windows 7)
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0, // the Content-Security-Policy allows no `data:` scripts or fonts
    chunkSizeWarningLimit: 1200,
    rollupOptions: {
      // a comment in a dependency that Rollup reads past; it says so for each
      onLog: (level, log, pass) => log.code === 'INVALID_ANNOTATION' || pass(level, log),
      input: {
        counter: here('./counter/index.html'),
        kiosk: here('./kiosk/index.html'),
        bench: here('./bench/index.html'),
      },
    },
  },
  server: {
    fs: { allow: [here('.'), here('../protocol/text')] },
    proxy: {
      '/api': { target: process.env['BANGBAN_CENTER'] ?? 'http://127.0.0.1:8480', ws: true },
      '/ws': { target: process.env['BANGBAN_KIOSK'] ?? 'http://127.0.0.1:8490', ws: true },
    },
  },
  test: {
    include: ['{lib,counter,kiosk,bench}/**/*.test.ts'],
    environment: 'node',
  },
})
