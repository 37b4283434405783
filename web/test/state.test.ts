import { expect, test } from 'vitest';

import type { Computer, StoreRow } from '../src/lib/api/types';
import { contactSign, standingSign, storeName, storeSign } from '../src/lib/state';
import { summary } from '../src/lib/words';

const now = new Date(2025, 10, 5, 15, 0).getTime();
const at = (day: number, hour: number, minute: number) =>
  new Date(2025, 10, day, hour, minute).getTime();

const computer = (with_: Partial<Computer>): Computer => ({
  device: '7a5c',
  name: "Anna's computer",
  system: 'Debian 12',
  account: 'anna',
  standing: 'in_sync',
  stores: [],
  last_contact: null,
  online: true,
  ...with_,
});

test.each<[StoreRow, string, string]>([
  [
    { kind: 'disk', state: 'in_sync', generation: 2, tested_at: at(5, 14, 33) },
    'tick',
    'In sync, tested 14:33',
  ],
  [{ kind: 'disk', state: 'waiting' }, 'hollow', 'Waiting'],
  [{ kind: 'disk', state: 'changing' }, 'half', 'Changing…'],
  [{ kind: 'disk', state: 'testing' }, 'half', 'Testing…'],
  [
    { kind: 'disk', state: 'needs_you', since: at(4, 8, 0) },
    'diamond',
    'Needs you since yesterday',
  ],
  [{ kind: 'disk', state: 'problem', code: 'LS-4006' }, 'triangle', 'Problem LS-4006'],
  [{ kind: 'disk', state: 'not_tested' }, 'dash', 'Not tested yet'],
])('a store: %j', (row, shape, word) => {
  expect(storeSign(row, now)).toMatchObject({ shape, word });
});

test.each([
  ['in_sync', 'tick', 'In sync'],
  ['asks_now', 'diamond', 'Asks you now'],
  ['asks_when_online', 'hollow', "Asks when it's online"],
  ['working', 'half', 'Changing…'],
  ['problem', 'triangle', 'Problem LS-4008'],
] as const)('a computer: %s', (standing, shape, word) => {
  const stores: StoreRow[] = [
    { kind: 'disk', state: 'waiting' },
    { kind: 'account', state: 'problem', code: 'LS-4008' },
  ];
  expect(standingSign(computer({ standing, stores }))).toMatchObject({ shape, word });
});

test('a computer tells when it was last heard from', () => {
  expect(contactSign(computer({}), now).word).toBe('Online');
  const away = computer({ online: false, last_contact: at(3, 9, 0) });
  expect(contactSign(away, now)).toMatchObject({ shape: 'slashed', word: 'Offline since 3 Nov' });
  expect(contactSign(computer({ online: false }), now).word).toBe('Not online yet');
});

test('stores are called as on their system', () => {
  expect(storeName('keychain', true)).toBe('Keychain');
  expect(storeName('keychain', false)).toBe('Keyring');
  expect(storeName('disk', true)).toBe('Disk (FileVault)');
  expect(storeName('account', false)).toBe('Your account');
});

test('the summary counts who waits', () => {
  expect(summary(1, 2, 3)).toBe('1 of 3 computers needs you: type your new password there.');
  expect(summary(2, 1, 3)).toBe('2 of 3 computers need you: type your new password there.');
  expect(summary(0, 3, 3)).toBe('All 3 computers are in sync.');
  expect(summary(0, 2, 3)).toBe('');
});
