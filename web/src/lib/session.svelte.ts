// The signed-in person, kept current by the directory's event stream.

import { api, body, done } from './api/client';
import { asTrouble, type Trouble } from './api/trouble';
import type { Me, Provenance, Stamp } from './api/types';
import { code } from './codes';
import { Line } from './live';

interface Session {
  me: Me | undefined;
  /** When `me` was last known to be true. */
  asOf: number;
  /** Whether the stream is down, so that `me` may be behind. */
  stale: boolean;
  /** Why there is no `me` at all. */
  trouble: Trouble | undefined;
  /** That a session ended under the person's hands; the sign-in says so. */
  ended: Ended | undefined;
}

interface Ended {
  /** The change of the password that ended it, if that did. */
  by: Provenance | undefined;
}

export const session = $state<Session>({
  me: undefined,
  asOf: 0,
  stale: false,
  trouble: undefined,
  ended: undefined,
});

let following = false;
const line = new Line<Me>('/api/v1/me/events', 'me', { heard: accept, ask: refresh });

/** Begins to follow the person; does nothing when it already does. */
export async function follow(): Promise<void> {
  if (following) return;
  following = true;
  session.trouble = undefined;
  const known = await refresh();
  if (known && following) line.open();
  else following = false;
}

/** Ends the session; only once the directory has said so is the person signed out. */
export async function signOut(): Promise<void> {
  try {
    await done(api.DELETE('/api/v1/session'));
  } catch (error) {
    const trouble = asTrouble(error);
    if (trouble.code !== code.signedOut) throw trouble;
  }
  sessionEnded();
}

/** A session has begun: whoever was followed before is not who is signed in now. */
export function sessionBegan(): void {
  forget();
  session.ended = undefined;
}

/** Forgets the person, because the directory no longer knows the session. */
export function sessionEnded(by?: Provenance): void {
  forget();
  session.ended = { by };
}

/** The person's password has been changed here: the stream will say the same. */
export function passwordChanged(stamp: Stamp): void {
  if (session.me) session.me = { ...session.me, stamp, temporary: false };
}

/** Asks for the present standing; tells whether it came. */
export async function refresh(): Promise<boolean> {
  try {
    accept(await body(api.GET('/api/v1/me')));
    return true;
  } catch (error) {
    const trouble = asTrouble(error);
    if (trouble.code === code.signedOut) sessionEnded(trouble.endedBy);
    else if (session.me) session.stale = true;
    else session.trouble = trouble;
    return false;
  }
}

/**
 * For pages that need no session: whether this browser has one. If a change of the password ended
 * the one it had, `session.ended` says so afterwards.
 */
export async function recall(): Promise<boolean> {
  if (session.me) return true;
  if (session.ended) return false;
  try {
    accept(await body(api.GET('/api/v1/me')));
    return true;
  } catch (error) {
    const { endedBy } = asTrouble(error);
    // Meanwhile somebody may have signed in.
    if (endedBy && !following) session.ended = { by: endedBy };
    return false;
  }
}

function accept(me: Me): void {
  session.me = me;
  session.asOf = Date.now();
  session.stale = false;
  session.trouble = undefined;
  session.ended = undefined;
}

function forget(): void {
  following = false;
  line.close();
  session.me = undefined;
  session.stale = false;
  session.trouble = undefined;
}
