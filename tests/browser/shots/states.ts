// Every page and state of the portal that has a picture, and how to get there.

import { expect, type Page } from '@playwright/test';

import {
  app,
  changes,
  desk,
  elsewhere,
  here,
  lab,
  laptop,
  mac,
  me,
  recovered,
  spare,
  type Computer,
} from '../fake/data.ts';
import { password, token, type Fake } from '../fake/directory.ts';
import { breakStream, tell } from '../fake/stream.ts';

export interface State {
  name: string;
  path: string;
  fake?: Partial<Fake>;
  /** What the person does first. */
  act?: (page: Page, fake: Fake) => Promise<void>;
  /** What must be there when the picture is taken. */
  shows: string;
}

const field = (page: Page, label: string) => page.getByLabel(label, { exact: true });
const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();

const several = [laptop, mac, desk];
const moved: Computer = { ...laptop, standing: 'asks_now' };
const signedIn = (...computers: Computer[]) => ({ me: me(computers) });
const fresh = 'nine pale foxes on ice';

async function typeSignIn(page: Page, secret: string): Promise<void> {
  await field(page, 'User name').fill('anna');
  await field(page, 'Password').fill(secret);
  await press(page, 'Sign in');
}

async function typeChange(page: Page, current: string, next: string, repeat = next) {
  await field(page, 'Current password').fill(current);
  await field(page, 'New password').fill(next);
  await field(page, 'Repeat new password').fill(repeat);
}

const activation: State[] = [
  { name: 'activate', path: `/activate#${token}`, shows: 'Welcome, Anna' },
  {
    name: 'activate-typing',
    path: `/activate#${token}`,
    act: (page) => field(page, 'New password').fill('anna has'),
    shows: 'At least 15 characters (8 so far)',
  },
  {
    name: 'activate-faults',
    path: `/activate#${token}`,
    act: (page) => press(page, 'Set password'),
    shows: 'Type a new password.',
  },
  {
    name: 'activate-dead',
    path: `/activate#${token}`,
    fake: { mishaps: { 'activation/open': 'spent' } },
    shows: 'This link was used or is too old. Ask Sam Ito for a new one.',
  },
];

const recovery: State[] = [
  { name: 'forgot', path: '/forgot', shows: 'Sam Ito can give you a link.' },
  {
    name: 'reset',
    path: `/reset#${token}`,
    fake: { link: 'reset' },
    shows: 'Your computers will ask for the new password once.',
  },
  {
    name: 'reset-dead',
    path: `/reset#${token}`,
    fake: { mishaps: { 'activation/open': 'spent' } },
    shows: 'This link was used or is too old. Ask Sam Ito for a new one.',
  },
  {
    name: 'reset-suspended',
    path: `/reset#${token}`,
    fake: { link: 'reset', mishaps: { 'activation/finish': 'suspended' } },
    act: async (page) => {
      await field(page, 'New password').fill(fresh);
      await field(page, 'Repeat new password').fill(fresh);
      await press(page, 'Set password');
    },
    shows: 'Your Northwind Labs account is suspended. Nothing was changed.',
  },
];

const disowned: State[] = [
  {
    name: 'not-me',
    path: '/not-me',
    fake: { endedBy: changes.portal },
    shows: "You didn't change it?",
  },
  {
    name: 'not-me-reported',
    path: '/not-me',
    fake: { endedBy: changes.portal },
    act: (page) => press(page, 'Lock and report'),
    shows: 'Reported at 14:40. Call Sam Ito.',
  },
  {
    name: 'not-me-notice',
    path: '/not-me',
    fake: { endedBy: changes.portal, locks: false },
    act: (page) => press(page, 'Lock and report'),
    shows: "Your Northwind Labs account isn't locked.",
  },
  {
    name: 'not-me-unreachable',
    path: '/not-me',
    fake: { endedBy: changes.portal, mishaps: { 'session/not-me': 'offline' } },
    act: (page) => press(page, 'Lock and report'),
    shows: "Can't reach Northwind Labs. Your report may not have arrived.",
  },
];

