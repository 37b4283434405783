// Every sentence of the portal, in one place. Sentence case, no blame; people read these.

import type { Provenance } from './api/types';
import type { RuleId } from './password/rules';

export interface Fault {
  sentence: string;
  nextStep: string;
}

/** What the portal itself has to say when something fails; the rest comes from the directory. */
export const faults = {
  unreachable: (org: string): Fault => ({
    sentence: `Can't reach ${org}. Nothing was changed.`,
    nextStep: "Check that you're online, then try again.",
  }),
  unusable: (org: string): Fault => ({
    sentence: `${org} answered in a way Lockstep doesn't understand. Nothing was changed.`,
    nextStep: 'Try again in a minute.',
  }),
  signInRefused: (): Fault => ({
    sentence: 'User name or password is wrong.',
    nextStep: 'Type them again.',
  }),
  notTheCurrentPassword: (): Fault => ({
    sentence: "That isn't your current password. Nothing was changed.",
    nextStep: 'Type your current password again.',
  }),
  unsettled: (org: string): Fault => ({
    sentence: `Can't reach ${org}. Your new password may have been set.`,
    nextStep: "When you're online, sign in with it. If it doesn't work, the old one still does.",
  }),
  unsettledByLink: (org: string): Fault => ({
    sentence: `Can't reach ${org}. Your new password may have been set.`,
    nextStep: "When you're online, sign in with it. If it doesn't work, open your link again.",
  }),
  reportLost: (org: string): Fault => ({
    sentence: `Can't reach ${org}. Your report may not have arrived.`,
    nextStep: "Check that you're online, then try again.",
  }),
  reportTooLate: (it: string): Fault => ({
    sentence: "It's too late to report it from here.",
    nextStep: `Call ${it}.`,
  }),
  /** When to try again. */
  wait: (seconds: number): string => {
    if (seconds === 1) return 'Wait 1 second.';
    return seconds <= 120 ? `Wait ${seconds} seconds.` : `Wait ${Math.ceil(seconds / 60)} minutes.`;
  },
};

export const fieldFaults = {
  userName: 'Type your user name.',
  password: 'Type your password.',
  currentPassword: 'Type your current password.',
  newPassword: 'Type a new password.',
  repeat: 'The two new passwords differ.',
};

export const words = {
  logo: (org: string) => `${org} logo`,
  help: (it: string) => `Help: ${it}`,
  checking: 'Checking…',
  loading: 'Loading…',
  tryAgain: 'Try again',
  signOut: 'Sign out',
  signIn: 'Sign in',
  signInTo: (org: string) => `Sign in to ${org}`,
  signedOut: "You're signed out.",
  forgot: 'Forgot your password?',
  canGiveLink: (it: string) => `${it} can give you a link.`,
  pages: 'Pages',
  userName: 'User name',
  yourUserName: (name: string) => `Your user name is ${name}.`,
  password: 'Password',
  newPassword: 'New password',
  repeatNewPassword: 'Repeat new password',
  currentPassword: 'Current password',
  show: 'Show',
  hide: 'Hide',
  reveal: (shown: boolean, label: string) =>
    `${shown ? 'Hide' : 'Show'} ${label.charAt(0).toLowerCase()}${label.slice(1)}`,
  capsLock: 'Caps Lock is on',
  rules: 'Rules for the new password',
  met: 'met',
  notMet: 'not met yet',
  rulesMet: (met: number, all: number) => `${met} of ${all} rules met`,
  setPassword: 'Set password',
  changePassword: 'Change password',
  cancel: 'Cancel',
  welcome: (name: string) => `Welcome, ${name}`,
  choose: (org: string) => `Choose your ${org} password. It will open your computer too.`,
  deadInvitation: 'Welcome',
  chooseNew: 'Choose a new password',
  asksForNew: 'Your computers will ask for the new password once.',
  mayAskForOld: "They may ask for the old one too. Leave it blank if you don't remember it.",
  chooseOwn: 'Choose your own password',
  oneUse: 'The one you signed in with is for one use. Your own will open your computers too.',
  dead: (it: string) => `This link was used or is too old. Ask ${it} for a new one.`,
  myComputers: 'My computers',
  noComputers: 'No computers yet.',
  addComputer: 'Add a computer',
  asOf: (time: string) => `as of ${time}`,
  details: 'Details',
  fromAddress: (address: string) => `From address ${address}`,
  passwordChanged: "Password changed. You're signed out everywhere else.",
  notFound: "There's no such page",
  notFoundHint: 'The address may have been mistyped.',
};

export const enrolment = {
  run: 'On a Mac, or on a computer with Debian, Ubuntu or Fedora, paste this into a terminal:',
  command: 'Enrolment command',
  link: (userName: string) =>
    ['Then link your account there:', `lockstep link ${userName}`] as const,
  copy: 'Copy',
  copied: 'Copied',
  once: 'Works once, for 1 hour.',
  waiting: 'Waiting…',
  here: (name: string) => `${name} is here.`,
  close: 'Close',
  done: 'Done',
};

