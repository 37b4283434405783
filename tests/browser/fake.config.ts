// The real build under the real policy, but with a made-up directory: pictures of every page and
// state, and behaviour that a real directory seldom provokes.

import { defineConfig } from '@playwright/test';

import { launch, place, still } from './launch.mjs';

const port = 4179;
const sizes = {
  desktop: { viewport: { width: 1100, height: 760 } },
  phone: { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true },
};

export default defineConfig({
  workers: 1,
  forbidOnly: true,
  reporter: 'list',
  use: { ...place, ...still, baseURL: `http://localhost:${port}`, launchOptions: launch },
  webServer: {
    command: `npm run preview -- --port ${port} --strictPort`,
    cwd: '../../web',
    url: `http://localhost:${port}`,
  },
  projects: [
    { name: 'behaviour', testDir: 'behaviour' },
    ...(['light', 'dark'] as const).flatMap((colorScheme) =>
      Object.entries(sizes).map(([size, use]) => ({
        name: `${colorScheme}-${size}`,
        testDir: 'shots',
        use: { ...use, colorScheme },
      })),
    ),
  ],
});
