import type { Branded } from "../base/brand.ts";

export type SlaveId = Branded<string, "SlaveId">;
export type FrameworkId = Branded<string, "FrameworkId">;
export type OfferId = Branded<string, "OfferId">;
export type TaskId = Branded<string, "TaskId">;

export const SlaveId = (text: string): SlaveId => text as SlaveId;
export const FrameworkId = (text: string): FrameworkId => text as FrameworkId;
export const OfferId = (text: string): OfferId => text as OfferId;
export const TaskId = (text: string): TaskId => text as TaskId;

/** Longest id a framework may choose, in bytes: ids become directory names. */
const idLengthMax = 255;

/** What most ids are made of: no more need be asked of them. */
const plainId = /^[\w-]{1,255}$/;

/** What is wrong with an id that a framework chose, or undefined. The rules are Mesos's (`common/validation`). */
export function idFault(id: string): string | undefined {
  if (plainId.test(id)) return undefined;
  if (id.length === 0) return "is empty";
  if (new TextEncoder().encode(id).length > idLengthMax) return `is longer than ${idLengthMax} bytes`;
  if (id === "." || id === "..") return "is . or ..";
  const bad = [...id].find((char) => char === "/" || char === "\\" || char < " " || char === "\x7f");
  return bad === undefined ? undefined : `contains ${JSON.stringify(bad)}`;
}