/** Where the person is signed in. */
export const places = {
  title: "Where you're signed in",
  since: (time: string) => `Since ${time}`,
  thisOne: 'This one',
  onlyHere: 'Only here.',
  end: (client: string) => `${words.signOut} ${client}`,
  endOthers: 'Sign out everywhere else',
};

/** The second factor. */
export const factor = {
  title: 'Authenticator app',
  what: (it: string) =>
    `Your computers ask for a code from this app after ${it} gave you a new password; without it they ask for your old one.`,
  notAsked: "Your organisation's computers don't ask for it.",
  since: (time: string) => `Set up since ${time}`,
  scan: 'Scan this with your app, or type the text below it into the app. Both are shown only once.',
  picture: 'QR code for your authenticator app; the text below says the same',
  code: 'Code from the app',
  sixDigits: 'Type the six digits that the app shows.',
  again: 'Type your password once more.',
  notYourPassword: "That isn't your password.",
  act: { none: 'Set up', again: 'Go on', begun: 'Confirm', enrolled: 'Remove' },
  back: 'Back',
  lost: (it: string) => `Lost the app? ${it} can reset it.`,
  recovered: (computer: string, time: string) =>
    `Your former password was recovered on ${computer} ${time}, after you were given another.`,
  notYou: (it: string) => `If that wasn't you, call ${it}.`,
};

/** "This wasn't me". */
export const disowned = {
  link: "This wasn't me",
  title: "You didn't change it?",
  consequence: (org: string, it: string) =>
    `Someone else may have. We lock your ${org} account, sign it out everywhere and tell ${it}.`,
  act: 'Lock and report',
  back: 'Back',
  reported: (time: string, it: string) => `Reported at ${time}. Call ${it}.`,
  notLocked: (org: string) => `Your ${org} account isn't locked.`,
};

export const strength = {
  words: ['Weak', 'Fair', 'Good', 'Strong'] as const,
  name: (word: string) => `Strength: ${word.toLowerCase()}`,
  tips: {
    dates: 'Years and dates are easy to guess.',
    rows: 'Series and rows of keys are easy to guess.',
    repeats: 'Repeating adds little.',
    words: "Add words that don't belong together.",
  },
};

export function rule(id: RuleId, minimum: number, length: number): string {
  const texts: Record<RuleId, string> = {
    length: `At least ${minimum} characters (${length} so far)`,
    common: 'Not a common or leaked password',
    name: 'Not your name',
    current: 'Not your current one',
    same: 'Same in both fields',
    characters: 'No control characters or unusual spaces',
    long: 'At most 255 bytes',
  };
  return texts[id];
}

/** What a broken rule reads under its field. */
export function brokenRule(id: RuleId, minimum: number, length: number): string {
  const texts: Partial<Record<RuleId, string>> = {
    common: 'That password is a common or leaked one.',
    name: 'That password contains your name.',
    current: 'That is your current password.',
    characters: "That password has characters that can't be typed everywhere.",
    long: 'That password is too long.',
  };
  return texts[id] ?? rule(id, minimum, length);
}

export const stores = {
  account: 'Your account',
  keychain: { mac: 'Keychain', other: 'Keyring' },
  disk: { mac: 'Disk (FileVault)', other: 'Disk' },
};

export const states = {
  inSync: 'In sync',
  inSyncTested: (time: string) => `In sync, tested ${time}`,
  waiting: 'Waiting',
  changing: 'Changing…',
  testing: 'Testing…',
  needsYouSince: (time: string) => `Needs you since ${time}`,
  problem: (code: string) => `Problem ${code}`.trim(),
  offlineSince: (time: string) => `Offline since ${time}`,
  notTested: 'Not tested yet',
  asksNow: 'Asks you now',
  asksWhenOnline: "Asks when it's online",
  online: 'Online',
  noContact: 'Not online yet',
};

/** How many computers wait for the person, or that none does. */
export function summary(waiting: number, inSync: number, all: number): string {
  if (waiting > 0) {
    const [computers, need] = [
      all === 1 ? 'computer' : 'computers',
      waiting === 1 ? 'needs' : 'need',
    ];
    return `${waiting} of ${all} ${computers} ${need} you: type your new password there.`;
  }
  if (inSync < all) return '';
  return all === 1 ? 'Your computer is in sync.' : `All ${all} computers are in sync.`;
}

/** The story of the last change, as in the app. */
export function lastChange(changed: Provenance, when: string, onMac: boolean): string {
  const verb = changed.channel === 'invitation' ? 'Set' : 'Changed';
  return `${verb} ${when} ${how(changed, onMac)}.`;
}

/** Why a session ended, to whoever had it. */
export function signedOutBy(changed: Provenance, when: string): string {
  return `You were signed out because your password changed ${when} ${how(changed, false)}.`;
}

function how({ channel, client }: Provenance, onMac: boolean): string {
  const texts: Record<Provenance['channel'], string> = {
    invitation: `with your invitation, from ${client}`,
    portal: `in the portal, from ${client}`,
    computer: `on your ${onMac ? 'Mac' : 'computer'} ${client}`,
    reset_link: `with a reset link, from ${client}`,
    admin: `by your IT team (${client})`,
  };
  return texts[channel];
}
