import type { Branded } from "../../base/brand.ts";
import type { FrameworkId } from "../../protocol/ids.ts";

/** Who is owed a share: one framework in one of its roles. */
export type ClientId = Branded<string, "ClientId">;

/** No framework's id contains a slash, so no two clients are alike. */
export function clientId(frameworkId: FrameworkId, role: string): ClientId {
  return `${frameworkId}/${role}` as ClientId;
}
