import type { LogLevel } from "../actors/world.ts";
import type { CredentialFiles } from "./credentials.ts";

/** How a framework reaches its master by HTTP. */
export type MasterDoorPlan = {
  /** `HOST:PORT`. */
  readonly master: string;
  /** File of what to prove oneself with. */
  readonly credential?: string;
};

/** What a thread of ours may have besides its actors; travels in `ThreadBoot.options`. */
export type ThreadOptions = CredentialFiles & {
  readonly logLevel: LogLevel;
  readonly prettyLog: boolean;
  /** Opens the bridge here: the thread of the party that others dial. */
  readonly bridge?: { readonly host: string; readonly port: number; readonly clusterId: string };
  /** Starts processes and functions: the thread of slaves. */
  readonly tasks?: { readonly poolThreads: number };
  /** Dials other nodes. */
  readonly dials?: boolean;
};
