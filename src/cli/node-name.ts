import { randomBytes } from "node:crypto";
import { certificateNode } from "../runtime/bridge-tls.ts";
import { type CredentialFiles, credentialsFrom } from "./credentials.ts";

/**
 * What a process is called in its cluster: as its certificate says, or after its part in it. There is one master; any
 * other part has digits behind it that nobody else has, since pids repeat on other hosts and in containers, and of two
 * nodes with one name the younger takes the place of the older.
 */
export function nodeName(part: "master" | "slave" | "framework" | "run", files: CredentialFiles): string {
  const { tls } = credentialsFrom(files);
  const certified = tls === undefined ? undefined : certificateNode(tls);
  return certified ?? (part === "master" ? part : `${part}-${process.pid}-${randomBytes(4).toString("hex")}`);
}
