import { Agent, get } from "node:http";
import { given, type Shapes, type Work } from "../../kit.ts";
import { backgroundTasks, readers } from "../flow.ts";

/** Readers of `/state`, each on a connection that it keeps, as dashboards and service discovery do. */

const { far } = given<{ readonly far: { readonly port: number } }>();
const agent = new Agent({ keepAlive: true });
let reading = false;
let read = 0;
let bytesRead = 0;

function readOnce(): Promise<number> {
  return new Promise((resolve, reject) => {
    get({ host: "127.0.0.1", port: far.port, path: "/state", agent }, (answer) => {
      let bytes = 0;
      answer.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
      });
      answer.once("end", () =>
        answer.statusCode === 200 ? resolve(bytes) : reject(new Error(`${answer.statusCode}`)),
      );
    }).once("error", reject);
  });
}

async function keepReading(): Promise<void> {
  while (reading) {
    const bytes = await readOnce();
    bytesRead += bytes;
    read++;
    await new Promise((resolve) => setTimeout(resolve, readers.pauseMs));
  }
}

/** Answers with how many answers were read since it began, which must be whole ones. */
async function stop(): Promise<Work> {
  reading = false;
  const smallest = 100 * backgroundTasks;
  if (read === 0 || bytesRead / read < smallest) throw new Error(`${read} answers of ${bytesRead} bytes were read`);
  return 1;
}

export const shapes: Shapes = {
  start: async () => {
    reading = true;
    read = 0;
    bytesRead = 0;
    for (let count = 0; count < readers.count; count++) void keepReading();
    return 1;
  },
  stop,
};
