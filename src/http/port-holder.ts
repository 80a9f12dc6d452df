import { readdir, readFile, readlink } from "node:fs/promises";

/** A process that listens on a port. */
export type PortHolder = { readonly pid: number; readonly command: string };

/** The state `LISTEN` in `/proc/net/tcp`. */
const listening = "0A";

/**
 * The process of this machine that listens on a TCP port, as far as Linux tells: `/proc/net/tcp` has the socket of the
 * port, and `/proc/PID/fd` who has the socket open. Undefined elsewhere, and for processes of other users.
 */
export async function portHolder(port: number): Promise<PortHolder | undefined> {
  const sockets = new Set([...(await socketsOn("/proc/net/tcp", port)), ...(await socketsOn("/proc/net/tcp6", port))]);
  if (sockets.size === 0) return undefined;
  for (const pid of await entries("/proc")) {
    if (/^\d+$/.test(pid) && (await holdsOne(pid, sockets))) return { pid: Number(pid), command: await commandOf(pid) };
  }
  return undefined;
}

/** Lines are `slot local remote state …`, the tenth column is the inode; addresses are `HEX:PORT`. */
async function socketsOn(table: string, port: number): Promise<readonly string[]> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const text = await readFile(table, "utf8").catch(() => "");
  return text
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns[1]?.endsWith(suffix) === true && columns[3] === listening)
    .map((columns) => `socket:[${columns[9]}]`);
}

async function holdsOne(pid: string, sockets: ReadonlySet<string>): Promise<boolean> {
  for (const descriptor of await entries(`/proc/${pid}/fd`)) {
    const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => "");
    if (sockets.has(target)) return true;
  }
  return false;
}

async function commandOf(pid: string): Promise<string> {
  const name = await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "");
  return name.trim() === "" ? "a process" : name.trim();
}

/** A process may end, or belong to somebody else, while it is looked at. */
async function entries(directory: string): Promise<readonly string[]> {
  return readdir(directory).catch(() => []);
}
