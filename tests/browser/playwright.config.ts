// Against a real directory: LOCKSTEP_URL says where, LOCKSTEP_FIXTURE names a file of invitations.

import { defineConfig } from '@playwright/test';

import { launch, place, still } from './launch.mjs';

export default defineConfig({
  testDir: 'real',
  workers: 1,
  forbidOnly: true,
  timeout: 60_000,
  reporter: 'list',
  use: {
    ...place,
    ...still,
    baseURL: process.env['LOCKSTEP_URL'] ?? 'https://localhost:8443',
    ignoreHTTPSErrors: true,
    launchOptions: launch,
  },
});
