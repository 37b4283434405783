// What whoever started the directory hands over.

import { readFileSync } from 'node:fs';

export interface Invitation {
  user_name: string;
  display_name: string;
  link: string;
}

interface Fixture {
  /** Each good for one activation. */
  invitations: Invitation[];
  /** Who may administer the directory. */
  admin: { user_name: string; password: string };
}

export function fixture(): Fixture {
  const path = process.env['LOCKSTEP_FIXTURE'];
  if (!path) throw new Error('LOCKSTEP_FIXTURE must name a JSON file of invitations and an admin');
  return JSON.parse(readFileSync(path, 'utf8')) as Fixture;
}

/** One of the invitations; each test takes its own. */
export function invitation(number: number): Invitation {
  const found = fixture().invitations[number];
  if (!found) throw new Error(`the fixture has no invitation ${number}`);
  return found;
}
