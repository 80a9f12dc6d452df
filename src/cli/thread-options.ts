import type { LogLevel } from "../actors/world.ts";

/** What a thread of ours may have besides its actors; travels in `ThreadBoot.options`. */
export type ThreadOptions = {
  readonly logLevel: LogLevel;
  readonly prettyLog: boolean;
  /** File of the cluster secret. */
  readonly secretFile?: string;
  /** Opens the bridge here: the thread of the party that others dial. */
  readonly bridge?: { readonly host: string; readonly port: number };
  /** Starts processes and functions: the thread of slaves. */
  readonly tasks?: { readonly poolThreads: number };
  /** Dials other nodes. */
  readonly dials?: boolean;
};
