import type { IncomingHttpHeaders } from "node:http";
import { ok, type Result, refused } from "../../base/result.ts";
import type { Refusal } from "./admission.ts";
import type { Credential } from "./credentials-file.ts";
import { Secret } from "./secret.ts";

/**
 * Who asks: HTTP Basic, as in Mesos. A *realm* is a group of routes for which authentication is turned on or off as one.
 * Every route belongs to the realm of its server's reads unless it names another, so a new route is never open by
 * oversight.
 */

/** The realms and the switches that turn them on. */
export const realmSwitches = {
  "mesos-master-readonly": "--authenticate-http-readonly",
  "mesos-master-readwrite": "--authenticate-http-readwrite",
  "mesos-master-scheduler": "--authenticate-http-frameworks",
  "mesos-agent-readonly": "--authenticate-http-readonly",
} as const;

export type Realm = keyof typeof realmSwitches;

/** What a route may say of itself: the realm it is in, or that it finds out from the call and checks by itself. */
export type RouteRealm = Realm | "by-call";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Default: the realm of the server's reads. */
    readonly realm?: RouteRealm;
  }
  interface FastifyRequest {
    /** Who asks; undefined where authentication is off. */
    principal: string | undefined;
  }
}

/** Realms of a server, that of its reads first. */
type Realms = readonly [Realm, ...Realm[]];

export const masterRealms: Realms = ["mesos-master-readonly", "mesos-master-readwrite", "mesos-master-scheduler"];
export const agentRealms: Realms = ["mesos-agent-readonly"];

/**
 * Paths that nobody has to authenticate for, with and without the prefix of a Mesos process. The bridge is among them
 * because slaves and frameworks ask for its port before they have any connection, and the bridge then has them prove
 * the cluster's secret: whoever reads the port has gained nothing.
 */
const openPaths: ReadonlySet<string> = new Set(["/health", "/version", "/redirect", "/mesolite/bridge"]);

/** The principal of somebody who has proved it, or undefined where nobody has to. */
export type Caller = { readonly principal: string | undefined };

export class Authenticator {
  readonly realms: Realms;
  readonly #secrets: ReadonlyMap<string, Secret>;
  readonly #required: ReadonlySet<Realm>;

  /** `required`: the realms that are turned on; none unless told. */
  constructor(realms: Realms, credentials: readonly Credential[] = [], required: readonly Realm[] = []) {
    this.realms = realms;
    this.#secrets = new Map(credentials.map(({ principal, secret }) => [principal, secret]));
    this.#required = new Set(required);
  }

  requires(realm: Realm): boolean {
    return this.#required.has(realm);
  }

  /** The realms that anybody may use. */
  get open(): readonly Realm[] {
    return this.realms.filter((realm) => !this.requires(realm));
  }

  /** The realm that a request for a route has to be checked in, if any. `url` is the route's pattern. */
  realmOf(url: string, named: RouteRealm | undefined): Realm | undefined {
    if (named === "by-call" || openPaths.has(url.replace(/^\/(master|slave\(1\))(?=\/)/, ""))) return undefined;
    return named ?? this.realms[0];
  }

  /** Credentials that are sent although nobody asked for them are ignored: some clients always send theirs. */
  check(headers: IncomingHttpHeaders, realm: Realm): Result<Caller, Refusal> {
    if (!this.requires(realm)) return ok({ principal: undefined });
    const given = basicCredential(headers.authorization);
    if (given === undefined) {
      return refused(this.#challenge(realm, "this needs a principal and a secret (HTTP Basic authentication)"));
    }
    if (given.principal === "") return refused({ status: 403, message: "the principal is empty" });
    // A principal that nobody has takes as long as one with another secret.
    const secret = this.#secrets.get(given.principal);
    const proved = (secret ?? nobody).equals(given.secret);
    if (secret !== undefined && proved) return ok({ principal: given.principal });
    return refused(this.#challenge(realm, "no such principal, or another secret"));
  }

  #challenge(realm: Realm, message: string): Refusal {
    return { status: 401, message, challenge: `Basic realm="${realm}"` };
  }
}

const nobody = new Secret("");

/** What an `Authorization` header says, or undefined when it is no Basic credential. */
function basicCredential(
  header: string | undefined,
): { readonly principal: string; readonly secret: string } | undefined {
  const [, encoded = ""] = /^basic +([a-z0-9+/]+={0,2})$/i.exec(header?.trim() ?? "") ?? [];
  const text = Buffer.from(encoded, "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon === -1 ? undefined : { principal: text.slice(0, colon), secret: text.slice(colon + 1) };
}
