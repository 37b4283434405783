// Sessions, links and passwords for one use: what the portal does when the directory says so.

import { expect, test, type Page } from '@playwright/test';

import { changes, elsewhere, here, laptop, me } from '../fake/data.ts';
import { password, token } from '../fake/directory.ts';
import { open } from '../fake/open.ts';
import { breakStream, tellSessions } from '../fake/stream.ts';
import { activate, change, field, heading, press, signIn } from '../portal.mjs';

const fresh = 'nine pale foxes on ice';
const why = 'You were signed out because your password changed today at';

const rows = (page: Page) =>
  page.getByRole('list', { name: "Where you're signed in" }).getByRole('listitem');

test('a session that a change ended says by what, while the page is open', async ({ page }) => {
  const fake = await open(page, '/', { me: me([laptop]) });
  await expect(heading(page, 'My computers')).toBeVisible();
  fake.me = undefined;
  fake.endedBy = { ...changes.admin, at: Date.now() };
  await breakStream(page);
  await expect(page.getByText(`${why} `)).toContainText('by your IT team (Sam Ito).');
  await expect(field(page, 'User name')).toHaveAccessibleDescription(/^You were signed out/);
});

test('and when the page is opened, the sign-in itself too', async ({ page }) => {
  const endedBy = { ...changes.portal, at: Date.now() };
  await open(page, '/change', { endedBy });
  await expect(page.getByText(why)).toContainText('in the portal, from Firefox on Linux.');
  await page.goto('/signin');
  await expect(page.getByText(why)).toBeVisible();
});

test('whoever signs in after that is not told any more', async ({ page }) => {
  const fake = await open(page, '/signin', { endedBy: { ...changes.portal, at: Date.now() } });
  await expect(page.getByText(why)).toBeVisible();
  fake.me = me([laptop]);
  await signIn(page, 'anna', password);
  await press(page, 'Sign out');
  await expect(page.getByText("You're signed out.")).toBeVisible();
  await expect(page.getByText("This wasn't me")).toBeHidden();
});

test('only a session that a change ended can say "This wasn\'t me"', async ({ page }) => {
  await open(page, '/not-me', {});
  await expect(page).toHaveURL(/\/signin$/);
  await expect(field(page, 'User name')).toBeFocused();
});

test('"This wasn\'t me" can be taken back, and is sent once', async ({ page }) => {
  const fake = await open(page, '/signin', { endedBy: changes.portal });
  let reports = 0;
  page.on('request', (request) => {
    if (request.url().endsWith('/session/not-me')) reports += 1;
  });
  await page.getByRole('link', { name: "This wasn't me" }).click();
  await expect(heading(page, "You didn't change it?")).toBeFocused();
  await press(page, 'Back');
  await expect(page).toHaveURL(/\/signin$/);
  await page.goBack();
  fake.mishaps['session/not-me'] = 'silence';
  await press(page, 'Lock and report');
  await page.getByRole('button', { name: 'Checking…' }).click();
  expect(reports).toBe(1);
});

test('a report that came too late is not called one', async ({ page }) => {
  const fake = await open(page, '/not-me', { endedBy: changes.portal });
  await expect(heading(page, "You didn't change it?")).toBeVisible();
  fake.mishaps['session/not-me'] = 'signedOut';
  await press(page, 'Lock and report');
  await expect(page.getByRole('alert')).toContainText("It's too late to report it from here.");
});

test('whoever is signed in needs no sign-in', async ({ page }) => {
  await open(page, '/signin?next=%2Fsignins', { me: me([laptop]) });
  await expect(heading(page, "Where you're signed in")).toBeVisible();
});

test('a password for one use is replaced before anything else', async ({ page }) => {
  const issued = { ...me([laptop]), changed: changes.admin, temporary: true };
  const own = me([laptop]);
  const fake = await open(page, '/', {});
  await expect(page.getByText("You're signed out.")).toBeVisible();
  fake.me = issued;
  fake.afterChange = own;
  await signIn(page, 'anna', password);
  await expect(heading(page, 'Choose your own password')).toBeVisible();
  await expect(field(page, 'Current password')).toBeFocused();
  for (const path of ['/', '/signins', '/signin', '/not-me']) {
    await page.goto(path);
    await expect(heading(page, 'Choose your own password')).toBeVisible();
    await expect(page).toHaveURL(/\/change$/);
  }
  await expect(page.getByRole('navigation')).toBeHidden();
  await expect(page.getByRole('button', { name: 'Cancel' })).toBeHidden();
  await change(page, password, fresh);
  // The stream hasn't said so yet.
  await press(page, 'My computers');
  await expect(heading(page, 'My computers')).toBeVisible();
});

test('whoever has a password for one use can sign out', async ({ page }) => {
  await open(page, '/', { me: { ...me([]), temporary: true } });
  await expect(heading(page, 'Choose your own password')).toBeVisible();
  await press(page, 'Sign out');
  await expect(page.getByText("You're signed out.")).toBeVisible();
});

