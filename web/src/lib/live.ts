const REOPEN_MS = 5_000;

interface Ends<T> {
  /** What was told. */
  heard: (told: T) => void;
  /** Asks for the same by a plain request; whether the answer came. */
  ask: () => Promise<boolean>;
}

/** A line to the directory, which tells over it how things stand: at once and at every change. */
export class Line<T> {
  readonly #address: string;
  readonly #event: string;
  readonly #ends: Ends<T>;
  #stream: EventSource | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(address: string, event: string, ends: Ends<T>) {
    this.#address = address;
    this.#event = event;
    this.#ends = ends;
  }

  open(): void {
    this.close();
    const stream = new EventSource(this.#address);
    stream.addEventListener(this.#event, (event: MessageEvent<string>) => {
      this.#ends.heard(JSON.parse(event.data) as T);
    });
    stream.addEventListener('error', () => void this.#lost(stream));
    this.#stream = stream;
  }

  close(): void {
    this.#stream?.close();
    this.#stream = undefined;
    clearTimeout(this.#timer);
  }

  /**
   * The stream broke: because the network did, or because the directory ended the session. Asking
   * tells which, at once. The browser opens the stream again by itself unless it was refused.
   */
  async #lost(stream: EventSource): Promise<void> {
    clearTimeout(this.#timer);
    const known = await this.#ends.ask();
    if (this.#stream !== stream || stream.readyState !== EventSource.CLOSED) return;
    if (known) this.open();
    else this.#timer = setTimeout(() => void this.#lost(stream), REOPEN_MS);
  }
}
