import path from 'node:path';

import { expect, test } from '@playwright/test';

import { NOW } from '../fake/data.ts';
import { open } from '../fake/open.ts';
import { complaints, expectAccessible } from '../watch.ts';
import { states } from './states.ts';

const folder = path.resolve(
  process.env['LOCKSTEP_SHOTS'] ?? path.join(import.meta.dirname, '../../../target/shots/web'),
);

for (const state of states) {
  test(state.name, async ({ page }, info) => {
    const heard = complaints(page);
    await page.clock.setFixedTime(NOW);
    const fake = await open(page, state.path, state.fake ?? {});
    await state.act?.(page, fake);
    await expect(page.getByText(state.shows).first()).toBeAttached();
    await expect(page.getByText('Loading…')).toHaveCount(state.shows === 'Loading…' ? 1 : 0);
    await expectAccessible(page);
    await page.evaluate(() => document.fonts.ready);
    await page.screenshot({
      path: path.join(folder, `${state.name}-${info.project.name}.png`),
      fullPage: true,
      animations: 'disabled',
    });
    expect(heard).toEqual([]);
  });
}
