import type { Label } from "../../protocol/label.ts";
import type { Labels } from "../v1/label-messages.ts";
import type { ValueOf } from "../v1/schema.ts";

export function labelsFrom({ labels }: ValueOf<typeof Labels>): readonly Label[] {
  return labels.map(({ key, value }) => (value === undefined ? { key } : { key, value }));
}
