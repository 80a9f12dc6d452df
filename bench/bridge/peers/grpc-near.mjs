import { Client, credentials } from "@grpc/grpc-js";
import { pack, unpack } from "msgpackr";

/** The near end of one stream of gRPC, which is written to for as long as it takes more. */

const { far, text, window, creditBytes } = JSON.parse(process.argv[3]);
const client = new Client(`127.0.0.1:${far.port}`, credentials.createInsecure(), {
  "grpc-node.flow_control_window": creditBytes,
});
const stream = client.makeBidiStreamRequest("/bench/talk", pack, unpack);
let heard = () => {};
stream.on("data", (value) => heard(value));

export const shapes = {
  tell: (n) =>
    new Promise((resolve) => {
      let sent = 0;
      heard = (taken) => {
        if (taken === n) resolve(taken);
      };
      stream.write(window >> 2);
      const pump = () => {
        while (sent < n) if (!stream.write([text, sent++])) return void stream.once("drain", pump);
      };
      pump();
    }),
};
