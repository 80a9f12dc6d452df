import { fileURLToPath } from "node:url";
import workerpool from "workerpool";

/** workerpool: a pool of one thread, one call at a time; a message is a call whose answer nobody waits for. */

const { text, window } = JSON.parse(process.argv[3]);
const path = fileURLToPath(new URL("./workerpool-thread.mjs", import.meta.url));
const pool = workerpool.pool(path, { workerType: "thread", minWorkers: 1, maxWorkers: 1 });

export const shapes = {
  async crossThreadTell(n) {
    let returned = 0;
    while (returned < n) {
      const length = Math.min(window, n - returned);
      const calls = Array.from({ length }, (_, index) => pool.exec("message", [{ text, n: index }]));
      returned += (await Promise.all(calls)).length;
    }
    return returned;
  },
  async crossThreadAsk(n) {
    let answered = 0;
    while (answered < n && (await pool.exec("question", [{ text, n: answered }])) === answered + 1) answered++;
    return answered;
  },
};
