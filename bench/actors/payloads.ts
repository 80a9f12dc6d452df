/** A body of about 40 bytes, as most messages of the control plane are. */
export const smallText = "task-0001 is running on slave-0001";

/** A text of so many bytes. */
export function textOf(bytes: number): string {
  return `${smallText}, `.repeat(Math.ceil(bytes / smallText.length)).slice(0, bytes);
}
