// What a picture can't show, and a real directory seldom does.

import { expect, test } from '@playwright/test';

import { laptop, mac, me } from '../fake/data.ts';
import { password } from '../fake/directory.ts';
import { open } from '../fake/open.ts';
import { breakStream, tell } from '../fake/stream.ts';
import { change, field, heading, press, signIn } from '../portal.mjs';

const fresh = 'nine pale foxes on ice';

test('a shown password hides again: after 20 s, when left, and when sent', async ({ page }) => {
  await page.clock.install();
  await open(page, '/signin', {});
  await field(page, 'Password').fill('a secret');
  const readable = page.getByText('a secret', { exact: true });
  const show = page.getByRole('button', { name: 'Show password' });

  await show.click();
  await expect(readable).toBeVisible();
  await expect(field(page, 'Password')).toBeFocused();
  await expect(field(page, 'Password')).toHaveAttribute('type', 'password');
  await page.clock.fastForward(19_000);
  await expect(readable).toBeVisible();
  await page.clock.fastForward(1_000);
  await expect(readable).toBeHidden();

  await show.click();
  await field(page, 'User name').focus();
  await expect(readable).toBeHidden();

  await show.click();
  await page.keyboard.press('Enter');
  await expect(readable).toBeHidden();
});

test('the logo is shown beside the name, and the initials where there is none', async ({
  page,
}) => {
  const fake = await open(page, '/signin', { logo: 'fine' });
  const logo = page.getByRole('img', { name: 'Northwind Labs logo', exact: true });
  await expect(logo).toHaveAttribute('src', '/api/v1/logo');
  await expect(logo).toHaveJSProperty('naturalWidth', 16);
  fake.logo = 'broken';
  await page.reload();
  await expect(logo).toHaveText('NL');
  delete fake.logo;
  await page.reload();
  await expect(logo).toHaveText('NL');
});

test('Caps Lock is pointed out', async ({ page }) => {
  await open(page, '/signin', {});
  const key = (modifierCapsLock: boolean) =>
    field(page, 'Password').dispatchEvent('keydown', { key: 'A', modifierCapsLock });
  await key(true);
  await expect(field(page, 'Password')).toHaveAccessibleDescription('Caps Lock is on');
  await key(false);
  await expect(page.getByText('Caps Lock is on')).toBeHidden();
});

test('the list follows the stream, through a break', async ({ page }) => {
  const fake = await open(page, '/', { me: me([laptop]) });
  await expect(page.getByText('Your computer is in sync.')).toBeVisible();
  await tell(page, me([laptop, mac]));
  await expect(page.getByText('1 of 2 computers needs you:')).toBeVisible();

  fake.mishaps['me'] = 'offline';
  await breakStream(page);
  await expect(page.getByText(/^as of \d\d:\d\d$/)).toBeVisible();
  await tell(page, me([laptop]));
  await expect(page.getByText(/^as of/)).toBeHidden();
  await expect(page.getByText('Your computer is in sync.')).toBeVisible();
});

test('a session that ended leads to the sign-in, and back', async ({ page }) => {
  const fake = await open(page, '/change', { me: me([laptop]) });
  await expect(heading(page, 'Change password')).toBeVisible();
  const { me: known } = fake;
  fake.me = undefined;
  await breakStream(page);
  await expect(page.getByText("You're signed out.")).toBeVisible();
  fake.me = known;
  await signIn(page, 'anna', password);
  await expect(heading(page, 'Change password')).toBeVisible();
});

test('a lost answer is settled by asking again', async ({ page }) => {
  const changed = me([laptop]);
  changed.stamp.generation += 1;
  const fake = await open(page, '/', { me: me([laptop]), afterChange: changed });
  fake.mishaps['me/password/finish'] = 'offline';
  await expect(change(page, password, fresh)).rejects.toThrow('Nothing was changed.');
  await press(page, 'Cancel');
  fake.mishaps['me/password/finish'] = 'lost';
  await change(page, password, fresh);
});

test('a lost answer that stays unknown is not called unchanged', async ({ page }) => {
  const fake = await open(page, '/change', { me: me([laptop]) });
  await expect(heading(page, 'Change password')).toBeVisible();
  fake.mishaps['me/password/finish'] = 'lost';
  fake.mishaps['me'] = 'offline';
  await expect(change(page, password, fresh)).rejects.toThrow(
    'Your new password may have been set.',
  );
});

test('too little key stretching is refused', async ({ page }) => {
  const ksf = { memory_kib: 8 * 1024, iterations: 2, parallelism: 1 };
  await open(page, '/signin', { ksf });
  await expect(signIn(page, 'anna', password)).rejects.toThrow(/doesn't understand/);
});

test('a sign-out that did not happen is not called one', async ({ page }) => {
  await open(page, '/', { me: me([laptop]), mishaps: { session: 'offline' } });
  await press(page, 'Sign out');
  await expect(page.getByRole('alert')).toContainText("Can't reach Northwind Labs.");
  await expect(heading(page, 'My computers')).toBeVisible();
});
