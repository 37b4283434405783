// Made-up people and computers for the pictures.

import type { components } from '../../../web/src/lib/api/schema.d.ts';

type Schemas = components['schemas'];
export type Me = Schemas['Me'];
export type Computer = Schemas['Computer'];
export type Provenance = Schemas['Provenance'];
export type SessionRow = Schemas['SessionRow'];

/** The moment at which every picture is taken. */
export const NOW = Date.parse('2025-11-05T14:40:00+01:00');

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
export const ago = { minutes: (n: number) => NOW - n * MINUTE, days: (n: number) => NOW - n * DAY };

export const organisation: Schemas['Organisation'] = {
  name: 'Northwind Labs',
  it_contact: {
    name: 'Sam Ito',
    email: 'sam.ito@northwind.example',
    phone: '+44 20 7946 0123',
  },
  policy: { min_length: 15 },
};

/** A blue square, as a PNG in base64. */
export const logo =
  'iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAFklEQVR42mPgDj9JEmIY1TCqYfhqAAA31ysQu/O89wAAAABJRU5ErkJggg==';

const stamp = (generation: number) => ({
  epoch: '0b6c9e44-5d5e-4c63-9a59-6a7f4f6f0e11',
  generation,
});

const ids = {
  laptop: '30c9c3b1-4a53-4f0c-8a0f-1d7f5f3a0001',
  mac: '30c9c3b1-4a53-4f0c-8a0f-1d7f5f3a0002',
  desk: '30c9c3b1-4a53-4f0c-8a0f-1d7f5f3a0003',
  lab: '30c9c3b1-4a53-4f0c-8a0f-1d7f5f3a0004',
  spare: '30c9c3b1-4a53-4f0c-8a0f-1d7f5f3a0005',
};

const tested = (minutes: number, generation = 3) =>
  ({ state: 'in_sync', generation, tested_at: ago.minutes(minutes) }) as const;

export const laptop: Computer = {
  device: ids.laptop,
  name: 'anna-laptop',
  system: 'Debian 12',
  account: 'anna',
  standing: 'in_sync',
  stores: [
    { kind: 'disk', ...tested(7) },
    { kind: 'account', ...tested(7) },
    { kind: 'keychain', ...tested(7) },
  ],
  last_contact: ago.minutes(0),
  online: true,
};

export const mac: Computer = {
  device: ids.mac,
  name: "Anna's Mac",
  system: 'macOS 15',
  account: 'annabergstrom',
  standing: 'asks_now',
  stores: [
    { kind: 'disk', state: 'waiting' },
    { kind: 'account', state: 'needs_you', since: ago.minutes(8) },
    { kind: 'keychain', state: 'waiting' },
  ],
  last_contact: ago.minutes(0),
  online: true,
};

export const desk: Computer = {
  device: ids.desk,
  name: 'desk-4.lab.northwind.example',
  system: 'Fedora 43',
  account: 'anna',
  standing: 'asks_when_online',
  stores: [
    { kind: 'account', state: 'needs_you', since: ago.days(1) },
    { kind: 'keychain', state: 'waiting' },
  ],
  last_contact: ago.days(2),
  online: false,
};

export const lab: Computer = {
  device: ids.lab,
  name: 'lab-bench',
  system: 'Ubuntu 24.04',
  account: 'abergstrom',
  standing: 'working',
  stores: [
    { kind: 'disk', state: 'testing' },
    { kind: 'account', state: 'changing' },
    { kind: 'keychain', state: 'not_tested' },
  ],
  last_contact: ago.minutes(0),
  online: true,
};

export const spare: Computer = {
  device: ids.spare,
  name: 'spare-thinkpad',
  system: 'Debian 12',
  account: 'anna',
  standing: 'problem',
  stores: [
    { kind: 'account', ...tested(30) },
    { kind: 'keychain', state: 'problem', code: 'LS-4008' },
  ],
  last_contact: ago.minutes(4),
  online: true,
};

export const changes = {
  portal: {
    at: ago.minutes(8),
    channel: 'portal',
    client: 'Firefox on Linux',
    address: '192.0.2.17',
  },
  admin: { at: ago.minutes(8), channel: 'admin', client: 'Sam Ito', address: '192.0.2.4' },
} as const satisfies Record<string, Provenance>;

const session = (session: string, client: string, address: string, since: number) => ({
  session,
  client,
  address,
  since,
  expires_at: since + DAY / 2,
  this_one: false,
});

export const here: SessionRow = {
  ...session('0f0f0f0f0f0f0f01', 'Chrome on Linux', '192.0.2.17', ago.minutes(2)),
  this_one: true,
};
export const elsewhere: SessionRow[] = [
  session('0f0f0f0f0f0f0f02', 'Firefox on Linux', '192.0.2.17', ago.minutes(340)),
  session(
    '0f0f0f0f0f0f0f03',
    'Safari on iPhone',
    '2001:db8:85a3:8d3:1319:8a2e:370:7348',
    ago.days(1) + 5 * 60 * MINUTE,
  ),
];

export const me = (computers: Computer[]): Me => ({
  person: '6f0a3c1e-9d5b-4f5e-8a6e-2f7b8c9d0e1f',
  user_name: 'anna',
  display_name: 'Anna Bergström',
  role: 'person',
  stamp: stamp(3),
  changed: changes.portal,
  temporary: false,
  computers,
  factors: [],
  recovered: null,
  asks_for_factor: true,
});

/** An authenticator app, enrolled two days ago. */
export const app: Schemas['FactorRow'] = {
  factor: '7b1f6f0e-3a0c-4a53-9a59-6a7f4f6f0e22',
  kind: 'totp',
  since: ago.days(2),
};

export const recovered: Schemas['Recovered'] = {
  at: ago.minutes(4),
  computer: 'anna-laptop',
  address: '192.0.2.17',
};

export const factorStarted: Schemas['FactorStarted'] = {
  factor: app.factor,
  uri: 'otpauth://totp/Northwind%20Labs:anna?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Northwind%20Labs',
  secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ',
  expires_at: NOW + 15 * MINUTE,
};

export const enrolment =
  'lockstep1.' +
  'eyJ1cmwiOiJodHRwczovL3Bhc3N3b3JkLm5vcnRod2luZC5leGFtcGxlIiwicmVhbG0iOiJub3J0aHdpbmQi'.repeat(4) +
  '.5d0f3c2a';
