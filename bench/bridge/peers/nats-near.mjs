import { connect } from "@nats-io/transport-node";
import { pack, unpack } from "msgpackr";

/** The near end of a NATS server. Each message is packed on its own, since that is what a subscriber is handed. */

const { natsPort, text, window } = JSON.parse(process.argv[3]);
const nats = await connect({ servers: `127.0.0.1:${natsPort}` });
let heard = () => {};
nats.subscribe("taken", { callback: (_, { data }) => heard(unpack(data)) });
nats.subscribe("back", { callback: (_, { data }) => heard(unpack(data)) });
await nats.flush();

export const shapes = {
  tell: (n) =>
    new Promise((resolve) => {
      let sent = 0;
      let taken = 0;
      const pump = () => {
        for (; sent < n && sent - taken < window; sent++) nats.publish("message", pack([text, sent]));
      };
      heard = (count) => {
        taken = count;
        if (taken === n) resolve(taken);
        else pump();
      };
      nats.publish("begin", pack(window >> 2));
      pump();
    }),
  trip: (n) =>
    new Promise((resolve) => {
      const latenciesMs = [];
      let servedAt = 0;
      const serve = () => {
        servedAt = performance.now();
        nats.publish("ball", pack([text, latenciesMs.length]));
      };
      heard = () => {
        latenciesMs.push(performance.now() - servedAt);
        if (latenciesMs.length === n) resolve({ done: n, latenciesMs });
        else serve();
      };
      serve();
    }),
};
