import type { SimCluster } from "../cluster.ts";
import type { Interference } from "../interference.ts";

/** Watches one side of a run from between the actors and their threads. It changes nothing. */
export type Lookout = Interference & {
  /** Once in every second of virtual time. */
  readonly check?: (cluster: SimCluster) => void;
};
