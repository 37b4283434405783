import { ready, server } from '@serenity-kit/opaque';
import { beforeAll, expect, test } from 'vitest';

import type { Credential } from '../src/lib/api/types';
import { Exchange, Refused } from '../src/lib/opaque/exchange';
import { isAcceptable } from '../src/lib/opaque/limits';

const credential: Credential = {
  suite: 1,
  normalisation: 1,
  ksf: { memory_kib: 19 * 1024, iterations: 2, parallelism: 1 },
  client_identifier: '6f0a3c1e-0000-4000-8000-000000000001',
  server_identifier: 'acme',
};
const identifiers = { client: credential.client_identifier, server: credential.server_identifier };

let serverSetup: string;

beforeAll(async () => {
  await ready;
  serverSetup = server.createSetup();
});

async function register(password: string): Promise<string> {
  const exchange = new Exchange();
  const registrationRequest = await exchange.step({ step: 'choose', password });
  const { registrationResponse } = server.createRegistrationResponse({
    serverSetup,
    userIdentifier: 'anna',
    registrationRequest,
  });
  return exchange.step({ step: 'chosen', response: registrationResponse, credential });
}

async function signIn(registrationRecord: string, password: string): Promise<boolean> {
  const exchange = new Exchange();
  const startLoginRequest = await exchange.step({ step: 'prove', password });
  const { serverLoginState, loginResponse } = server.startLogin({
    serverSetup,
    userIdentifier: 'anna',
    registrationRecord,
    startLoginRequest,
    identifiers,
  });
  try {
    const finishLoginRequest = await exchange.step({
      step: 'proved',
      response: loginResponse,
      credential,
    });
    server.finishLogin({ serverLoginState, finishLoginRequest, identifiers });
    return true;
  } catch (error) {
    if (error instanceof Refused && error.refusal === 'wrong') return false;
    throw error;
  }
}

test('what was registered signs in, in whatever form it is typed', async () => {
  const record = await register('journe\u0301e sans fin');
  expect(await signIn(record, 'journ\u00e9e sans fin')).toBe(true);
  expect(await signIn(record, 'journ\u00e9e\u00a0sans fin')).toBe(true);
  expect(await signIn(record, 'journee sans fin')).toBe(false);
});

test.each([
  { suite: 2 },
  { normalisation: 2 },
  { ksf: { memory_kib: 19 * 1024 - 1, iterations: 2, parallelism: 1 } },
  { ksf: { memory_kib: 64 * 1024, iterations: 1, parallelism: 4 } },
  { ksf: { memory_kib: 1024 * 1024 + 1, iterations: 3, parallelism: 4 } },
  { ksf: { memory_kib: 64 * 1024, iterations: 17, parallelism: 4 } },
  { ksf: { memory_kib: 64 * 1024, iterations: 3, parallelism: 17 } },
])('refuses parameters beyond its limits: %j', (other) => {
  expect(isAcceptable(credential)).toBe(true);
  expect(isAcceptable({ ...credential, ...other })).toBe(false);
});

test('a refused parameter ends the exchange before the password is stretched', async () => {
  const exchange = new Exchange();
  await exchange.step({ step: 'choose', password: 'correct horse battery' });
  const weak = { ...credential, ksf: { memory_kib: 8, iterations: 1, parallelism: 1 } };
  await expect(exchange.step({ step: 'chosen', response: '', credential: weak })).rejects.toThrow(
    'unusable',
  );
});
