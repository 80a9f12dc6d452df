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

describe("a write that the power cuts in two", () => {
  const record = { type: "forgotten", frameworkId: "f", taskId: "t" };

  test.each([
    { share: 0.04, tails: 0, torn: 0 },
    { share: 0.3, tails: 1, torn: 1 },
    { share: 0.6, tails: 0, torn: 0 },
  ])("is the one in which the share ends: $tails at $share", ({ share, tails, torn }) => {
    const disk = new JournalDisk();
    disk.append("/a", record);
    disk.crash(share);
    expect([disk.tails.size, disk.torn, disk.of("/a").length]).toEqual([tails, torn, share > 0.5 ? 1 : 0]);
    disk.mend();
    expect([disk.tails.size, disk.of("/a").length]).toEqual([0, share > 0.5 ? 1 : 0]);
  });

  test("is never a replacement, which is there or not", () => {
    const disk = new JournalDisk();
    disk.replace("/a", [record]);
    disk.crash(0.4);
    expect([disk.tails.size, disk.torn, disk.of("/a")]).toEqual([0, 0, []]);
  });
});

test("a full disk takes nothing and says why", () => {
  const disk = new JournalDisk();
  disk.full = true;
  expect(() => disk.append("/a", null)).toThrow("ENOSPC");
  expect(disk.unsynced).toEqual([]);
});
