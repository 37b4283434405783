import type { Page } from '@playwright/test';

import { fakeDirectory, type Fake } from './directory.ts';
import { fakeStream } from './stream.ts';

/** Opens a page of the portal before a directory that the test can change afterwards. */
export async function open(page: Page, path: string, fake: Partial<Fake>): Promise<Fake> {
  const whole: Fake = { me: undefined, afterChange: undefined, mishaps: {}, ...fake };
  await fakeStream(page);
  await fakeDirectory(page, whole);
  await page.goto(path);
  return whole;
}
