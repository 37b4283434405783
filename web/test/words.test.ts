import { expect, test } from 'vitest';

import type { Provenance } from '../src/lib/api/types';
import { faults, lastChange, signedOutBy } from '../src/lib/words';

const when = 'today at 14:32';

const changed = (channel: Provenance['channel'], client = 'Firefox on Linux'): Provenance => ({
  at: 0,
  channel,
  client,
  address: '192.0.2.7',
});

test.each([
  [changed('invitation'), 'Set today at 14:32 with your invitation, from Firefox on Linux.'],
  [changed('portal'), 'Changed today at 14:32 in the portal, from Firefox on Linux.'],
  [changed('computer', 'anna-laptop'), 'Changed today at 14:32 on your computer anna-laptop.'],
  [changed('reset_link'), 'Changed today at 14:32 with a reset link, from Firefox on Linux.'],
  [changed('admin', 'Sam Ito'), 'Changed today at 14:32 by your IT team (Sam Ito).'],
])('the last change tells its story: %j', (provenance, story) => {
  expect(lastChange(provenance, when, false)).toBe(story);
});

test('a Mac is called one', () => {
  expect(lastChange(changed('computer', "Anna's MacBook"), when, true)).toBe(
    "Changed today at 14:32 on your Mac Anna's MacBook.",
  );
});

test('whoever was signed out by a change is told of it', () => {
  expect(signedOutBy(changed('admin', 'Sam Ito'), when)).toBe(
    'You were signed out because your password changed today at 14:32 by your IT team (Sam Ito).',
  );
  expect(signedOutBy(changed('portal'), 'Mon 3 Nov, 14:32')).toBe(
    'You were signed out because your password changed Mon 3 Nov, 14:32 in the portal, ' +
      'from Firefox on Linux.',
  );
});

test('a wait is said in seconds, and in minutes once it is long', () => {
  expect(faults.wait(1)).toBe('Wait 1 second.');
  expect(faults.wait(60)).toBe('Wait 60 seconds.');
  expect(faults.wait(120)).toBe('Wait 120 seconds.');
  expect(faults.wait(121)).toBe('Wait 3 minutes.');
});
