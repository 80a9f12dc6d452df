import { Server, ServerCredentials } from "@grpc/grpc-js";
import { pack, unpack } from "msgpackr";

/** The far end of one stream of gRPC: takes messages and says how many. A number begins a run. */

const { creditBytes } = JSON.parse(process.argv[3]);
const server = new Server({ "grpc-node.flow_control_window": creditBytes });
const talk = {
  path: "/bench/talk",
  requestStream: true,
  responseStream: true,
  requestSerialize: pack,
  requestDeserialize: unpack,
  responseSerialize: pack,
  responseDeserialize: unpack,
};
server.addService(
  { talk },
  {
    talk(stream) {
      let every = 1;
      let taken = 0;
      stream.on("data", (value) => {
        if (typeof value === "number") {
          every = value;
          taken = 0;
        } else if (value[0] !== "" && ++taken % every === 0) stream.write(taken);
      });
    },
  },
);
const port = await new Promise((resolve, reject) =>
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
    error === null ? resolve(bound) : reject(error),
  ),
);

export const facts = { port };
export const shapes = {};
