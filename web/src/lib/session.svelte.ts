// The signed-in person, kept current by the directory's event stream.

import { api, body, done } from './api/client';
import { asTrouble, type Trouble } from './api/trouble';
import type { Me } from './api/types';
import { code } from './codes';

const REOPEN_MS = 5_000;

interface Session {
  me: Me | undefined;
  /** When `me` was last known to be true. */
  asOf: number;
  /** Whether the stream is down, so that `me` may be behind. */
  stale: boolean;
  /** Why there is no `me` at all. */
  trouble: Trouble | undefined;
  /** Whether a session ended under the person's hands; the sign-in says so. */
  ended: boolean;
}

export const session = $state<Session>({
  me: undefined,
  asOf: 0,
  stale: false,
  trouble: undefined,
  ended: false,
});

let following = false;
let stream: EventSource | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Begins to follow the person; does nothing when it already does. */
export async function follow(): Promise<void> {
  if (following) return;
  following = true;
  session.trouble = undefined;
  if (await refresh()) open();
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
  session.ended = false;
}

/** Forgets the person, because the directory no longer knows the session. */
export function sessionEnded(): void {
  forget();
  session.ended = true;
}

/** Asks for the present standing; tells whether it came. */
export async function refresh(): Promise<boolean> {
  try {
    accept(await body(api.GET('/api/v1/me')));
    return true;
  } catch (error) {
    const trouble = asTrouble(error);
    if (trouble.code === code.signedOut) sessionEnded();
    else if (session.me) session.stale = true;
    else session.trouble = trouble;
    return false;
  }
}

function open(): void {
  stream?.close();
  stream = new EventSource('/api/v1/me/events');
  stream.addEventListener('me', (event: MessageEvent<string>) => {
    accept(JSON.parse(event.data) as Me);
  });
  stream.addEventListener('error', () => void lost());
}

/**
 * The stream broke: because the network did, or because the directory ended the session. Asking
 * tells which, at once. The browser opens the stream again by itself unless it was refused.
 */
async function lost(): Promise<void> {
  clearTimeout(timer);
  const known = await refresh();
  if (!following || stream?.readyState !== EventSource.CLOSED) return;
  if (known) open();
  else timer = setTimeout(() => void lost(), REOPEN_MS);
}

function accept(me: Me): void {
  session.me = me;
  session.asOf = Date.now();
  session.stale = false;
  session.trouble = undefined;
  session.ended = false;
}

function forget(): void {
  following = false;
  stream?.close();
  stream = undefined;
  clearTimeout(timer);
  session.me = undefined;
  session.stale = false;
  session.trouble = undefined;
}
