import { readFileSync } from "node:fs";

const manifest = new URL("../../package.json", import.meta.url);

/** This release: the version of the nearest package.json, in the checkout as in the published package. */
export const version: string = (JSON.parse(readFileSync(manifest, "utf8")) as { readonly version: string }).version;
