/** The process of one subject: imports its shapes, and runs them when told. */

import type { Answer, Shapes } from "./kit.ts";

type Order = { readonly shape: string; readonly n: number };

const [, , module = ""] = process.argv;
// Without its benchmark a subject has nothing to live for, whatever keeps its process busy.
process.once("disconnect", () => process.exit());
try {
  const { shapes, facts } = (await import(module)) as { readonly shapes: Shapes; readonly facts?: unknown };
  process.on("message", (order: Order) => void run(shapes, order));
  say({ ready: facts ?? null });
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException;
  const absent = code === "ERR_MODULE_NOT_FOUND" && message.startsWith("Cannot find package");
  say(absent ? { absent: message } : { error: String(error) });
}

async function run(shapes: Shapes, { shape, n }: Order): Promise<void> {
  try {
    const cpu = process.cpuUsage();
    const began = performance.now();
    const work = await shapes[shape]?.(n);
    const ms = performance.now() - began;
    const { user, system } = process.cpuUsage(cpu);
    const cpuMs = (user + system) / 1_000;
    const peakRssMiB = process.resourceUsage().maxRSS / 1_024;
    say({ ms, cpuMs, peakRssMiB, ...(typeof work === "object" ? work : { done: work ?? 0 }) });
  } catch (error) {
    say({ error: String(error) });
  }
}

function say(answer: Answer): void {
  process.send?.(answer);
}
