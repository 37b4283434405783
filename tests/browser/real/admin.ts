// What an admin does about a person, by the interface that `lockstep admin` uses.

import { request, type APIRequestContext } from '@playwright/test';

import { Exchange } from '../../../web/src/lib/opaque/exchange.ts';
import type { components } from '../../../web/src/lib/api/schema.d.ts';
import { fixture } from './fixture.ts';

type Schemas = components['schemas'];

export class Admin {
  readonly #api: APIRequestContext;

  private constructor(api: APIRequestContext) {
    this.#api = api;
  }

  static async signIn(baseURL: string): Promise<Admin> {
    const { user_name, password } = fixture().admin;
    const options = { baseURL, ignoreHTTPSErrors: true };
    const stranger = new Admin(await request.newContext(options));
    const exchange = new Exchange();
    const ke1 = await exchange.step({ step: 'prove', password });
    const started = await stranger.#post<Schemas['SignInStarted']>('sign-in/start', {
      user_name,
      request: ke1,
    });
    const { attempt, response, credential } = started;
    const { token } = await stranger.#post<Schemas['SessionOpened']>('sign-in/finish', {
      attempt,
      finish: await exchange.step({ step: 'proved', response, credential }),
      carry: 'bearer',
    });
    await stranger.leave();
    const extraHTTPHeaders = { authorization: `Bearer ${token}` };
    return new Admin(await request.newContext({ ...options, extraHTTPHeaders }));
  }

  /** Makes a reset link. */
  async resetLink(userName: string): Promise<string> {
    const path = await this.#path(userName, 'reset-link');
    return (await this.#post<Schemas['ResetLink']>(path)).reset_link;
  }

  /** Issues a password for one use. */
  async issue(userName: string, password: string): Promise<void> {
    const path = await this.#path(userName, 'password');
    const exchange = new Exchange();
    const registration_request = await exchange.step({ step: 'choose', password });
    const started = await this.#post<Schemas['IssueStarted']>(`${path}/start`, {
      registration_request,
    });
    const { attempt, credential, registration_response: response } = started;
    const registration_record = await exchange.step({ step: 'chosen', response, credential });
    await this.#post(`${path}/finish`, { attempt, registration_record, temporary: true });
  }

  async status(userName: string): Promise<string> {
    return (await this.#person(userName)).status;
  }

  leave(): Promise<void> {
    return this.#api.dispose();
  }

  async #path(userName: string, what: string): Promise<string> {
    return `admin/people/${(await this.#person(userName)).person}/${what}`;
  }

  async #person(userName: string): Promise<Schemas['PersonRow']> {
    const answer = await this.#api.get('/api/v1/admin/people');
    const { people } = (await answer.json()) as Schemas['People'];
    const found = people.find((row) => row.user_name === userName);
    if (!found) throw new Error(`there is no ${userName}`);
    return found;
  }

  async #post<T = void>(path: string, data: object = {}): Promise<T> {
    const answer = await this.#api.post(`/api/v1/${path}`, { data });
    const text = await answer.text();
    if (!answer.ok()) throw new Error(`${path}: ${answer.status()} ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }
}
