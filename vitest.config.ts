import { defineConfig } from "vitest/config";

const system = "test/{e2e,simulation}/**/*.test.ts";

export default defineConfig({
  test: {
    maxWorkers: 2,
    testTimeout: 20_000,
    pool: "forks",
    projects: [
      {
        extends: true,
        // A process serves many files: a tenth of the time, and every test cleans up after itself.
        test: { name: "unit", include: ["test/**/*.test.ts"], exclude: [system], isolate: false },
      },
      {
        extends: true,
        test: { name: "system", include: [system] },
      },
    ],
  },
});
