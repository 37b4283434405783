// What page and worker say to each other. A password goes in once; only public messages come out.

import type { Credential } from '../api/types';

export type Ask =
  /** Starts a proof of a password (OPAQUE KE1). */
  | { step: 'prove'; password: string }
  /** Starts the registration of a new password. */
  | { step: 'choose'; password: string }
  /** Ends the proof (KE3). */
  | { step: 'proved'; response: string; credential: Credential }
  /** Ends the registration (the record). */
  | { step: 'chosen'; response: string; credential: Credential };

/** What cannot be told to the worker's side of the page as a message of OPAQUE. */
export type Refusal =
  /** The password does not open the credential. */
  | 'wrong'
  /** The directory's parameters or messages can't be used. */
  | 'unusable'
  /** The password has no normal form. */
  | 'unfit';

export interface Question {
  id: number;
  ask: Ask;
}

export type Reply = { id: number; message: string } | { id: number; refusal: Refusal };
