// What decides about a password: sign-in, a one-time link, a change, "This wasn't me".

import { api, body, done } from './api/client';
import { asTrouble, isUnreachable, Trouble } from './api/trouble';
import type { FactorStarted, Reported } from './api/types';
import { code } from './codes';
import type { Opaque } from './opaque/opaque';
import { helpName, organisationName } from './organisation.svelte';
import { passwordChanged, refresh, session } from './session.svelte';
import { faults } from './words';

export async function signIn(opaque: Opaque, userName: string, password: string): Promise<void> {
  const request = await opaque.prove(password);
  const started = await body(
    api.POST('/api/v1/sign-in/start', { body: { user_name: userName, request } }),
  );
  const finish = await opaque.proved(started.response, started.credential);
  await body(
    api.POST('/api/v1/sign-in/finish', {
      body: { attempt: started.attempt, finish, carry: 'cookie' },
    }),
  );
}

/** Chooses a password with a one-time link: the first one, or in place of a forgotten one. */
export async function chooseByLink(opaque: Opaque, token: string, password: string): Promise<void> {
  const request = await opaque.choose(password);
  const started = await body(
    api.POST('/api/v1/activation/start', { body: { token, registration_request: request } }),
  );
  const record = await opaque.chosen(started.registration_response, started.credential);
  try {
    await body(
      api.POST('/api/v1/activation/finish', {
        body: { token, registration_record: record, carry: 'cookie' },
      }),
    );
  } catch (error) {
    // A lost answer: the password was set if the link is spent now.
    if (!isUnreachable(error)) throw error;
    if (await isGood(token)) throw error;
  }
}

export async function changePassword(opaque: Opaque, current: string, next: string): Promise<void> {
  const [request, registrationRequest] = await Promise.all([
    opaque.prove(current),
    opaque.choose(next),
  ]);
  const started = await body(
    api.POST('/api/v1/me/password/start', {
      body: { request, registration_request: registrationRequest },
    }),
  );
  const finish = await opaque.proved(started.response, started.credential).catch(notTheCurrent);
  const record = await opaque.chosen(started.registration_response, started.new_credential);
  try {
    const { stamp } = await body(
      api.POST('/api/v1/me/password/finish', {
        body: { attempt: started.attempt, finish, registration_record: record },
      }),
    );
    passwordChanged(stamp);
  } catch (error) {
    // A lost answer: every other change would have ended this session, so a newer stamp is ours.
    if (!isUnreachable(error)) throw error;
    if (!(await refresh())) {
      throw new Trouble(code.unreachable, faults.unsettled(organisationName()));
    }
    if (session.me?.stamp.generation === started.from.generation) throw error;
  }
}

/** Says "This wasn't me" of the change that ended this browser's session. */
export async function disown(): Promise<Reported> {
  try {
    return await body(api.POST('/api/v1/session/not-me'));
  } catch (error) {
    const trouble = asTrouble(error);
    const org = organisationName();
    // Saying it twice does no harm, so a lost answer needs no more than that.
    if (isUnreachable(trouble)) throw new Trouble(trouble.code, faults.reportLost(org));
    if (trouble.code !== code.signedOut) throw trouble;
    throw new Trouble(trouble.code, faults.reportTooLate(helpName()));
  }
}

/** Begins to enrol an authenticator app. */
export function beginFactor(): Promise<FactorStarted> {
  return body(api.POST('/api/v1/me/factors', { body: { kind: 'totp' } }));
}

/** Enrols it by its first code. */
export function confirmFactor(factor: string, code: string): Promise<void> {
  const params = { path: { factor } };
  return done(api.POST('/api/v1/me/factors/{factor}/confirm', { params, body: { code } }));
}

/** Removes it by a code. */
export function removeFactor(factor: string, code: string): Promise<void> {
  const params = { path: { factor } };
  return done(api.POST('/api/v1/me/factors/{factor}/remove', { params, body: { code } }));
}

/** Signs in once more, for what needs a fresh sign-in; the session of before ends. */
export async function signInAgain(
  opaque: Opaque,
  userName: string,
  password: string,
): Promise<void> {
  const { sessions } = await body(api.GET('/api/v1/me/sessions'));
  await signIn(opaque, userName, password);
  const former = sessions.find((row) => row.this_one);
  if (!former) return;
  const params = { path: { session: former.session } };
  await done(api.DELETE('/api/v1/me/sessions/{session}', { params }));
}

async function isGood(token: string): Promise<boolean> {
  try {
    await body(api.POST('/api/v1/activation/open', { body: { token } }));
    return true;
  } catch (error) {
    if (asTrouble(error).code === code.linkSpent) return false;
    throw new Trouble(code.unreachable, faults.unsettledByLink(organisationName()));
  }
}

function notTheCurrent(error: unknown): never {
  if (!(error instanceof Trouble) || error.code !== code.signInRefused) throw error;
  throw new Trouble(code.notTheCurrentPassword, faults.notTheCurrentPassword());
}
