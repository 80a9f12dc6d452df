import { afterEach, expect, test, vi } from "vitest";
import { NatsServer } from "../../bench/bridge/nats-server.ts";
import { Cast } from "../../bench/kit.ts";
import { sibling } from "../../src/runtime/sibling.ts";

afterEach(() => void vi.unstubAllEnvs());

test("every message of every shape crosses the bridge between two processes", { timeout: 60_000 }, async () => {
  const subject = (name: string) => sibling(`../../bench/bridge/subjects/${name}`, import.meta.url);
  using cast = new Cast();
  await cast.startPair("mesolite", subject("mesolite-far"), subject("mesolite-near"));
  const near = cast.subjects["mesolite"];
  for (const shape of ["tell 100 B", "tell 1 KiB", "tell 64 KiB", "crowd"]) {
    expect(await near?.round(shape, 8_192 / (shape.includes("64") ? 128 : 1))).not.toHaveProperty("p50Micros");
  }
  for (const shape of ["trip 1", "trip 16", "trip 256"]) {
    expect(await near?.round(shape, 1_000)).toMatchObject({ p50Micros: expect.any(Number) });
  }
});

test("where there is no NATS server there is none to compare with", async () => {
  vi.stubEnv("PATH", "/nowhere");
  expect(await NatsServer.start()).toBeUndefined();
});
