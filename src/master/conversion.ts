import { flattened } from "../protocol/reservation.ts";
import { add, type Resources, subtract } from "../protocol/resources.ts";

/** Resources of a slave become reserved, or cease to be. */
export type Conversion = {
  readonly type: "reserve" | "unreserve";
  /** Under the keys of the reservations. */
  readonly resources: Resources;
};

/** What the resources are before it, and after it. */
export function ends({ type, resources }: Conversion): { readonly from: Resources; readonly to: Resources } {
  const plain = flattened(resources);
  return type === "reserve" ? { from: plain, to: resources } : { from: resources, to: plain };
}

/** What a conversion makes of resources that contain those it is about. */
export function converted(resources: Resources, conversion: Conversion): Resources {
  const { from, to } = ends(conversion);
  return add(subtract(resources, from), to);
}
