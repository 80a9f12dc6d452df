/**
 * The identifier of a status update as Mesos has it: 16 bytes. Ours are 21 characters of 6 bits, which are 126 bits, so
 * each fits into them and can be read back: they are the first 126 bits, and two zeros follow.
 */
export function uuidBytes(uuid: string): Uint8Array {
  return Buffer.from(`${uuid}A`, "base64url").subarray(0, uuidLength);
}

const uuidLength = 16;

/** Undefined for what cannot be an identifier of an update: Mesos refuses other lengths. */
export function uuidText(bytes: Uint8Array): string | undefined {
  return bytes.length === uuidLength ? Buffer.from(bytes).toString("base64url").slice(0, -1) : undefined;
}
