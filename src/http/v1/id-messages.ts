import { type Field, type Message, message, optional, required } from "./schema.ts";

/** Ids, and the times that stand beside them. Each is a message of one field, so that Mesos could add to it. */

export const FrameworkID = message("FrameworkID", { value: required("string", 1) });
export const OfferID = message("OfferID", { value: required("string", 1) });
export const AgentID = message("AgentID", { value: required("string", 1) });
export const TaskID = message("TaskID", { value: required("string", 1) });
export const ExecutorID = message("ExecutorID", { value: required("string", 1) });
export const ResourceProviderID = message("ResourceProviderID", { value: required("string", 1) });
export const OperationID = message("OperationID", { value: required("string", 1) });

/** 16 bytes. */
export const UUID = message("UUID", { value: required("bytes", 1) });

/** Written out, because TypeScript cannot infer a type from itself. */
export type ContainerIdFields = {
  readonly value: Field<"required", "string">;
  readonly parent: Field<"optional", () => Message<ContainerIdFields>>;
};

/** With a parent it is a container within that one. */
export const ContainerID: Message<ContainerIdFields> = message("ContainerID", {
  value: required("string", 1),
  parent: optional(() => ContainerID, 2),
});

/** Since the epoch. */
export const TimeInfo = message("TimeInfo", { nanoseconds: required("int64", 1) });
export const DurationInfo = message("DurationInfo", { nanoseconds: required("int64", 1) });