const signIn: State[] = [
  { name: 'signin', path: '/signin', shows: 'Sign in to Northwind Labs' },
  { name: 'signin-ended', path: '/', shows: "You're signed out." },
  {
    name: 'signin-ended-by-change',
    path: '/signin',
    fake: { endedBy: changes.portal },
    shows:
      'You were signed out because your password changed today at 14:32 in the portal, from Firefox on Linux.',
  },
  {
    name: 'signin-ended-by-admin',
    path: '/',
    fake: { endedBy: changes.admin },
    shows: "This wasn't me",
  },
  {
    name: 'signin-locked',
    path: '/signin',
    fake: { mishaps: { 'sign-in/finish': 'locked' } },
    act: (page) => typeSignIn(page, password),
    shows: 'Your Northwind Labs account is locked. Nothing was changed.',
  },
  {
    name: 'signin-suspended',
    path: '/signin',
    fake: { mishaps: { 'sign-in/finish': 'suspended' } },
    act: (page) => typeSignIn(page, password),
    shows: 'Your Northwind Labs account is suspended. Nothing was changed.',
  },
  {
    name: 'signin-wait',
    path: '/signin',
    fake: { mishaps: { 'sign-in/start': 'tooManyFor' } },
    act: (page) => typeSignIn(page, password),
    shows: 'Wait 60 seconds.',
  },
  {
    name: 'signin-faults',
    path: '/signin',
    act: (page) => press(page, 'Sign in'),
    shows: 'Type your user name.',
  },
  {
    name: 'signin-refused',
    path: '/signin',
    act: (page) => typeSignIn(page, 'not the password'),
    shows: 'User name or password is wrong.',
  },
  {
    name: 'signin-too-many',
    path: '/signin',
    fake: { mishaps: { 'sign-in/start': 'tooMany' } },
    act: (page) => typeSignIn(page, password),
    shows: 'Too many tries. Nothing was changed.',
  },
  {
    name: 'signin-busy',
    path: '/signin',
    fake: { mishaps: { 'sign-in/start': 'silence' } },
    act: (page) => typeSignIn(page, password),
    shows: 'Checking…',
  },
  {
    name: 'signin-unreachable',
    path: '/signin',
    fake: { mishaps: { 'sign-in/start': 'offline' } },
    act: (page) => typeSignIn(page, password),
    shows: "Can't reach Northwind Labs. Nothing was changed.",
  },
];

const computers: State[] = [
  {
    name: 'computers',
    path: '/',
    fake: signedIn(laptop, mac, desk, lab, spare),
    shows: '2 of 5 computers need you: type your new password there.',
  },
  {
    name: 'computers-in-sync',
    path: '/',
    fake: signedIn(laptop),
    act: (page) => page.getByText('Details').click(),
    shows: 'From address 192.0.2.17',
  },
  {
    name: 'computers-by-admin',
    path: '/',
    fake: { me: { ...me([moved]), changed: changes.admin } },
    shows: 'Changed today at 14:32 by your IT team (Sam Ito).',
  },
  { name: 'computers-empty', path: '/', fake: signedIn(), shows: 'No computers yet.' },
  {
    name: 'computers-stale',
    path: '/',
    fake: signedIn(...several),
    act: async (page, fake) => {
      await expect(page.getByText('anna-laptop')).toBeVisible();
      fake.mishaps['me'] = 'offline';
      await breakStream(page);
    },
    shows: 'as of 14:40',
  },
  {
    name: 'computers-loading',
    path: '/',
    fake: { mishaps: { me: 'silence' } },
    shows: 'Loading…',
  },
  {
    name: 'computers-unreachable',
    path: '/',
    fake: { mishaps: { me: 'offline' } },
    shows: 'Try again',
  },
  {
    name: 'add-computer',
    path: '/',
    fake: signedIn(laptop),
    act: (page) => press(page, 'Add a computer'),
    shows: 'Works once, for 1 hour.',
  },
  {
    name: 'add-computer-here',
    path: '/',
    fake: signedIn(laptop),
    act: async (page) => {
      await press(page, 'Add a computer');
      await expect(page.getByText('Waiting…')).toBeVisible();
      await tell(page, me([laptop, mac]));
    },
    shows: "Anna's Mac is here.",
  },
];

const everywhere = [here, ...elsewhere];

const places: State[] = [
  {
    name: 'signins',
    path: '/signins',
    fake: { ...signedIn(laptop), sessions: everywhere },
    shows: 'Sign out everywhere else',
  },
  { name: 'signins-only-here', path: '/signins', fake: signedIn(laptop), shows: 'Only here.' },
  {
    name: 'signins-stale',
    path: '/signins',
    fake: { ...signedIn(laptop), sessions: everywhere },
    act: async (page, fake) => {
      await expect(page.getByText('Safari on iPhone')).toBeVisible();
      fake.mishaps['me/sessions'] = 'offline';
      await breakStream(page);
      await press(page, 'Sign out everywhere else');
    },
    shows: 'as of 14:40',
  },
  {
    name: 'signins-loading',
    path: '/signins',
    fake: { ...signedIn(laptop), mishaps: { 'me/sessions': 'silence' } },
    shows: 'Loading…',
  },
  {
    name: 'signins-unreachable',
    path: '/signins',
    fake: { ...signedIn(laptop), mishaps: { 'me/sessions': 'offline' } },
    shows: 'Try again',
  },
];

