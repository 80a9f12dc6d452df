import { nanoid } from "nanoid";
import type { Ids } from "../actors/world.ts";

/** Identifiers of 21 characters and 126 bits: no two are ever alike, on however many hosts. */
export const systemIds: Ids = { next: () => nanoid() };
