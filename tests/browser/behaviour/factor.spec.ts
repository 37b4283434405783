// The authenticator app: set up, shown, removed, and what the directory may say against it.

import { expect, test, type Page } from '@playwright/test';
import decodeQR from 'qr/decode.js';

import { app, factorStarted, laptop, me, recovered } from '../fake/data.ts';
import { password } from '../fake/directory.ts';
import { open } from '../fake/open.ts';
import { tell } from '../fake/stream.ts';
import { field, heading, press } from '../portal.mjs';

const code = (page: Page) => field(page, 'Code from the app');
const confirm = `me/factors/${app.factor}/confirm`;
const remove = `me/factors/${app.factor}/remove`;
const enrolled = { ...me([laptop]), factors: [app] };

test('the front page leads there, and an app is set up by its first code', async ({ page }) => {
  await open(page, '/', { me: me([laptop]) });
  const sent: unknown[] = [];
  page.on('request', (request) => {
    if (request.url().endsWith(confirm)) sent.push(request.postDataJSON());
  });
  await page.getByRole('main').getByRole('link', { name: 'Authenticator app' }).click();
  await expect(heading(page, 'Authenticator app')).toBeFocused();
  await press(page, 'Set up');
  await expect(page.getByText('GEZD GNBV')).toBeVisible();
  await code(page).fill('123 456');
  await press(page, 'Confirm');
  await expect(page.getByText(/^Set up since/)).toBeVisible();
  expect(sent).toEqual([{ code: '123 456' }]);
  await expect(page.getByText('GEZD')).toBeHidden();
});

test('the picture holds what the directory said, dark on light in every scheme', async ({
  page,
}) => {
  await page.emulateMedia({ colorScheme: 'dark' });
  await open(page, '/factor', { me: me([laptop]) });
  await press(page, 'Set up');
  const picture = page.getByRole('img', { name: /^QR code/ });
  await expect(picture).toBeVisible();
  const colours = await picture.evaluate((svg) =>
    [...svg.children].map((shape) => getComputedStyle(shape).fill),
  );
  expect(colours).toEqual(['rgb(255, 255, 255)', 'rgb(0, 0, 0)']);
  const size = Number((await picture.getAttribute('viewBox'))?.split(' ')[2]);
  const dark = await picture.locator('path').getAttribute('d');
  expect(decodeQR(drawn(size, dark ?? ''))).toBe(factorStarted.uri);
});

/** The picture as a camera sees it. */
function drawn(size: number, squares: string) {
  const scale = 4;
  const side = size * scale;
  const data = new Uint8Array(side * side * 4).fill(255);
  for (const [, x, y] of squares.matchAll(/M(\d+) (\d+)h1v1h-1z/g)) {
    for (let row = Number(y) * scale; row < (Number(y) + 1) * scale; row += 1) {
      const start = (row * side + Number(x) * scale) * 4;
      for (let at = start; at < start + scale * 4; at += 1) data[at] = at % 4 === 3 ? 255 : 0;
    }
  }
  return { width: side, height: side, data };
}

test('a code that is none is not sent, one that is refused can be typed again', async ({
  page,
}) => {
  const fake = await open(page, '/factor', { me: me([laptop]) });
  await press(page, 'Set up');
  let sent = 0;
  page.on('request', (request) => {
    if (request.url().endsWith(confirm)) sent += 1;
  });
  for (const typed of ['', '12345', '1234567', 'abcdef']) {
    await code(page).fill(typed);
    await press(page, 'Confirm');
    await expect(code(page)).toBeFocused();
  }
  expect(sent).toBe(0);
  fake.mishaps[confirm] = 'factorRefused';
  await code(page).fill('123456');
  await press(page, 'Confirm');
  await expect(page.getByRole('alert')).toContainText("That code isn't right");
  await expect(code(page)).toBeFocused();
  await expect(code(page)).toHaveValue('');
  delete fake.mishaps[confirm];
  await code(page).fill('123456');
  await press(page, 'Confirm');
  await expect(page.getByText(/^Set up since/)).toBeVisible();
});

test('a sign-in of long ago is made again here, and the former one ends', async ({ page }) => {
  const fake = await open(page, '/factor', {
    me: me([laptop]),
    mishaps: { 'me/factors': 'signInAgain' },
  });
  const ended: string[] = [];
  page.on('request', (request) => {
    if (request.method() === 'DELETE') ended.push(new URL(request.url()).pathname);
  });
  await press(page, 'Set up');
  await expect(field(page, 'Password')).toBeFocused();
  await field(page, 'Password').fill('not my password');
  await press(page, 'Go on');
  await expect(page.getByRole('alert')).toContainText("That isn't your password.");
  expect(ended).toEqual([]);
  delete fake.mishaps['me/factors'];
  await field(page, 'Password').fill(password);
  await press(page, 'Go on');
  await expect(page.getByText('GEZD GNBV')).toBeVisible();
  expect(ended).toEqual(['/api/v1/me/sessions/0f0f0f0f0f0f0f01']);
});

test('an app is removed by a code, and comes and goes with the stream', async ({ page }) => {
  const fake = await open(page, '/factor', { me: enrolled });
  fake.mishaps[remove] = 'tooMany';
  await code(page).fill('123456');
  await press(page, 'Remove');
  await expect(page.getByRole('alert')).toContainText('Too many tries.');
  delete fake.mishaps[remove];
  await code(page).fill('123456');
  await press(page, 'Remove');
  await expect(page.getByRole('button', { name: 'Set up' })).toBeVisible();
  await tell(page, enrolled);
  await expect(page.getByText(/^Set up since/)).toBeVisible();
});

test('where no computer asks for it, the front page does not offer it', async ({ page }) => {
  await open(page, '/', { me: { ...me([laptop]), asks_for_factor: false } });
  await expect(page.getByText("Where you're signed in").first()).toBeVisible();
  await expect(page.getByRole('link', { name: 'Authenticator app' })).toBeHidden();
});

test('a recovery is told with what to do if it was somebody else', async ({ page }) => {
  await open(page, '/', { me: { ...enrolled, recovered } });
  await expect(page.getByText(/^Your former password was recovered on anna-laptop/)).toBeVisible();
  await expect(page.getByText("If that wasn't you, call Sam Ito.")).toBeVisible();
});
