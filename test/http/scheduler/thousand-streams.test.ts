import { expect, test } from "vitest";
import type { FrameworkId } from "../../../src/protocol/ids.ts";
import { type Wire, wires } from "./client.ts";
import { LiveCluster } from "./live-cluster.ts";
import { rawStream } from "./raw-stream.ts";

const streamsCount = 1_000;
const message = "x".repeat(8_000);
const rounds = 10;
/** What a stuck reader is sent for each that others are sent: more than both ends' sockets and its own limit hold. */
const stuckTimes = 60;
/** Growth while events go out, in bytes: what streams may hold, and what a thousand encodings in one turn leave behind. */
const grownBytesMax = 192 * 1024 * 1024;

test(`${streamsCount} streams, every tenth of them stuck, stay within their memory`, { timeout: 60_000 }, async () => {
  const limits = { streamBytesMax: 128 * 1024, allBytesMax: 16 * 1024 * 1024 };
  const live = await LiveCluster.start({ slaves: [], gateway: { streamLimits: limits } });
  const open = async (index: number) => {
    const wire: Wire = wires[index % 2] ?? "json";
    const id = { value: `f${index}` };
    const framework_info = { user: "ada", name: "f", id };
    const body = live.client(wire).encode({ type: "SUBSCRIBE", framework_id: id, subscribe: { framework_info } });
    const stuck = index % 10 === 0;
    return { id: id.value as FrameworkId, stuck, ...(await rawStream(live.port, body, wire, stuck)) };
  };
  const streams: Awaited<ReturnType<typeof open>>[] = [];
  while (streams.length < streamsCount) {
    streams.push(...(await Promise.all(Array.from({ length: 100 }, (_, index) => open(streams.length + index)))));
  }
  const { frameworks } = live.cluster.state;
  await live.until(() => streams.every(({ id }) => frameworks.get(id)?.state === "connected"));
  const before = process.memoryUsage().rss;
  let most = 0;
  for (let round = 0; round < rounds; round++) {
    for (const { id, stuck } of streams) {
      for (let times = stuck ? stuckTimes : 1; times > 0; times--) {
        frameworks.get(id)?.ref?.tell("operationUpdate", { operationId: "o", state: "error", message });
      }
      if (stuck) live.skip(0);
    }
    live.skip(0);
    await new Promise((resolve) => setImmediate(resolve));
    most = Math.max(most, process.memoryUsage().rss - before);
  }
  const reading = streams.filter(({ stuck }) => !stuck);
  await live.until(() => reading.every(({ receivedBytes }) => receivedBytes() > rounds * message.length));
  expect(streams.filter(({ stuck, id }) => stuck && frameworks.get(id)?.state === "connected")).toEqual([]);
  expect(reading.filter(({ closed }) => closed())).toEqual([]);
  expect(most).toBeLessThan(grownBytesMax);
});
