/** What is used here of the npm package mesos-framework 0.5.3, which has no types of its own. */
declare module "mesos-framework" {
  import type { EventEmitter } from "node:events";
  import type { ClientRequest } from "node:http";

  export type TaskPlan = {
    readonly instances: number;
    readonly commandInfo: unknown;
    readonly resources: {
      readonly cpus: number;
      readonly mem: number;
      readonly ports: number;
      readonly disk: number;
    };
  };

  export class Scheduler extends EventEmitter {
    constructor(options: {
      readonly masterUrl: string;
      readonly port: number;
      readonly frameworkName: string;
      /** In seconds. */
      readonly masterConnectionTimeout: number;
      readonly logging: { readonly level: string };
      readonly tasks: { readonly [name: string]: TaskPlan };
    });
    readonly options: { frameworkFailoverTimeout: number; readonly port: number | string };
    mesosStreamId: string | undefined;
    /** The subscription. */
    readonly httpRequest: Partial<ClientRequest>;
    subscribe(): void;
    generateRequestTemplate(): void;
    kill(taskId: string, agentId: string): void;
    reconcile(): void;
    teardown(): void;
  }

  export const Mesos: {
    getMesos(): {
      readonly CommandInfo: new (
        uris: null,
        environment: null,
        shell: boolean,
        value: string,
        argv: null,
        user: null,
      ) => unknown;
      readonly scheduler: {
        readonly Call: new (call: object) => { encode(): { toBuffer(): Buffer } };
        readonly Event: { decode(bytes: Buffer): { encodeJSON(): string } };
      };
    };
  };
}
