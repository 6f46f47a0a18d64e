import { tanstackRouter } from '@tanstack/router-plugin/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';
import { budget } from './budget.ts';
import { fixtureApi } from './test/fixtureApi.ts';

/** A coordinator to develop against; without one, recorded answers are served. */
const coordinator = process.env.PEDIGREE_URL;
const CSP = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

export default defineConfig({
  plugins: [
    tanstackRouter({ target: 'react', autoCodeSplitting: true, quoteStyle: 'single' }),
    react(),
    budget(),
    ...(coordinator ? [] : [fixtureApi()]),
  ],
  build: {
    // Older targets would have light-dark() rewritten into a construct that canvas colours cannot read.
    cssTarget: ['chrome125', 'firefox126', 'safari17.5'],
    // A data: URI would break the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The charts' chunk; budget.ts holds it to its limit.
    chunkSizeWarningLimit: 700,
  },
  server: { proxy: coordinator ? { '/api': coordinator } : {} },
  preview: {
    headers: { 'Content-Security-Policy': CSP },
    proxy: coordinator ? { '/api': coordinator } : {},
  },
  test: { environment: 'node', include: ['src/**/*.test.{ts,tsx}', 'test/**/*.test.ts'] },
});
