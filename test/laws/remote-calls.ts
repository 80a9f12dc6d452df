/** Calls into a place that runs elsewhere, over any channel that carries structured clones. */

type Request = { readonly id: number; readonly call: string; readonly args: readonly unknown[] };
type Response = { readonly id: number; readonly value?: unknown; readonly fault?: string };

/** The end at the place: performs what is asked and answers. */
export function answering(
  calls: Readonly<Record<string, (...args: never[]) => unknown>>,
  send: (response: Response) => void,
): (request: Request) => void {
  return ({ id, call, args }) => {
    void (async () => {
      try {
        const run = calls[call];
        if (run === undefined) throw new Error(`no call is named ${call}`);
        send({ id, value: await run(...(args as never[])) });
      } catch (error) {
        send({ id, fault: error instanceof Error ? (error.stack ?? error.message) : String(error) });
      }
    })();
  };
}

type Waiting = { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void };

/** Longest wait for an answer, in milliseconds: a place that stands still gives none. */
const callTimeoutMs = 30_000;

/** The end of whoever calls. */
export class RemoteCalls {
  readonly #send: (request: Request, transfer: readonly unknown[]) => void;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;
  #gone: string | undefined;

  constructor(send: (request: Request, transfer: readonly unknown[]) => void) {
    this.#send = send;
  }

  call(name: string, args: readonly unknown[] = [], transfer: readonly unknown[] = []): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#gone !== undefined) return reject(new Error(this.#gone));
      const id = ++this.#last;
      const late = setTimeout(
        () => reject(new Error(`${name} was not answered in ${callTimeoutMs} ms`)),
        callTimeoutMs,
      );
      const settling =
        <T>(settle: (outcome: T) => void) =>
        (outcome: T) => {
          clearTimeout(late);
          settle(outcome);
        };
      this.#waiting.set(id, { resolve: settling(resolve), reject: settling(reject) });
      this.#send({ id, call: name, args }, transfer);
    });
  }

  receive({ id, value, fault }: Response): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (fault === undefined) waiting?.resolve(value);
    else waiting?.reject(new Error(fault));
  }

  /** The place has ended: whoever waits learns it, and whoever asks later. */
  end(reason: string): void {
    this.#gone = reason;
    for (const { reject } of this.#waiting.values()) reject(new Error(reason));
    this.#waiting.clear();
  }
}
