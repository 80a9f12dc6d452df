import { LinkSession } from "../../src/actors/link/session.ts";
import type { WireBody, WireValue } from "../../src/actors/wire-value.ts";
import type { OfferedBatch } from "../../src/master/allocator/protocol.ts";
import { codec } from "./driven-allocator.ts";
import type { Stopwatch } from "./stopwatch.ts";

/** Batches as they cross from the allocator's thread to the master's: a link's two ends, and no port between them. */
export function cross(
  batches: readonly OfferedBatch[],
  watches: { readonly encode: Stopwatch; readonly decode: Stopwatch },
): readonly OfferedBatch[] {
  const near = new LinkSession(codec, { trusted: true });
  const far = new LinkSession(codec, { trusted: true });
  const to = { slot: 1, generation: 1 };
  const arrived: OfferedBatch[] = [];
  for (const body of batches as readonly WireBody[]) near.queue({ type: "tell", to, kind: "offered", body });
  for (;;) {
    let parcel: Uint8Array | readonly WireValue[] | undefined;
    watches.encode.time(() => {
      const taken = near.takePlain(unsendable);
      // What is packed is part of a larger buffer, and changes hands as a buffer of its own.
      parcel = taken instanceof Uint8Array ? new Uint8Array(taken) : taken;
    });
    if (parcel === undefined) return arrived;
    watches.decode.time(() => {
      const items = parcel instanceof Uint8Array ? far.receive(parcel) : far.receivePlain(parcel ?? []);
      for (const item of items) if (item.type === "tell") arrived.push(item.body as OfferedBatch);
    });
    const credit = far.take(unsendable);
    if (credit !== undefined) near.receive(credit);
  }
}

function unsendable(_: unknown, why: string): never {
  throw new Error(`a batch of offers fits no frame: ${why}`);
}
