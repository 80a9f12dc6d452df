import { fileURLToPath } from "node:url";
import actors from "comedy";

/** comedy: promises of Bluebird, unbounded mailboxes; `mode` says whether the actor has a thread of its own. */

const { text, window, questions, mode } = JSON.parse(process.argv[3]);
const quiet = { debug() {}, info() {}, warn: console.warn, error: console.error };
const root = await actors({ log: quiet }).rootActor();
// Two slashes in front make a path absolute.
const actor = await root.createChild(`/${fileURLToPath(new URL("./comedy-actor.mjs", import.meta.url))}`, { mode });

async function tell(n) {
  const before = await actor.sendAndReceive("seen");
  let sent = 0;
  let seen = 0;
  while (seen < n) {
    for (; sent < n && sent - seen < window; sent++) actor.send("message", { text, n: sent });
    seen = (await actor.sendAndReceive("seen")) - before;
  }
  return seen;
}

async function ask(n, atOnce) {
  let answered = 0;
  const lane = async (first) => {
    for (let index = first; index < n; index += atOnce) {
      if ((await actor.sendAndReceive("question", { text, n: index })) === index + 1) answered++;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, (_, first) => lane(first)));
  return answered;
}

export const shapes =
  mode === "threaded"
    ? { crossThreadTell: tell, crossThreadAsk: (n) => ask(n, 1) }
    : { tell, ask: (n) => ask(n, questions) };
