import { exitCodes } from "./failure.ts";

/**
 * Ctrl-C and SIGTERM. The first asks for an orderly end; the second ends at once. Answers a signal that is aborted by
 * the first.
 */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  const heard = () => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted);
    controller.abort();
  };
  process.on("SIGINT", heard);
  process.on("SIGTERM", heard);
  return controller.signal;
}

/** Resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
