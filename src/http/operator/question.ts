import { ok, type Result, refused } from "../../base/result.ts";
import type { WhyCall } from "../../protocol/why.ts";
import { noMaster, type Refusal } from "../guards/admission.ts";
import { whyJson } from "./why-json.ts";
import { operateTimeoutMs, type WriteDoor } from "./write.ts";

/** Has the master find out why something is as it is. */
export async function question(
  { system, master }: Pick<WriteDoor, "system" | "master">,
  call: WhyCall,
): Promise<Result<unknown, Refusal>> {
  const to = master();
  if (to === undefined) return refused(noMaster);
  const outcome = await system.question(to, "operate", { call }, operateTimeoutMs);
  if (!outcome.ok) return refused({ status: 503, message: `the master did not answer (${outcome.code}); ask again` });
  if (!outcome.value.done) return refused({ status: outcome.value.status, message: outcome.value.reason });
  const { answer } = outcome.value;
  return answer === undefined ? refused(noMaster) : ok(whyJson(answer));
}
