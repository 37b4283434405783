import { Trouble, unreachable, unusable } from '../api/trouble';
import type { Credential } from '../api/types';
import { code } from '../codes';
import { faults } from '../words';
import { startWorker } from '../workers';
import type { Ask, Refusal, Reply } from './messages';

interface Waiting {
  resolve: (message: string) => void;
  reject: (trouble: Trouble) => void;
}

/** The worker that knows the passwords of one exchange. Close it, and they are gone with it. */
export class Opaque {
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #last = 0;

  /** Loads the worker ahead of its use. */
  warm(): void {
    this.#worker ??= this.#start();
  }

  prove(password: string): Promise<string> {
    return this.#ask({ step: 'prove', password });
  }

  choose(password: string): Promise<string> {
    return this.#ask({ step: 'choose', password });
  }

  proved(response: string, credential: Credential): Promise<string> {
    return this.#ask({ step: 'proved', response, credential });
  }

  chosen(response: string, credential: Credential): Promise<string> {
    return this.#ask({ step: 'chosen', response, credential });
  }

  /** Ends the worker; the next step starts another. */
  close(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#failAll(unusable());
  }

  #ask(ask: Ask): Promise<string> {
    this.warm();
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker?.postMessage({ id, ask });
    });
  }

  #start(): Worker {
    const worker = startWorker('opaque');
    worker.addEventListener('message', (event: MessageEvent<Reply>) => {
      const reply = event.data;
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      if ('message' in reply) waiting?.resolve(reply.message);
      else waiting?.reject(trouble(reply.refusal));
    });
    worker.addEventListener('error', () => {
      // The script could not be loaded: the next step tries again.
      if (this.#worker === worker) this.#worker = undefined;
      this.#failAll(unreachable());
    });
    return worker;
  }

  #failAll(trouble: Trouble): void {
    for (const { reject } of this.#waiting.values()) reject(trouble);
    this.#waiting.clear();
  }
}

function trouble(refusal: Refusal): Trouble {
  // A password without a normal form was never set, hence is wrong; new ones are judged before.
  if (refusal === 'unusable') return unusable();
  return new Trouble(code.signInRefused, faults.signInRefused());
}
