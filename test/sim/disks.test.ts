import { describe, expect, test } from "vitest";
import { JournalDisk } from "../../src/sim/journal-storage.ts";
import { RegistryDisk } from "../../src/sim/registry-store.ts";

const disks = { journal: () => new JournalDisk(), registry: () => new RegistryDisk() };

describe.each(Object.entries(disks))("the %s disk", (_name, make) => {
  test.each([
    { share: 0, kept: [] },
    { share: 0.5, kept: [1, 2] },
    { share: 0.999, kept: [1, 2, 3] },
  ])("keeps the first of its unsynced writes when the power goes: $kept at $share", ({ share, kept }) => {
    const disk = make();
    const written: number[] = [];
    disk.unsynced = [1, 2, 3].map((write) => ({ land: () => written.push(write) }));
    disk.crash(share);
    expect([written, disk.unsynced]).toEqual([kept, []]);
  });
});
