import { message, optional, repeated, required } from "./schema.ts";

/** Free-form pairs. */

const Label = message("Label", { key: required("string", 1), value: optional("string", 2) });
export const Labels = message("Labels", { labels: repeated(Label, 1) });

export const Parameter = message("Parameter", { key: required("string", 1), value: required("string", 2) });
export const Parameters = message("Parameters", { parameter: repeated(Parameter, 1) });