test('a link says itself what it is for, whatever address it was pasted to', async ({ page }) => {
  const fake = await open(page, `/activate#${token}`, { link: 'reset' });
  await expect(heading(page, 'Choose a new password')).toBeVisible();
  fake.link = 'invitation';
  await page.goto(`/reset#${token}`);
  await expect(heading(page, 'Welcome, Anna')).toBeVisible();
});

test("a link's lost answer is settled by looking at the link", async ({ page }) => {
  const fake = await open(page, '/', {});
  fake.mishaps['activation/finish'] = 'lost';
  await expect(activate(page, `/reset#${token}`, fresh)).rejects.toThrow('Nothing was changed.');
  // This time the answer alone is lost: the link is spent from then on.
  await page.route('**/api/v1/activation/finish', (route) => {
    fake.mishaps['activation/open'] = 'spent';
    return route.fallback();
  });
  await press(page, 'Set password');
  await field(page, 'New password').fill(fresh);
  await field(page, 'Repeat new password').fill(fresh);
  await press(page, 'Set password');
  await expect(heading(page, 'Sign in to Northwind Labs')).toBeVisible();
});

test('the list of sessions follows the stream, through a break', async ({ page }) => {
  const fake = await open(page, '/signins', { me: me([laptop]) });
  await expect(page.getByText('Only here.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Sign out everywhere else' })).toBeHidden();
  await tellSessions(page, [here, ...elsewhere]);
  await expect(rows(page)).toHaveCount(3);

  fake.mishaps['me/sessions'] = 'offline';
  await breakStream(page);
  await expect(page.getByText(/^as of \d\d:\d\d$/)).toBeVisible();
  await expect(rows(page)).toHaveCount(3);
  await tellSessions(page, [here]);
  await expect(page.getByText(/^as of/)).toBeHidden();
  await expect(rows(page)).toHaveCount(1);
});

test('a session is ended by its row, all others by one button', async ({ page }) => {
  await open(page, '/signins', { me: me([laptop]), sessions: [here, ...elsewhere] });
  await press(page, 'Sign out Safari on iPhone');
  await expect(rows(page)).toHaveCount(2);
  await expect(heading(page, "Where you're signed in")).toBeFocused();
  await press(page, 'Sign out everywhere else');
  await expect(rows(page)).toHaveText([/^Chrome on Linux\s*This one/]);
  await expect(page.getByText('Only here.')).toBeVisible();
  await press(page, 'Sign out Chrome on Linux');
  await expect(page.getByText("You're signed out.")).toBeVisible();
  await expect(page).toHaveURL(/\/signin$/);
});

test('a session that could not be ended stays in the list', async ({ page }) => {
  const fake = await open(page, '/signins', { me: me([laptop]), sessions: [here, ...elsewhere] });
  await expect(rows(page)).toHaveCount(3);
  fake.mishaps['me/sessions'] = 'offline';
  await press(page, 'Sign out everywhere else');
  await expect(page.getByRole('alert')).toContainText("Can't reach Northwind Labs.");
  await expect(rows(page)).toHaveCount(3);
});

test('both ways lead to the sessions, and back', async ({ page }) => {
  await open(page, '/', { me: me([laptop]) });
  await page.getByRole('main').getByRole('link', { name: "Where you're signed in" }).click();
  const current = page.getByRole('navigation').locator('[aria-current=page]');
  await expect(current).toHaveText("Where you're signed in");
  await page.getByRole('navigation').getByRole('link', { name: 'My computers' }).click();
  await expect(heading(page, 'My computers')).toBeFocused();
});

test('a wait is as long as the directory says', async ({ page }) => {
  await open(page, '/signin', { mishaps: { 'sign-in/start': 'tooManyFor' } });
  await expect(signIn(page, 'anna', password)).rejects.toThrow('Wait 60 seconds.');
});

test('a locked account names whom to call', async ({ page }) => {
  await open(page, '/signin', { mishaps: { 'sign-in/finish': 'locked' } });
  await expect(signIn(page, 'anna', password)).rejects.toThrow(/is locked.*Call Sam Ito.*LS-2013/s);
  const phone = page.getByRole('alert').getByRole('link', { name: '+44 20 7946 0123' });
  await expect(phone).toHaveAttribute('href', 'tel:+442079460123');
  await expect(field(page, 'Password')).toHaveValue('');
});

test('without mail, whoever forgot the password is told whom to ask', async ({ page }) => {
  await open(page, '/signin', {});
  await page.getByRole('link', { name: 'Forgot your password?' }).click();
  await expect(heading(page, 'Forgot your password?')).toBeFocused();
  await expect(page.getByText('Sam Ito can give you a link.')).toBeVisible();
  await expect(page.getByRole('textbox')).toHaveCount(0);
});
