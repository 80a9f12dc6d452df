import { defineConfig } from "vitest/config";

const system = "test/{e2e,simulation}/**/*.test.ts";
const timing = "test/timing/**/*.test.ts";
const long = "test/long/**/*.test.ts";
const laws = "test/laws/laws.test.ts";

export default defineConfig({
  test: {
    maxWorkers: 2,
    testTimeout: 20_000,
    pool: "forks",
    projects: [
      {
        extends: true,
        // A process serves many files: a tenth of the time, and every test cleans up after itself.
        test: { name: "unit", include: ["test/**/*.test.ts"], exclude: [system, timing, laws, long], isolate: false },
      },
      {
        extends: true,
        test: { name: "system", include: [system] },
      },
      {
        extends: true,
        // What takes long and seldom breaks has a command of its own.
        test: { name: "long", include: [long] },
      },
      {
        extends: true,
        test: { name: "laws", include: [laws], maxConcurrency: 4 },
      },
      {
        extends: true,
        // Limits on the wall clock: a group of its own, so that no other test has the processor meanwhile.
        test: { name: "timing", include: [timing], sequence: { groupOrder: 1 } },
      },
    ],
  },
});
