import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

import { compress } from './compress.ts';
import { licenses } from './licenses.ts';
import { securityHeaders } from './security-headers.ts';

export default defineConfig({
  plugins: [svelte(), licenses(), compress()],
  build: {
    // The polyfill is an inline-free script of its own, but no browser we support needs it.
    modulePreload: { polyfill: false },
    target: ['chrome111', 'firefox114', 'safari16.4'],
  },
  worker: { format: 'es' },
  server: {
    // The list of common words is read from the Rust crate, so that there is only one.
    fs: { allow: ['..'] },
  },
  // The preview serves the real build under the policy that the directory sends.
  preview: { headers: securityHeaders },
  test: { include: ['test/**/*.test.ts'] },
});
