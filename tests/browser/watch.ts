// What has to hold on every page, whatever it shows.

import AxeBuilder from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';

/** Collects what the page should never report: its own errors, and breaches of the policy. */
export function complaints(page: Page): string[] {
  const heard: string[] = [];
  page.on('pageerror', (error) => heard.push(String(error)));
  page.on('console', (message) => {
    const text = message.text();
    // A refused request is part of many tests; the browser logs each.
    if (message.type() === 'error' && !text.startsWith('Failed to load resource')) heard.push(text);
  });
  return heard;
}

/** No fault that axe can find, and nothing wider than the window. */
export async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const found = violations.map(({ id, nodes }) => ({ id, at: nodes.map(({ html }) => html) }));
  expect(found).toEqual([]);
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect(overflow, 'the page scrolls sideways').toBe(0);
}

const sizes = [
  { width: 1100, height: 760 },
  { width: 360, height: 740 },
];

/** Looks at the page in light and dark, on a desk and in the hand. */
export async function expectGoodLooks(page: Page): Promise<void> {
  for (const size of sizes) {
    await page.setViewportSize(size);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await expectAccessible(page);
    }
  }
}
