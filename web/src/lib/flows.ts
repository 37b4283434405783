// The three things that need a password: activation, sign-in, change.

import { api, body } from './api/client';
import { Trouble } from './api/trouble';
import { code } from './codes';
import type { Opaque } from './opaque/opaque';
import { organisationName } from './organisation.svelte';
import { refresh, session } from './session.svelte';
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

export async function activate(opaque: Opaque, token: string, password: string): Promise<void> {
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
    // A lost answer: with a session the password was set.
    if (!isUnreachable(error)) throw error;
    if (!(await refresh())) throw unsettled();
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
    await body(
      api.POST('/api/v1/me/password/finish', {
        body: { attempt: started.attempt, finish, registration_record: record },
      }),
    );
  } catch (error) {
    // A lost answer: every other change would have ended this session, so a newer stamp is ours.
    if (!isUnreachable(error)) throw error;
    if (!(await refresh())) throw unsettled();
    if (session.me?.stamp.generation === started.from.generation) throw error;
  }
}

function notTheCurrent(error: unknown): never {
  if (!(error instanceof Trouble) || error.code !== code.signInRefused) throw error;
  const { sentence, nextStep } = faults.notTheCurrentPassword();
  throw new Trouble(code.notTheCurrentPassword, sentence, nextStep);
}

function isUnreachable(error: unknown): boolean {
  return error instanceof Trouble && error.code === code.unreachable;
}

function unsettled(): Trouble {
  const { sentence, nextStep } = faults.unsettled(organisationName());
  return new Trouble(code.unreachable, sentence, nextStep);
}
