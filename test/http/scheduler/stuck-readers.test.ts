import { expect, test } from "vitest";
import { wires } from "./client.ts";
import { LiveCluster } from "./live-cluster.ts";
import { rawStream } from "./raw-stream.ts";

/** Readers that do not read: they are cut at their own limit, and nobody else notices. */

const subscription = (name: string) => ({ type: "SUBSCRIBE", subscribe: { framework_info: { user: "ada", name } } });

test.each(wires)("a reader that stopped is cut, and another stream goes on (%s)", async (wire) => {
  const limits = { streamBytesMax: 256 * 1024, allBytesMax: 1024 ** 3 };
  const live = await LiveCluster.start({ gateway: { streamLimits: limits } });
  const client = live.client(wire);
  const stream = await client.subscribe();
  await client.offer(stream);
  const stuck = await rawStream(live.port, client.encode(subscription("stuck")), wire, true);
  const connected = () => [...live.cluster.state.frameworks.all()].filter(({ state }) => state === "connected").length;
  await live.until(() => connected() === 2);
  const [, other] = [...live.cluster.state.frameworks.all()];
  expect(other?.info.name).toBe("stuck");
  // Far more than the sockets of both ends take.
  for (let sent = 0; connected() === 2 && sent < 500; sent++) {
    for (let index = 0; index < 20; index++) {
      other?.ref?.tell("operationUpdate", { operationId: "o", state: "error", message: "x".repeat(4_000) });
    }
    live.skip(0);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(connected()).toBe(1);
  await client.quiet(stream);
  expect(stream.ended).toBe(false);
  stuck.socket.resume();
  await live.until(stuck.closed);
});

test.each(wires)("when all streams together hold too much, the one that holds most is cut (%s)", async (wire) => {
  const limits = { streamBytesMax: 1024 ** 3, allBytesMax: 2 * 1024 * 1024 };
  const live = await LiveCluster.start({ slaves: [], gateway: { streamLimits: limits } });
  const client = live.client(wire);
  const stream = await client.subscribe();
  const readers = [];
  for (const name of ["greedy", "modest"]) {
    readers.push(await rawStream(live.port, client.encode(subscription(name)), wire, true));
  }
  const frameworks = () => new Map([...live.cluster.state.frameworks.all()].map((one) => [one.info.name, one]));
  await live.until(() => frameworks().get("modest")?.state === "connected");
  for (let sent = 0; frameworks().get("greedy")?.state === "connected" && sent < 500; sent++) {
    const one = (name: string, times: number) => {
      for (let index = 0; index < times; index++) {
        const refused = { operationId: "o", state: "error", message: "x".repeat(4_000) } as const;
        frameworks().get(name)?.ref?.tell("operationUpdate", refused);
      }
    };
    one("greedy", 20);
    one("modest", 1);
    live.skip(0);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(frameworks().get("greedy")?.state).not.toBe("connected");
  expect(frameworks().get("modest")?.state).toBe("connected");
  await client.quiet(stream);
});
