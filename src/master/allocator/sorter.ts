import type { Resources } from "../../protocol/resources.ts";
import type { ClientId } from "./client.ts";

/** Decides who is owed the next offer. A policy is a class behind this; it is told of every change and asked per offer. */
export type Sorter = {
  addClient(client: ClientId): void;
  removeClient(client: ClientId): void;
  /** A slave's resources joined or left the pool that shares are fractions of. */
  addTotal(resources: Resources): void;
  removeTotal(resources: Resources): void;
  allocated(client: ClientId, resources: Resources): void;
  unallocated(client: ClientId, resources: Resources): void;
  /** Every client, the one owed most first. */
  order(): readonly ClientId[];
};
