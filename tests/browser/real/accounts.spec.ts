// Sessions, reset links, issued passwords and reports, by a real directory.

import { expect, test as base, type Page } from '@playwright/test';

import { activate, change, field, heading, press, signIn } from '../portal.mjs';
import { complaints, expectGoodLooks } from '../watch.ts';
import { Admin } from './admin.ts';
import { invitation, type Invitation } from './fixture.ts';

const first = 'seven grey herons at noon';
const second = 'nine pale foxes on ice';
const issued = 'cobalt-window-sparrow-41';

interface Parts {
  admin: Admin;
  /** A second browser, which shares nothing with the first. */
  there: Page;
}

const test = base.extend<Parts>({
  admin: async ({ baseURL }, use) => {
    const admin = await Admin.signIn(baseURL ?? '');
    await use(admin);
    await admin.leave();
  },
  there: async ({ browser, baseURL }, use) => {
    const options = { ignoreHTTPSErrors: true, ...(baseURL && { baseURL }) };
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const heard = complaints(page);
    await use(page);
    expect(heard).toEqual([]);
    await context.close();
  },
});

/** Activates somebody in the first browser and signs them in in the second one too. */
async function inBoth(here: Page, there: Page, person: Invitation): Promise<void> {
  await activate(here, person.link, first);
  await there.goto('/signin');
  await signIn(there, person.user_name, first);
  await expect(heading(there, 'My computers')).toBeVisible();
}

const rows = (page: Page) =>
  page.getByRole('list', { name: "Where you're signed in" }).getByRole('listitem');

test('a session is seen elsewhere as it comes, and ended from there at once', async ({
  page,
  there,
}) => {
  const heard = complaints(page);
  const person = invitation(2);
  await activate(page, person.link, first);
  await page.getByRole('navigation').getByRole('link', { name: "Where you're signed in" }).click();
  await expect(rows(page)).toHaveText([/^Chrome on Linux\s*This one.*Since today at \d\d:\d\d/]);
  await expect(page.getByText('Only here.')).toBeVisible();
  await expectGoodLooks(page);

  await test.step('it comes', async () => {
    await there.goto('/signin');
    await signIn(there, person.user_name, first);
    await expect(rows(page)).toHaveCount(2);
    await expect(rows(page).first()).toContainText('This one');
    await expectGoodLooks(page);
  });

  await test.step('its row ends it', async () => {
    await rows(page).nth(1).getByRole('button').click();
    await expect(there.getByText("You're signed out.")).toBeVisible();
    await expect(there.getByText("This wasn't me")).toBeHidden();
    await expect(page.getByText('Only here.')).toBeVisible();
  });

  await test.step('one button ends all others', async () => {
    await signIn(there, person.user_name, first);
    await press(page, 'Sign out everywhere else');
    await expect(there.getByText("You're signed out.")).toBeVisible();
    await expect(rows(page)).toHaveCount(1);
  });

  await test.step('a change does, and the page that shows it stays', async () => {
    await signIn(there, person.user_name, first);
    await there.goto('/signins');
    await expect(rows(there)).toHaveCount(2);
    await page.goto('/change');
    await change(page, first, second);
    await expect(there.getByText(/^You were signed out because your password /)).toBeVisible();
  });
  expect(heard).toEqual([]);
});

