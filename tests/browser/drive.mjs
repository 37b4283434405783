// Uses the portal for a script: one thing per call, asked for by a JSON object on standard input,
// so that no password is ever in an argument or the environment. Answers in JSON lines.
//
//   activate   { "url": <link>, "password" }        an invitation or a reset link
//   change     { "url", "user_name", "current", "next" }
//   computers  { "url", "user_name", "password" }

import { text } from 'node:stream/consumers';

import { chromium } from 'playwright-core';

import { launch, place } from './launch.mjs';
import { activate, change, computers, signIn, standings } from './portal.mjs';

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {(key: string) => string} Said */

/** @type {Record<string, (page: Page, said: Said) => Promise<unknown>>} */
const commands = {
  async activate(page, said) {
    await activate(page, said('url'), said('password'));
    return { done: 'activated' };
  },
  async change(page, said) {
    await open(page, said);
    await signIn(page, said('user_name'), said('current'));
    await change(page, said('current'), said('next'));
    return { done: 'changed', computers: await standings(page) };
  },
  async computers(page, said) {
    await open(page, said);
    await signIn(page, said('user_name'), said('password'));
    return { done: 'computers', computers: await computers(page) };
  },
};

/** @param {Page} page @param {Said} said */
const open = (page, said) => page.goto(new URL('/signin', said('url')).href);

/** @param {string} name */
async function run(name) {
  const command = commands[name];
  if (!command) throw new Error(`one of: ${Object.keys(commands).join(', ')}`);
  const input = JSON.parse(await text(process.stdin));
  /** @type {Said} */
  const said = (key) => {
    if (typeof input[key] !== 'string') throw new Error(`"${key}" is missing`);
    return input[key];
  };
  const browser = await chromium.launch(launch);
  try {
    // The directory of a demo or a test vouches for itself.
    const page = await browser.newPage({ ...place, ignoreHTTPSErrors: true });
    console.log(JSON.stringify(await command(page, said)));
  } finally {
    await browser.close();
  }
}

run(process.argv[2] ?? '').catch((/** @type {unknown} */ error) => {
  // Only the first line: what the browser's driver adds could quote what was typed.
  console.error(String(error instanceof Error ? error.message : error).split('\n')[0]);
  process.exitCode = 1;
});
