// A directory made of intercepted requests: real OPAQUE, but everything else as a picture needs it.

import { client, ready, server } from '@serenity-kit/opaque';
import type { Page, Route } from '@playwright/test';

import {
  NOW,
  app,
  enrolment,
  factorStarted,
  here,
  logo,
  organisation,
  type Me,
  type Provenance,
  type SessionRow,
} from './data.ts';

export const password = 'seven grey herons at noon';
export const token = 'invitation-token';

const realm = 'northwind';
// As little stretching as the portal accepts: the pictures are not about time.
const ksf = { memory_kib: 19 * 1024, iterations: 2, parallelism: 1 };

const problem = (code: string, sentence: string, next_step: string, retry: string) => ({
  code,
  sentence,
  next_step,
  retry,
});
const [account, nothing] = ['Your Northwind Labs account is', 'Nothing was changed.'];
const problems = {
  signedOut: [401, problem('LS-2007', "You're signed out.", 'Sign in again.', 'after_input')],
  spent: [
    410,
    problem('LS-2009', 'This link was used or is too old.', 'Ask Sam Ito for a new one.', 'never'),
  ],
  tooMany: [
    429,
    problem('LS-2012', `Too many tries. ${nothing}`, 'Wait a minute, then try again.', 'later'),
  ],
  tooManyFor: [
    429,
    problem('LS-2012', `Too many tries. ${nothing}`, 'Wait a minute, then try again.', 'later'),
    { 'retry-after': '60' },
  ],
  locked: [403, problem('LS-2013', `${account} locked. ${nothing}`, 'Call Sam Ito.', 'never')],
  signInAgain: [
    401,
    problem(
      'LS-2015',
      `That needs your password once more. ${nothing}`,
      'Sign in again, then try again.',
      'after_input',
    ),
  ],
  factorRefused: [
    401,
    problem(
      'LS-2018',
      `That code isn't right, or was used before. ${nothing}`,
      'Wait for the next code of your app, then type it.',
      'after_input',
    ),
  ],
  suspended: [403, problem('LS-2014', `${account} suspended. ${nothing}`, 'Ask Sam Ito.', 'never')],
} as const;

/** Beside refusals: no connection, no answer, or an answer that gets lost on its way back. */
export type Mishap = keyof typeof problems | 'offline' | 'silence' | 'lost';

export interface Fake {
  /** Who is signed in, or nobody. */
  me: Me | undefined;
  /** How the computers stand after a change. */
  afterChange: Me | undefined;
  /** Which change ended the session of this browser, if nobody is signed in for that. */
  endedBy?: Provenance;
  /** Whether the organisation has a logo, and one that can be shown; it has none unless said. */
  logo?: 'fine' | 'broken';
  /** What the one-time link is for; an invitation unless said. */
  link?: 'invitation' | 'reset';
  /** Where the person is signed in; only here unless said. */
  sessions?: SessionRow[];
  /** Whether "This wasn't me" locks; it does unless said. */
  locks?: boolean;
  /** Parameters of the key stretching other than the least that the portal accepts. */
  ksf?: typeof ksf;
  /** What goes wrong, by path. */
  mishaps: Record<string, Mishap>;
}

