// What whoever started the directory hands over.

import { readFileSync } from 'node:fs';

export interface Invitation {
  user_name: string;
  display_name: string;
  link: string;
}

/** The invitations, each good for one activation. */
export function invitations(): Invitation[] {
  const path = process.env['LOCKSTEP_FIXTURE'];
  if (!path) throw new Error('LOCKSTEP_FIXTURE must name a JSON file of invitations');
  return (JSON.parse(readFileSync(path, 'utf8')) as { invitations: Invitation[] }).invitations;
}
