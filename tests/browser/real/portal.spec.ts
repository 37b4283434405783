// The portal's promises, kept by a real directory.

import { expect, test, type Page } from '@playwright/test';

import { activate, change, computers, field, heading, press, signIn } from '../portal.mjs';
import { complaints, expectGoodLooks } from '../watch.ts';
import { invitation } from './fixture.ts';

const first = 'seven grey herons at noon';
const second = 'nine pale foxes on ice';

/** Nothing that was typed or handed out stays where a later visitor could find it. */
async function expectNothingKept(page: Page): Promise<void> {
  const kept = await page.evaluate(() => ({
    local: { ...localStorage },
    session: { ...sessionStorage },
    cookie: document.cookie,
    hash: location.hash,
    fields: [...document.querySelectorAll('input')].map((input) => input.type),
  }));
  expect(kept).toEqual({ local: {}, session: {}, cookie: '', hash: '', fields: [] });
}

test('a link that is no invitation says whom to ask', async ({ page }) => {
  const heard = complaints(page);
  await page.goto('/activate#not-a-token');
  await expect(
    page.getByText(/^This link was used or is too old\. Ask .+ for a new one\.$/),
  ).toBeVisible();
  expect(new URL(page.url()).hash).toBe('');
  await expectGoodLooks(page);
  expect(heard).toEqual([]);
});

test('an address that is no page says so', async ({ page }) => {
  const answer = await page.goto('/nowhere');
  expect(answer?.status()).toBe(404);
  await expect(heading(page, "There's no such page")).toBeVisible();
  await expectGoodLooks(page);
});

test('/.well-known/change-password leads to the change', async ({ page }) => {
  await page.goto('/.well-known/change-password');
  await expect(page).toHaveURL(/\/signin\?next=%2Fchange$/);
});

test('the files travel compressed, and once', async ({ request }) => {
  const page = await request.get('/signin', { headers: { 'accept-encoding': 'gzip, br' } });
  expect(page.status()).toBe(200);
  expect(page.headers()).toMatchObject({ 'content-encoding': 'br', vary: 'accept-encoding' });
  const script = /\/assets\/index-[\w-]+\.js/.exec(await page.text())?.[0] ?? '';

  const plain = await request.get(script, { headers: { 'accept-encoding': 'identity' } });
  const packed = await request.get(script, { headers: { 'accept-encoding': 'br' } });
  expect(plain.headers()['content-encoding']).toBeUndefined();
  expect(packed.headers()['content-encoding']).toBe('br');
  expect(await packed.text()).toBe(await plain.text());
  expect(Number(packed.headers()['content-length'])).toBeLessThan(
    Number(plain.headers()['content-length']) / 2,
  );

  const tag = packed.headers()['etag'] ?? '';
  expect(tag).toMatch(/^"\w+"$/);
  expect(plain.headers()['etag']).not.toBe(tag);
  const known = { 'accept-encoding': 'br', 'if-none-match': tag };
  const again = await request.get(script, { headers: known });
  expect(again.status()).toBe(304);
  expect((await again.body()).length).toBe(0);
});

test('the policy forbids everything the portal does not need', async ({ request }) => {
  const answer = await request.get('/');
  const policy = answer.headers()['content-security-policy'] ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("require-trusted-types-for 'script'");
  expect(policy).not.toContain("'unsafe-inline'");
  expect(policy).not.toContain("'unsafe-eval'");
});

