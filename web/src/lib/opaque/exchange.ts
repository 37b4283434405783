// One OPAQUE exchange: at most one proof and one registration, as a change of password needs both.

import { client, ready } from '@serenity-kit/opaque';

import type { Credential } from '../api/types';
import { normalise } from '../password/normalise';
import { isAcceptable } from './limits';
import type { Ask, Refusal } from './messages';

/** Thrown by a step that did not happen. */
export class Refused extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal);
    this.refusal = refusal;
  }
}

interface Half {
  password: string;
  state: string;
}

export class Exchange {
  #proof: Half | undefined;
  #choice: Half | undefined;

  /** Takes one step; the answer is a message for the directory. */
  async step(ask: Ask): Promise<string> {
    await ready;
    switch (ask.step) {
      case 'prove': {
        const password = fit(ask.password);
        const { clientLoginState, startLoginRequest } = client.startLogin({ password });
        this.#proof = { password, state: clientLoginState };
        return startLoginRequest;
      }
      case 'choose': {
        const password = fit(ask.password);
        const started = client.startRegistration({ password });
        this.#choice = { password, state: started.clientRegistrationState };
        return started.registrationRequest;
      }
      case 'proved': {
        const { password, state } = taken(this.#proof);
        this.#proof = undefined;
        const outcome = client.finishLogin({
          clientLoginState: state,
          loginResponse: ask.response,
          password,
          ...parameters(ask.credential),
        });
        // The library tells no wrong password from a damaged answer, and neither can we.
        if (!outcome) throw new Refused('wrong');
        return outcome.finishLoginRequest;
      }
      case 'chosen': {
        const { password, state } = taken(this.#choice);
        this.#choice = undefined;
        const { registrationRecord } = client.finishRegistration({
          clientRegistrationState: state,
          registrationResponse: ask.response,
          password,
          ...parameters(ask.credential),
        });
        return registrationRecord;
      }
    }
  }
}

function fit(typed: string): string {
  const outcome = normalise(typed);
  if ('normal' in outcome) return outcome.normal;
  throw new Refused('unfit');
}

function taken(half: Half | undefined): Half {
  if (!half) throw new Refused('unusable');
  return half;
}

function parameters(credential: Credential) {
  if (!isAcceptable(credential)) throw new Refused('unusable');
  const { memory_kib, iterations, parallelism } = credential.ksf;
  return {
    identifiers: { client: credential.client_identifier, server: credential.server_identifier },
    keyStretching: { 'argon2id-custom': { memory: memory_kib, iterations, parallelism } },
  };
}
