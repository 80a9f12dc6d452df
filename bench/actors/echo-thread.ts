/** The other thread of the cross-thread shapes: one player. */

import { KindTable } from "../../src/actors/link/kind-table.ts";
import { hostThread } from "../../src/runtime/thread-host.ts";
import { benchTable, player } from "./behaviours.ts";

hostThread({
  kinds: new KindTable([benchTable]),
  equip: () => ({ log: () => {} }),
  assemble(system) {
    system.spawn(player, null, { name: "player" });
    return {};
  },
});
