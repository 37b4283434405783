import { startWorker } from '../workers';

export type Tip = 'dates' | 'rows' | 'repeats' | 'words';

export interface Estimate {
  /** 0 weak to 3 strong. */
  level: number;
  tip: Tip | undefined;
}

/** Asks for estimates one after the other; of those asked meanwhile only the last counts. */
export class StrengthMeter {
  readonly #tell: (estimate: Estimate) => void;
  #worker: Worker | undefined;
  #busy = false;
  #next: { typed: string; names: string[] } | undefined;

  constructor(tell: (estimate: Estimate) => void) {
    this.#tell = tell;
  }

  estimate(typed: string, names: string[]): void {
    this.#next = { typed, names };
    if (!this.#busy) this.#ask();
  }

  /** Ends the worker, and with it what was typed. */
  close(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#next = undefined;
    this.#busy = false;
  }

  #ask(): void {
    if (!this.#next) return;
    this.#worker ??= this.#start();
    this.#worker.postMessage(this.#next);
    this.#next = undefined;
    this.#busy = true;
  }

  #start(): Worker {
    const worker = startWorker('strength');
    worker.addEventListener('message', (event: MessageEvent<Estimate>) => {
      this.#busy = false;
      this.#tell(event.data);
      this.#ask();
    });
    return worker;
  }
}