const withApp = { ...me([laptop]), factors: [app] };
const setUp = (page: Page) => press(page, 'Set up');

const factor: State[] = [
  { name: 'factor', path: '/factor', fake: signedIn(laptop), shows: 'Set up' },
  {
    name: 'factor-not-asked',
    path: '/factor',
    fake: { me: { ...me([laptop]), asks_for_factor: false } },
    shows: "Your organisation's computers don't ask for it.",
  },
  {
    name: 'factor-again',
    path: '/factor',
    fake: { ...signedIn(laptop), mishaps: { 'me/factors': 'signInAgain' } },
    act: setUp,
    shows: 'Type your password once more.',
  },
  {
    name: 'factor-begun',
    path: '/factor',
    fake: signedIn(laptop),
    act: setUp,
    shows: 'GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ',
  },
  {
    name: 'factor-faults',
    path: '/factor',
    fake: signedIn(laptop),
    act: async (page) => {
      await setUp(page);
      await field(page, 'Code from the app').fill('12 345');
      await press(page, 'Confirm');
    },
    shows: 'Type the six digits that the app shows.',
  },
  {
    name: 'factor-refused',
    path: '/factor',
    fake: {
      ...signedIn(laptop),
      mishaps: { [`me/factors/${app.factor}/confirm`]: 'factorRefused' },
    },
    act: async (page) => {
      await setUp(page);
      await field(page, 'Code from the app').fill('123 456');
      await press(page, 'Confirm');
    },
    shows: "That code isn't right, or was used before. Nothing was changed.",
  },
  {
    name: 'factor-enrolled',
    path: '/factor',
    fake: { me: withApp },
    shows: 'Lost the app? Sam Ito can reset it.',
  },
  {
    name: 'computers-recovered',
    path: '/',
    fake: { me: { ...withApp, changed: changes.admin, recovered } },
    shows:
      'Your former password was recovered on anna-laptop today at 14:36, after you were given another.',
  },
];

const temporary = { ...me([laptop]), changed: changes.admin, temporary: true };

const change: State[] = [
  {
    name: 'change-temporary',
    path: '/',
    fake: { me: temporary },
    shows: 'Choose your own password',
  },
  { name: 'change', path: '/change', fake: signedIn(laptop), shows: 'Not your current one' },
  {
    name: 'change-typing',
    path: '/change',
    fake: signedIn(laptop),
    act: (page) => typeChange(page, password, fresh, 'nine pale'),
    shows: 'Strong',
  },
  {
    name: 'change-shown',
    path: '/change',
    fake: signedIn(laptop),
    act: async (page) => {
      await typeChange(page, password, 'password1234 password', '');
      await press(page, 'Show new password');
    },
    shows: 'password1234 password',
  },
  {
    name: 'change-faults',
    path: '/change',
    fake: signedIn(laptop),
    act: async (page) => {
      await typeChange(page, '', 'horses for anna', 'horses');
      await press(page, 'Change password');
    },
    shows: 'Type your current password.',
  },
  {
    name: 'change-characters',
    path: '/change',
    fake: signedIn(laptop),
    act: (page) => typeChange(page, password, 'nine pale\u00a0foxes on ice'),
    shows: 'No control characters or unusual spaces',
  },
  {
    name: 'change-wrong-current',
    path: '/change',
    fake: signedIn(laptop),
    act: async (page) => {
      await typeChange(page, 'not my password', fresh);
      await press(page, 'Change password');
    },
    shows: "That isn't your current password. Nothing was changed.",
  },
  {
    name: 'changed',
    path: '/change',
    fake: { ...signedIn(laptop), afterChange: me([moved, desk]) },
    act: async (page) => {
      await typeChange(page, password, fresh);
      await press(page, 'Change password');
      await expect(page.getByRole('heading')).toBeVisible();
      await tell(page, me([moved, desk, { ...lab, standing: 'in_sync' }]));
    },
    shows: "Password changed. You're signed out everywhere else.",
  },
];

const other: State[] = [
  { name: 'not-found', path: '/nowhere', shows: "There's no such page" },
  {
    name: 'unreachable',
    path: '/signin',
    fake: { mishaps: { organisation: 'offline' } },
    shows: 'Try again',
  },
];

export const states: State[] = [
  ...activation,
  ...recovery,
  ...signIn,
  ...disowned,
  ...computers,
  ...places,
  ...factor,
  ...change,
  ...other,
];
