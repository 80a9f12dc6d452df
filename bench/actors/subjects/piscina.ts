import { Piscina } from "piscina";
import { sibling } from "../../../src/runtime/sibling.ts";
import type { Shapes } from "../../kit.ts";
import { callShapes } from "../calls.ts";
import { windowMax } from "../flow.ts";

/** piscina: a pool of one thread that takes as many calls at once as there are. */

const pool = new Piscina({
  filename: sibling("../call-thread", import.meta.url).href,
  minThreads: 1,
  maxThreads: 1,
  concurrentTasksPerWorker: windowMax,
  recordTiming: false,
});

export const shapes: Shapes = callShapes({
  message: (body) => pool.run(body, { name: "message" }),
  question: (body) => pool.run(body, { name: "question" }),
});
