import type { Credential } from "../http/guards/credentials-file.ts";
import { callOperator, fetchSandboxFile } from "../http/master-client.ts";

type Sandbox = { readonly hostPort: string; readonly directory: string };
type OutputFile = "stdout" | "stderr";
type Stream = { readonly file: OutputFile; readonly to: NodeJS.WritableStream; offset: number };

/** Pause between two looks at a file, in milliseconds. */
const pollMs = 100;

/**
 * Prints what a task writes, both streams to their own, while it runs and to the last byte. Bytes go from the slave's
 * HTTP door straight to here: the master is asked only where the task is.
 */
export class TaskOutput {
  readonly #master: string;
  readonly #credential: Credential | undefined;
  readonly #frameworkId: string;
  readonly #taskId: string;
  readonly #streams: readonly Stream[];
  #sandbox: Sandbox | undefined;
  #over = false;
  /** Why the last look brought nothing, in words. */
  #fault: string | undefined;

  /** `streams`: what goes where; by default each file of the task to our stream of its name. */
  constructor(
    master: string,
    credential: Credential | undefined,
    { frameworkId, taskId }: { readonly frameworkId: string; readonly taskId: string },
    streams: Partial<Record<OutputFile, NodeJS.WritableStream>> = { stdout: process.stdout, stderr: process.stderr },
  ) {
    this.#streams = Object.entries(streams).map(([file, to]) => ({ file: file as OutputFile, to, offset: 0 }));
    this.#master = master;
    this.#credential = credential;
    this.#frameworkId = frameworkId;
    this.#taskId = taskId;
  }

  /** Follows the task until `finish` is called. Resolves with what is wrong if in the end there was nothing to read. */
  async follow(slaveId: string): Promise<string | undefined> {
    this.#sandbox = await this.#locate(slaveId);
    while (!this.#over) {
      await this.#copy();
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
    await this.#copy();
    return this.#fault;
  }

  /** The task has ended: what is in its files now is all there will be. */
  finish(): void {
    this.#over = true;
  }

  async #copy(): Promise<void> {
    for (const stream of this.#streams) {
      while (await this.#copyPart(stream));
    }
  }

  /** True while there is more. A file that is not there yet, or a slave that is gone, has nothing for now. */
  async #copyPart(stream: Stream): Promise<boolean> {
    if (this.#sandbox === undefined) return false;
    const { hostPort, directory } = this.#sandbox;
    const part = await fetchSandboxFile(hostPort, `${directory}/${stream.file}`, stream.offset, this.#credential);
    this.#fault = part.ok ? undefined : part.error.message;
    if (!part.ok || part.value.bytes.byteLength === 0) return false;
    stream.offset += part.value.bytes.byteLength;
    stream.to.write(part.value.bytes);
    return stream.offset < part.value.size;
  }

  async #locate(slaveId: string): Promise<Sandbox | undefined> {
    const answer = await callOperator(this.#master, { type: "GET_AGENTS" }, this.#credential);
    this.#fault = answer.ok ? `the master no longer knows slave ${slaveId}` : answer.error.message;
    if (!answer.ok) return undefined;
    const agent = answer.value.get_agents.agents.find(({ agent_info }) => agent_info.id.value === slaveId);
    if (agent === undefined) return undefined;
    this.#fault = `slave ${slaveId} serves no files`;
    if (agent.agent_info.port === 0) return undefined;
    const { hostname, port } = agent.agent_info;
    const directory = `/frameworks/${this.#frameworkId}/executors/${this.#taskId}/runs/latest`;
    return { hostPort: `${hostname}:${port}`, directory };
  }
}
