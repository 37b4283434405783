// The portal as a person uses it: by labels, roles and words, never by its inner structure.

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {import('playwright-core').Locator} Locator */
/** @typedef {{ name: string, state: string }} Row */
/** @typedef {{ name: string, standing: string, stores: Row[] }} Computer */

/** A page that says no, in its own words. */
export class Refused extends Error {}

/** @param {Page} page @param {string} label */
export const field = (page, label) => page.getByLabel(label, { exact: true });

/** @param {Page} page @param {string} name */
export const press = (page, name) => page.getByRole('button', { name, exact: true }).click();

/** @param {Page} page @param {string} name */
export const heading = (page, name) => page.getByRole('heading', { name, exact: true });

/**
 * Waits for what a step should lead to; a fault on the page ends the wait.
 *
 * @param {Page} page @param {Locator} hoped @param {Locator} [refusal]
 */
async function expectOutcome(page, hoped, refusal = page.getByRole('alert')) {
  await hoped.or(refusal).first().waitFor();
  if (await hoped.isVisible()) return;
  throw new Refused((await refusal.first().innerText()).trim());
}

/**
 * Opens an invitation's or a reset link and chooses a password; ends on "My computers".
 *
 * @param {Page} page @param {string} link @param {string} password
 */
export async function activate(page, link, password) {
  await page.goto(link);
  const dead = page.getByText('This link was used or is too old.').or(page.getByRole('alert'));
  await expectOutcome(page, field(page, 'New password'), dead);
  await field(page, 'New password').fill(password);
  await field(page, 'Repeat new password').fill(password);
  await press(page, 'Set password');
  await expectOutcome(page, heading(page, 'My computers'));
}

/**
 * Signs in from the page that is open; ends on "My computers", or on the page that asked for it.
 *
 * @param {Page} page @param {string} userName @param {string} password
 */
export async function signIn(page, userName, password) {
  await field(page, 'User name').fill(userName);
  await field(page, 'Password').fill(password);
  await press(page, 'Sign in');
  await expectOutcome(page, page.getByRole('button', { name: 'Sign out' }));
}

/**
 * Changes the password of whoever is signed in, from their computers or the form; ends on the list of what each computer does now.
 *
 * @param {Page} page @param {string} current @param {string} next
 */
export async function change(page, current, next) {
  const button = page.getByRole('button', { name: 'Change password', exact: true });
  await button.waitFor();
  if (!(await field(page, 'Current password').isVisible())) await button.click();
  await field(page, 'Current password').fill(current);
  await field(page, 'New password').fill(next);
  await field(page, 'Repeat new password').fill(next);
  await press(page, 'Change password');
  const done = heading(page, "Password changed. You're signed out everywhere else.");
  await expectOutcome(page, done);
}

/**
 * What each computer does after a change, as the page says it.
 *
 * @param {Page} page @returns {Promise<Row[]>}
 */
export async function standings(page) {
  const rows = await page.getByRole('list', { name: 'My computers' }).getByRole('listitem').all();
  return Promise.all(rows.map(row));
}

/**
 * The computers of "My computers", as the page shows them.
 *
 * @param {Page} page @returns {Promise<Computer[]>}
 */
export async function computers(page) {
  await heading(page, 'My computers').waitFor();
  const cards = await page.getByRole('article').all();
  return Promise.all(
    cards.map(async (card) => {
      const name = await card.getByRole('heading').innerText();
      const head = await card.locator('header').innerText();
      const stores = await card.getByRole('listitem').all();
      return {
        name,
        standing: head.slice(name.length).trim(),
        stores: await Promise.all(stores.map(row)),
      };
    }),
  );
}

/** @param {Locator} item @returns {Promise<Row>} */
async function row(item) {
  const text = (await item.innerText()).replace(/\s+/g, ' ');
  const [name = '', ...state] = text.split(':');
  return { name: name.trim(), state: state.join(':').trim() };
}
