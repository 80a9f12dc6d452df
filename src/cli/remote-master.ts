import type { ChildSpec } from "../actors/supervisor.ts";
import { MasterDoor } from "../http/scheduler/master-connection.ts";
import { remoteMasterKeeper } from "../http/scheduler/remote-master.ts";
import { credentialFrom } from "./http-access.ts";
import type { MasterDoorPlan } from "./thread-options.ts";

/** The master of a framework's thread whose door is HTTP. Loaded by that thread alone: it brings all of Mesos's messages. */
export function remoteMasterChild(
  name: string,
  { master, credential }: MasterDoorPlan,
  opened: (close: () => Promise<void> | void) => void,
): ChildSpec {
  const door = new MasterDoor({ master, credential: credentialFrom(credential) });
  opened(() => door.close());
  return remoteMasterKeeper(name, door);
}
