import { type Place, placeText } from "../actors/address.ts";
import type { KindTable } from "../actors/link/kind-table.ts";
import type { DownReason } from "../actors/spec.ts";
import { ActorSystem } from "../actors/system.ts";
import type { Clock, Log } from "../actors/world.ts";
import { RealClock } from "./clock.ts";
import { createLog } from "./log.ts";
import type { Heartbeat } from "./thread-facade.ts";
import { type OpenWorld, openWorld, type WorldParts } from "./world.ts";

/** Where a system is and what it shares with its equipment. */
export type Seat = {
  readonly place: Place;
  readonly kinds: KindTable;
  readonly clock: Clock;
};

/** What a thread has of the machine beyond clock and randomness. Default: a log of `info` lines, and nothing else. */
export type Equipment = Partial<Pick<WorldParts, "log" | "transport" | "pool" | "processes">>;

/** A system of actors and the world it runs in. */
export type HostedSystem = {
  readonly system: ActorSystem;
  readonly world: OpenWorld;
  /** Ends every actor, then everything that was opened through the world. */
  close(): Promise<void>;
};

export type MainHostConfig = {
  readonly kinds: KindTable;
  readonly node: string;
  /** Strictly increasing per node name; the time of start in milliseconds will do. */
  readonly epoch: number;
  /** Default: `info` lines on standard error. */
  readonly log?: Log;
  /** The thread that will keep the journals of actors on the main thread. Absent when none of them needs one. */
  readonly storageThread?: string;
  readonly equip?: (seat: Seat) => Equipment;
  /** An actor without a parent has failed: nobody is left to mend it. */
  readonly rootDown?: (path: string, reason: DownReason) => void;
  /** Whether timers alone keep the process alive. Default false. */
  readonly keepAlive?: boolean;
};

/** The actor system of the main thread, which is there before any other. */
export function hostMain(config: MainHostConfig): HostedSystem {
  const { kinds, node, epoch, storageThread, equip, rootDown } = config;
  const place: Place = { node, epoch, thread: "main", threadEpoch: 1 };
  const clock = new RealClock({ keepAlive: config.keepAlive ?? false });
  const equipment = { ...(config.log === undefined ? {} : { log: config.log }), ...equip?.({ place, kinds, clock }) };
  return hostSystem({
    seat: { place, kinds, clock },
    equipment,
    rootDown: rootDown ?? (() => {}),
    ...(storageThread === undefined
      ? {}
      : { storagePlace: placeText({ ...place, thread: storageThread, threadEpoch: 1 }) }),
  });
}

type HostConfig = {
  readonly seat: Seat;
  readonly equipment: Equipment;
  readonly rootDown: (path: string, reason: DownReason) => void;
  readonly storagePlace?: string;
  readonly heartbeat?: Heartbeat;
};

/** One turn of the system per turn of Node's loop: ports, sockets and timers are heard in between. */
export function hostSystem({ seat, equipment, rootDown, storagePlace, heartbeat }: HostConfig): HostedSystem {
  const { place, kinds, clock } = seat;
  const world = openWorld({ log: createLog({ thread: place.thread }), clock, ...equipment });
  const system: ActorSystem = new ActorSystem({
    place,
    world,
    kinds,
    rootDown,
    wake: () => setImmediate(() => system.turn()),
    ...(storagePlace === undefined ? {} : { storagePlace }),
    ...(heartbeat === undefined ? {} : { pulse: heartbeat.pulse }),
  });
  const beating = heartbeat && setInterval(() => Atomics.add(heartbeat.pulse, 0, 1), heartbeat.everyMs).unref();
  return {
    system,
    world,
    async close() {
      clearInterval(beating);
      system.shutdown();
      await world.close();
    },
  };
}
