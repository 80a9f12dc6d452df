import { describe, expect, test } from "vitest";
import { type Leader, Leadership } from "../../src/http/leadership.ts";
import { ClusterView } from "../../src/http/view/view.ts";
import { gateway } from "./scene.ts";

const elsewhere: Leader = { kind: "elsewhere", host: "10.0.0.9", port: 5050 };
const leaderOnly = [
  "/state",
  "/slaves",
  "/slaves/s1",
  "/frameworks",
  "/tasks",
  "/roles",
  "/state-summary",
  "/state.json",
];
const everywhere = ["/health", "/version", "/flags", "/metrics/snapshot"];

async function answerOf(path: string, options: Parameters<typeof gateway>[0]) {
  const { url } = await gateway(options);
  const response = await fetch(`${url}${path}`, { redirect: "manual" });
  return { status: response.status, location: response.headers.get("location"), text: await response.text() };
}

describe("a read that only the leader answers", () => {
  test.each(leaderOnly)("%s is sent on to it, with path and query as they came", async (path) => {
    const asked = `/master${path}/?a=%20b&limit=abc&c`;
    expect(await answerOf(asked, { leader: () => elsewhere })).toEqual({
      status: 307,
      location: `//10.0.0.9:5050${asked}`,
      text: "",
    });
  });

  test.each(leaderOnly)("%s is 503 while nobody leads", async (path) => {
    const answer = { status: 503, location: null, text: "No leader elected\n" };
    expect(await answerOf(path, { leader: () => ({ kind: "nobody" }) })).toEqual(answer);
  });

  test.each(leaderOnly)("%s is 503 while the leader has no picture of its cluster", async (path) => {
    const answer = { status: 503, location: null, text: "Master has not finished recovery\n" };
    expect(await answerOf(path, { view: new ClusterView() })).toEqual(answer);
  });
});

test.each(everywhere)("%s is answered by every master itself", async (path) => {
  for (const leader of [elsewhere, { kind: "nobody" } as const]) {
    expect(await answerOf(path, { leader: () => leader })).toMatchObject({ status: 200, location: null });
    expect(await answerOf(`/master${path}`, { leader: () => leader })).toMatchObject({ status: 200, location: null });
  }
});

describe.each(["/redirect", "/master/redirect", "/redirect/"])("%s", (path) => {
  test("tells where the leader is", async () => {
    expect(await answerOf(`${path}?a=1`, { leader: () => elsewhere })).toMatchObject({
      status: 307,
      location: "//10.0.0.9:5050",
    });
    const six: Leader = { kind: "elsewhere", host: "fe80::1", port: 5050 };
    expect(await answerOf(path, { leader: () => six })).toMatchObject({ location: "//[fe80::1]:5050" });
  });

  test("is told by the leader too, also before it has a picture", async () => {
    const { port, url } = await gateway({ view: new ClusterView() });
    const response = await fetch(`${url}${path}`, { redirect: "manual" });
    expect([response.status, response.headers.get("location")]).toEqual([307, `//127.0.0.1:${port}`]);
  });

  test("is 503 while nobody leads", async () => {
    const answer = { status: 503, location: null, text: "No leader elected\n" };
    expect(await answerOf(path, { leader: () => ({ kind: "nobody" }) })).toEqual(answer);
  });
});

test("who leads is asked anew for each request", () => {
  let leader: Leader = { kind: "nobody" };
  let recovered = false;
  const leadership = new Leadership(
    () => leader,
    () => recovered,
  );
  const fault = () => leadership.fault({ url: "/x?y" });
  expect(fault()).toEqual({ status: 503, message: "No leader elected" });
  leader = elsewhere;
  expect(fault()).toEqual({ status: 307, location: "//10.0.0.9:5050/x?y" });
  leader = { kind: "self" };
  expect(fault()).toEqual({ status: 503, message: "Master has not finished recovery" });
  recovered = true;
  expect(fault()).toBeUndefined();
});
