/** The module `mesolite:wordcount`: the steps of a word count as function tasks. */

import { collectCounts } from "./collect.ts";
import { countChunk } from "./map.ts";
import { planChunks } from "./plan.ts";
import { recorded } from "./record.ts";
import { mergePartition } from "./reduce.ts";

export const plan = recorded("plan", planChunks);
export const map = recorded("map", countChunk);
export const reduce = recorded("reduce", mergePartition);
export const collect = recorded("collect", collectCounts);