/** Answers the page's requests from now on. */
export async function fakeDirectory(page: Page, fake: Fake): Promise<void> {
  await ready;
  const setup = server.createSetup();
  const person = '6f0a3c1e-9d5b-4f5e-8a6e-2f7b8c9d0e1f';
  const identifiers = { client: person, server: realm };
  const credential = {
    suite: 1,
    normalisation: 1,
    ksf: fake.ksf ?? ksf,
    client_identifier: person,
    server_identifier: realm,
  };
  const record = registered(setup, identifiers);

  const prove = (request: string) =>
    server.startLogin({
      serverSetup: setup,
      userIdentifier: person,
      registrationRecord: record,
      startLoginRequest: request,
      identifiers,
    }).loginResponse;
  const register = (request: string) =>
    server.createRegistrationResponse({
      serverSetup: setup,
      userIdentifier: person,
      registrationRequest: request,
    }).registrationResponse;

  const answers: Record<string, (sent: Record<string, string>) => unknown> = {
    'GET organisation': () => ({ ...organisation, logo: fake.logo ?? null }),
    'GET me': () => fake.me ?? 'signedOut',
    'POST activation/open': () => ({
      kind: fake.link ?? 'invitation',
      user_name: 'anna',
      display_name: 'Anna',
      expires_at: NOW + 86_400_000,
    }),
    'POST activation/start': (sent) => ({
      registration_response: register(sent['registration_request'] ?? ''),
      credential,
    }),
    'POST sign-in/start': (sent) => ({
      attempt: 'attempt',
      response: prove(sent['request'] ?? ''),
      credential,
    }),
    'POST sign-in/finish': () => ({ person, token: null }),
    'POST me/password/start': (sent) => ({
      attempt: 'attempt',
      response: prove(sent['request'] ?? ''),
      credential,
      registration_response: register(sent['registration_request'] ?? ''),
      new_credential: credential,
      from: fake.me?.stamp,
    }),
    'POST me/password/finish': () => {
      fake.me = fake.afterChange ?? fake.me;
      return { stamp: fake.me?.stamp };
    },
    'POST session/not-me': () =>
      fake.endedBy ? { at: NOW, locked: fake.locks ?? true } : 'signedOut',
    'GET me/sessions': () => (fake.me ? { sessions: fake.sessions ?? [here] } : 'signedOut'),
    'DELETE me/sessions': () => {
      fake.sessions = [here];
    },
    'POST me/factors': () => factorStarted,
    [`POST me/factors/${app.factor}/confirm`]: () => {
      if (fake.me) fake.me = { ...fake.me, factors: [{ ...app, since: NOW }] };
    },
    [`POST me/factors/${app.factor}/remove`]: () => {
      if (fake.me) fake.me = { ...fake.me, factors: [] };
    },
    'POST me/enrolments': () => ({ enrolment, expires_at: NOW + 3_600_000 }),
  };

  await page.route('**/api/v1/**', async (route) => {
    const request = route.request();
    const path = new URL(request.url()).pathname.replace('/api/v1/', '');
    const mishap = fake.mishaps[path];
    if (mishap === 'silence') return;
    if (mishap === 'offline') return route.abort('internetdisconnected');
    if (mishap && mishap !== 'lost') return refuse(route, mishap);
    if (path === 'logo') {
      const body = fake.logo === 'fine' ? Buffer.from(logo, 'base64') : 'no picture';
      return route.fulfill({ contentType: 'image/png', body });
    }
    const ended = path.startsWith('me/sessions/') && path.slice('me/sessions/'.length);
    if (ended) fake.sessions = fake.sessions?.filter(({ session }) => session !== ended) ?? [];
    const answer = answers[`${request.method()} ${path}`]?.(
      (request.postDataJSON() as Record<string, string> | null) ?? {},
    );
    if (mishap === 'lost') return route.abort('connectionreset');
    if (answer === 'signedOut') return refuse(route, answer, { ended_by: fake.endedBy });
    return answer === undefined ? route.fulfill({ status: 204 }) : route.fulfill({ json: answer });
  });
}

function refuse(route: Route, why: keyof typeof problems, more: object = {}): Promise<void> {
  const [status, json, headers = {}] = problems[why];
  return route.fulfill({ status, headers, json: { ...json, ...more } });
}

function registered(setup: string, identifiers: { client: string; server: string }): string {
  const { clientRegistrationState, registrationRequest } = client.startRegistration({ password });
  const { registrationResponse } = server.createRegistrationResponse({
    serverSetup: setup,
    userIdentifier: identifiers.client,
    registrationRequest,
  });
  const { registrationRecord } = client.finishRegistration({
    password,
    clientRegistrationState,
    registrationResponse,
    identifiers,
    keyStretching: {
      'argon2id-custom': {
        memory: ksf.memory_kib,
        iterations: ksf.iterations,
        parallelism: ksf.parallelism,
      },
    },
  });
  return registrationRecord;
}
