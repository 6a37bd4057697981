/// <reference types="vitest/config" />
import { fileURLToPath } from 'node:url'

import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** Three pages that share `/assets/`: the counter is served by the center, the kiosk and the bench by the booth. */
export default defineConfig({
  plugins: [vue()],
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
