import { X509Certificate } from "node:crypto";
import { createSecureContext, type TLSSocket } from "node:tls";
import { BridgeFailure } from "./bridge-failure.ts";

/** The certificates of one party, each as PEM text. */
export type BridgeTls = {
  readonly cert: string;
  readonly key: string;
  /** Of the cluster, and of nothing else: whoever it vouches for belongs here. */
  readonly ca: string;
};

export type BridgeRole = "master" | "slave" | "framework";

/**
 * Whom a certificate is for, read from its one subject alternative name of the form `mesolite://ROLE` or
 * `mesolite://ROLE/NODE`, such as `URI:mesolite://slave/slave-7`. With a node, it is good for that node alone.
 * Host names in a certificate mean nothing here: a cluster's CA vouches for parties, wherever they run.
 */
export type CertificateHolder = { readonly role: BridgeRole; readonly node?: string };

const holderPattern = /^mesolite:\/\/(master|slave|framework)(?:\/([a-z0-9-]{1,63}))?$/;
/** One entry of the list that Node makes of alternative names; a value with special characters is a JSON string. */
const namePattern = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/g;

/** What both ends give to TLS. Throws a `BridgeFailure` if certificate, key and CA do not fit. */
export function tlsOptions({ cert, key, ca }: BridgeTls) {
  const options = { cert, key, ca, minVersion: "TLSv1.3" } as const;
  try {
    createSecureContext(options);
  } catch (cause) {
    const message = `the certificates of the bridge are no use: ${(cause as Error).message}`;
    throw new BridgeFailure(`${message}; check --tls-cert, --tls-key and --tls-ca`, { code: "certificate", cause });
  }
  return options;
}

/** Throws a `BridgeFailure` unless this is a master's certificate: slaves and frameworks may only dial. */
export function requireListener({ cert }: BridgeTls): void {
  const holder = holderOf(new X509Certificate(cert));
  if (typeof holder === "object" && holder.role === "master") return;
  const found = typeof holder === "string" ? holder : `it is for a ${holder.role}`;
  throw new BridgeFailure(`the certificate of a listener must name mesolite://master, and ${found}`, {
    code: "certificate",
  });
}

/** The one node that a certificate is good for; undefined when it is good for any. Throws a `BridgeFailure` if it is no use. */
export function certificateNode(tls: BridgeTls): string | undefined {
  tlsOptions(tls);
  const holder = holderOf(new X509Certificate(tls.cert));
  return typeof holder === "string" ? undefined : holder.node;
}

/** Why the peer at the other end of a TLS connection may not be what it says it is, or undefined when it may. */
export function certificateFault(socket: TLSSocket, peer: "dialler" | "listener", node: string): string | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return "the peer has no certificate";
  if (!socket.authorized) return `the peer's certificate is not of this cluster's CA (${socket.authorizationError})`;
  const holder = holderOf(certificate);
  if (typeof holder === "string") return `the peer's certificate is no use: ${holder}`;
  if (peer === "listener" && holder.role !== "master") return `a ${holder.role} may dial, and must not be dialled`;
  if (holder.node !== undefined && holder.node !== node) {
    return `the peer's certificate is for the node ${holder.node}, and it says it is ${node}`;
  }
  return undefined;
}

/** Whom a certificate is for, or why nobody can tell. */
export function holderOf({ subjectAltName = "" }: Pick<X509Certificate, "subjectAltName">): CertificateHolder | string {
  const holders = [...subjectAltName.matchAll(namePattern)].flatMap(([, kind, value = ""]) => {
    const match = kind === "URI" ? holderPattern.exec(value) : null;
    return match === null ? [] : [match];
  });
  const [found] = holders;
  if (found === undefined) return "it names no mesolite://ROLE among its alternative names";
  if (holders.length > 1) return "it names more than one mesolite://ROLE";
  const [, role, node] = found;
  return { role: role as BridgeRole, ...(node === undefined ? {} : { node }) };
}