test('a reset link replaces a forgotten password, once', async ({ page, there, admin }) => {
  const heard = complaints(page);
  const person = invitation(3);
  await inBoth(page, there, person);
  await press(page, 'Sign out');
  const link = await admin.resetLink(person.user_name);
  // The link says itself what it is for.
  await page.goto(link.replace('/reset', '/activate'));
  await expect(heading(page, 'Choose a new password')).toBeVisible();
  await page.goto(link);
  await expect(heading(page, 'Choose a new password')).toBeVisible();
  await expect(page.getByText('Your computers will ask for the new password once.')).toBeVisible();
  expect(new URL(page.url()).hash).toBe('');
  await expectGoodLooks(page);
  await activate(page, link, second);
  await expect(
    page.getByText(/^Changed today at \d\d:\d\d with a reset link, from Chrome on Linux\.$/),
  ).toBeVisible();

  await expect(
    there.getByText(
      /^You were signed out because your password changed today at \d\d:\d\d with a reset link, from Chrome on Linux\.$/,
    ),
  ).toBeVisible();
  await expectGoodLooks(there);
  await expect(activate(there, link, first)).rejects.toThrow(/used or is too old/);
  await expect(heading(there, 'Choose a new password')).toBeVisible();
  await there.goto('/signin');
  await expect(signIn(there, person.user_name, first)).rejects.toThrow(/is wrong/);
  await signIn(there, person.user_name, second);
  expect(heard).toEqual([]);
});

test('an issued password is replaced by an own one before anything else', async ({
  page,
  there,
  admin,
}) => {
  const heard = complaints(page);
  const person = invitation(4);
  await inBoth(page, there, person);
  await admin.issue(person.user_name, issued);
  await expect(page.getByText(/^You were signed out because /)).toContainText(
    /by your IT team \(.+\)\.$/,
  );
  await expect(signIn(page, person.user_name, first)).rejects.toThrow(/is wrong/);
  await signIn(page, person.user_name, issued);
  await expect(heading(page, 'Choose your own password')).toBeVisible();
  await expectGoodLooks(page);
  for (const path of ['/', '/signins']) {
    await page.goto(path);
    await expect(heading(page, 'Choose your own password')).toBeVisible();
  }
  await change(page, issued, second);
  await press(page, 'My computers');
  await expect(heading(page, 'My computers')).toBeVisible();
  await page.reload();
  await expect(heading(page, 'My computers')).toBeVisible();
  await expect(page.getByText(/^Changed today at \d\d:\d\d in the portal/)).toBeVisible();

  await there.goto('/signin');
  await expect(signIn(there, person.user_name, issued)).rejects.toThrow(/is wrong/);
  await signIn(there, person.user_name, second);
  expect(heard).toEqual([]);
});

test('"This wasn\'t me" shuts everybody out until an admin has looked', async ({
  page,
  there,
  admin,
}) => {
  const heard = complaints(page);
  const person = invitation(5);
  await inBoth(page, there, person);
  // Somebody else, with the password and another browser, changes it.
  await change(there, first, second);

  await expect(page.getByText(/^You were signed out because your password /)).toBeVisible();
  // It is known to whoever comes back later, too.
  await page.goto('/');
  await page.getByRole('link', { name: "This wasn't me" }).click();
  await expect(heading(page, "You didn't change it?")).toBeFocused();
  await expectGoodLooks(page);
  await press(page, 'Lock and report');
  await expect(
    page.getByRole('heading', { name: /^Reported at \d\d:\d\d\. Call Sam Ito\.$/ }),
  ).toBeFocused();
  await expectGoodLooks(page);
  expect(await admin.status(person.user_name)).toBe('locked');

  await test.step('the other browser is out at once, and stays out', async () => {
    await expect(there.getByText("You're signed out.")).toBeVisible();
    const locked = /account is locked.*Call Sam Ito.*LS-2013/s;
    await expect(signIn(there, person.user_name, second)).rejects.toThrow(locked);
    await expectGoodLooks(there);
    // Who doesn't know the password is told nothing of it.
    await expect(signIn(there, person.user_name, first)).rejects.toThrow(
      'User name or password is wrong.',
    );
  });

  await test.step('a reset link ends it', async () => {
    const link = await admin.resetLink(person.user_name);
    await activate(page, link, 'eleven quiet owls abroad');
    expect(await admin.status(person.user_name)).toBe('active');
    await expect(field(page, 'Password')).toHaveCount(0);
  });
  expect(heard).toEqual([]);
});
