import { connect } from "@nats-io/transport-node";
import { pack, unpack } from "msgpackr";

/** The far end of a NATS server: takes messages and says how many, and sends balls back. */

const { natsPort } = JSON.parse(process.argv[3]);
const nats = await connect({ servers: `127.0.0.1:${natsPort}` });
let every = 1;
let taken = 0;

nats.subscribe("begin", {
  callback(_, { data }) {
    every = unpack(data);
    taken = 0;
  },
});
nats.subscribe("message", {
  callback(_, { data }) {
    const [text] = unpack(data);
    if (text !== "" && ++taken % every === 0) nats.publish("taken", pack(taken));
  },
});
nats.subscribe("ball", { callback: (_, { data }) => nats.publish("back", pack(unpack(data))) });
await nats.flush();

export const shapes = {};