test('a person activates, signs in, adds a computer and changes the password', async ({
  page,
  browser,
  context,
}) => {
  const person = invitation(0);
  const heard = complaints(page);

  await test.step('choosing the first password', async () => {
    await page.goto(person.link);
    await expect(heading(page, `Welcome, ${person.display_name}`)).toBeVisible();
    await expect(field(page, 'New password')).toBeFocused();
    await expect(field(page, 'New password')).toHaveAttribute('autocomplete', 'new-password');
    expect(new URL(page.url()).hash).toBe('');
    await expectGoodLooks(page);
    await press(page, 'Set password');
    await expect(field(page, 'New password')).toBeFocused();
    await expect(field(page, 'New password')).toHaveAccessibleDescription('Type a new password.');
    await field(page, 'New password').fill('too short');
    await expect(page.getByText('At least 15 characters (9 so far)')).toBeVisible();
    await expect(page.getByText('2 of 4 rules met')).toBeAttached();
    await field(page, 'New password').fill(first);
    await field(page, 'Repeat new password').fill(first);
    await expect(page.getByText('4 of 4 rules met')).toBeAttached();
    await expect(page.getByRole('img', { name: 'Strength: strong' })).toBeVisible();
    await press(page, 'Set password');
    await expect(heading(page, 'My computers')).toBeFocused();
    await expectNothingKept(page);
    expect(await computers(page)).toEqual([]);
    await expectGoodLooks(page);
  });

  await test.step('an invitation works once', async () => {
    const other = await context.newPage();
    await expect(activate(other, person.link, first)).rejects.toThrow(/used or is too old/);
    await other.close();
  });

  await test.step('adding a computer', async () => {
    await press(page, 'Add a computer');
    const command = page.getByRole('region', { name: 'Enrolment command' });
    await expect(command).toHaveText(
      /^sudo lockstep enrol <<'END'\nlockstep1\.[\w-]+\.[0-9a-f]{8}\nEND$/,
    );
    await expect(page.getByText('Works once, for 1 hour.')).toBeVisible();
    await expect(page.getByText('Waiting…')).toBeVisible();
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await press(page, 'Copy');
    await expect(page.getByRole('button', { name: 'Copied' })).toBeVisible();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(copied.trim()).toBe(await command.textContent());
    await expectGoodLooks(page);
    await press(page, 'Close');
    await page.evaluate(() => navigator.clipboard.writeText(''));
  });

  await test.step('signing out and in', async () => {
    await press(page, 'Sign out');
    await expect(page.getByText("You're signed out.")).toBeVisible();
    await expectGoodLooks(page);
    await press(page, 'Sign in');
    await expect(field(page, 'User name')).toBeFocused();
    await expect(signIn(page, person.user_name, 'not the password')).rejects.toThrow(
      'User name or password is wrong.',
    );
    await expect(field(page, 'Password')).toHaveValue('');
    await expect(field(page, 'Password')).toBeFocused();
    await expect(signIn(page, 'nobody-of-that-name', first)).rejects.toThrow(
      'User name or password is wrong.',
    );
    await signIn(page, ` ${person.user_name.toUpperCase()} `, first);
    await expect(heading(page, 'My computers')).toBeVisible();
    await expectNothingKept(page);
  });

  const elsewhere = await browser.newContext({ ignoreHTTPSErrors: true });
  const there = await elsewhere.newPage();

  await test.step('a page that needs a session comes back after the sign-in', async () => {
    await there.goto(new URL('/change', page.url()).href);
    await expect(there.getByText("You're signed out.")).toBeVisible();
    await signIn(there, person.user_name, first);
    await expect(heading(there, 'Change password')).toBeVisible();
  });

  await test.step('changing the password', async () => {
    await expect(change(page, 'not my password', second)).rejects.toThrow(
      "That isn't your current password. Nothing was changed.",
    );
    await expect(field(page, 'Current password')).toBeFocused();
    await expect(field(page, 'Current password')).toHaveValue('');
    await expectGoodLooks(page);
    await press(page, 'Cancel');
    await change(page, first, second);
    await expectGoodLooks(page);
    await expectNothingKept(page);
  });

  await test.step('every other session ends at once, and is told why', async () => {
    await expect(
      there.getByText(
        /^You were signed out because your password changed today at \d\d:\d\d in the portal, from Chrome on Linux\.$/,
      ),
    ).toBeVisible();
    await expect(signIn(there, person.user_name, first)).rejects.toThrow(
      'User name or password is wrong.',
    );
    await signIn(there, person.user_name, second);
    await elsewhere.close();
  });

  await test.step('the last change tells its story', async () => {
    await press(page, 'My computers');
    await expect(
      page.getByText(/^Changed today at \d\d:\d\d in the portal, from Chrome on Linux\.$/),
    ).toBeVisible();
    await page.getByText('Details').click();
    await expect(page.getByText(/^From address /)).toBeVisible();
  });

  expect(heard).toEqual([]);
});

test('the keyboard alone is enough', async ({ page }) => {
  const person = invitation(1);
  // A good link pasted over a dead one changes nothing but the fragment.
  await page.goto('/activate#not-a-token');
  await expect(heading(page, 'Welcome')).toBeFocused();
  await page.goto(person.link);
  await expect(field(page, 'New password')).toBeFocused();
  await page.keyboard.type(first);
  await page.keyboard.press('Tab');
  await expect(page.getByRole('button', { name: 'Show new password' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Hide new password' })).toBeFocused();
  await expect(field(page, 'New password')).toHaveAttribute('type', 'password');
  await page.keyboard.press('Tab');
  await expect(page.getByRole('button', { name: 'Show new password' })).toBeVisible();
  await page.keyboard.type(first);
  await page.keyboard.press('Enter');
  await expect(heading(page, 'My computers')).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(page.getByText('Details')).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(
    page.getByRole('main').getByRole('link', { name: "Where you're signed in" }),
  ).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(
    page.getByRole('main').getByRole('link', { name: 'Authenticator app' }),
  ).toBeFocused();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(field(page, 'Current password')).toBeFocused();
});
