import { constants, type Stats } from "node:fs";
import { type FileHandle, lstat, open, readdir, readlink, realpath, stat } from "node:fs/promises";
import { join, resolve, sep } from "node:path";

/** Entries of one directory that are listed, the first by name; the rest is left out. */
const entriesMax = 10_000;

/** A file or directory that may be shown, already open: what is read is what was checked. */
export type Opened = { readonly handle: FileHandle; readonly stats: Stats; readonly real: string };

export type FileEntry = {
  readonly path: string;
  readonly nlink: number;
  readonly size: number;
  /** Seconds. */
  readonly mtime: number;
  /** As `ls` prints it, such as `-rw-r--r--`. */
  readonly mode: string;
  readonly uid: string;
  readonly gid: string;
};

/**
 * The sandboxes below a work directory, for reading only. Tasks write there, so nothing in them is trusted: a link out
 * of the sandboxes, a device or a pipe is as absent as a file that does not exist. What else a slave keeps in its work
 * directory, such as its journal, is nobody's to read.
 *
 *     WORK_DIR/slaves/SLAVE/frameworks/FRAMEWORK/executors/EXECUTOR/runs/CONTAINER      and runs/latest, a link
 */
export class Sandbox {
  readonly #slaves: string;

  constructor(workDir: string) {
    this.#slaves = resolve(workDir, "slaves");
  }

  /** The directory that everything shown is below. */
  get root(): string {
    return this.#slaves;
  }

  /** Opens a path: below `WORK_DIR/slaves`, or `/frameworks/…/runs/…` of any slave. Undefined when it may not be seen. */
  async open(path: string): Promise<Opened | undefined> {
    const root = await realpath(this.#slaves).catch(() => undefined);
    const found = root === undefined ? undefined : await this.#find(path, root);
    return root === undefined || found === undefined ? undefined : openResolved(found, root);
  }

  /** What the path stands for, with all links resolved; it may lie anywhere. */
  async #find(path: string, root: string): Promise<string | undefined> {
    const run = /^\/frameworks\/([^/]+)\/executors\/([^/]+)\/runs\/([^/]+)(\/.*)?$/s.exec(path);
    if (run === null) {
      const plain = resolve("/", path);
      // Whether files outside exist is nobody's business: they are not even looked at.
      const inside = isBelow(plain, root) || isBelow(plain, this.#slaves);
      return inside && path.startsWith("/") ? realpath(plain).catch(() => undefined) : undefined;
    }
    const [, framework = "", executor = "", container = "", rest = ""] = run;
    if ([framework, executor, container].some((name) => name === "." || name === "..")) return undefined;
    const slaves = await readdir(root).catch(() => []);
    const runs = slaves.map((slave) =>
      join(root, slave, "frameworks", framework, "executors", executor, "runs", container),
    );
    const newest = await newestOf(runs);
    return newest === undefined ? undefined : realpath(join(newest, rest)).catch(() => undefined);
  }
}

/**
 * Opens a path in which all links are resolved, if it is below the root. A link that is met now was swapped in: the open
 * file is asked where it really is. A pipe must not block the thread that opens it.
 */
export async function openResolved(path: string, root: string): Promise<Opened | undefined> {
  if (!isBelow(path, root)) return undefined;
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const handle = await open(path, flags).catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    const stats = await handle.stat();
    const shown = stats.isFile() || stats.isDirectory();
    if (shown && isBelow(await realPathOf(handle, path), root)) return { handle, stats, real: path };
  } catch {
    // The file is gone since.
  }
  await handle.close();
  return undefined;
}

/** The entries of an open directory, by name. A link is listed as a link. */
export async function listEntries({ handle, real }: Opened, shownAs: string): Promise<readonly FileEntry[]> {
  const directory = process.platform === "linux" ? `/proc/self/fd/${handle.fd}` : real;
  const entries: FileEntry[] = [];
  for (const name of (await readdir(directory)).sort().slice(0, entriesMax)) {
    const stats = await lstat(join(directory, name)).catch(() => undefined);
    if (stats === undefined) continue;
    entries.push({
      path: join(shownAs, name),
      nlink: stats.nlink,
      size: stats.size,
      mtime: Math.floor(stats.mtimeMs / 1000),
      mode: modeText(stats),
      uid: String(stats.uid),
      gid: String(stats.gid),
    });
  }
  return entries;
}

/** Two slaves of one machine may have run the same executor; the later run is meant. */
async function newestOf(paths: readonly string[]): Promise<string | undefined> {
  let newest: { readonly path: string; readonly mtimeMs: number } | undefined;
  for (const path of paths) {
    const stats = await stat(path).catch(() => undefined);
    if (stats !== undefined && stats.mtimeMs >= (newest?.mtimeMs ?? 0)) newest = { path, mtimeMs: stats.mtimeMs };
  }
  return newest?.path;
}

/** Where an open file really is: the kernel's word where it gives one. */
function realPathOf(handle: FileHandle, path: string): Promise<string> {
  return process.platform === "linux" ? readlink(`/proc/self/fd/${handle.fd}`) : realpath(path);
}

function isBelow(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}

function modeText(stats: Stats): string {
  const kind = stats.isDirectory()
    ? "d"
    : stats.isSymbolicLink()
      ? "l"
      : stats.isFIFO()
        ? "p"
        : stats.isSocket()
          ? "s"
          : "-";
  const bits = [...stats.mode.toString(8).slice(-3)].map((digit) => {
    const value = Number(digit);
    return `${value & 4 ? "r" : "-"}${value & 2 ? "w" : "-"}${value & 1 ? "x" : "-"}`;
  });
  return kind + bits.join("");
}
