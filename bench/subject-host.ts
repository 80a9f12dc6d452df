/** The process of one subject: imports its shapes, and runs them when told. */

import type { Shapes } from "./kit.ts";

type Order = { readonly shape: string; readonly n: number };

const [, , module = ""] = process.argv;
try {
  const { shapes } = (await import(module)) as { readonly shapes: Shapes };
  process.on("message", (order: Order) => void run(shapes, order));
  process.send?.({ ready: Object.keys(shapes) });
} catch (error) {
  process.send?.({ error: String(error) });
}

async function run(shapes: Shapes, { shape, n }: Order): Promise<void> {
  try {
    const began = performance.now();
    const done = await shapes[shape]?.(n);
    process.send?.({ ms: performance.now() - began, done });
  } catch (error) {
    process.send?.({ error: String(error) });
  }
}
