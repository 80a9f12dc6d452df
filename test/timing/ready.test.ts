import { expect, test } from "vitest";
import { Mesolite, temporary } from "../e2e/kit.ts";

test("a development cluster is ready in under a second once its code is in the compile cache", async () => {
  using home = temporary();
  const times: number[] = [];
  while (times.length < 5 && !times.some((ms) => ms < 1_000)) {
    const dev = new Mesolite(["dev", "--port", "0", "--slaves", "3"], home.path);
    const [, ms = ""] = await dev.printed(/ready in (\d+) ms: /);
    await dev[Symbol.asyncDispose]();
    times.push(Number(ms));
  }
  expect(Math.min(...times)).toBeLessThan(1_000);
});
