import type { Context } from "../actors/context.ts";
import type { Lead } from "../protocol/lead.ts";
import type { AllocatorLink } from "./allocator-link.ts";
import type { MasterConfig } from "./config.ts";
import type { Counters } from "./counters.ts";
import type { Frameworks } from "./frameworks.ts";
import type { IdleTime } from "./idle-time.ts";
import type { Maintenance } from "./maintenance.ts";
import type { MasterMailbox } from "./master.ts";
import type { OfferPause } from "./offer-pause.ts";
import type { Offers } from "./offers.ts";
import type { OperationStatuses } from "./operation-statuses.ts";
import type { Operations } from "./operations.ts";
import type { Publisher } from "./publisher.ts";
import type { Registrar } from "./registrar.ts";
import type { Revocations } from "./revocations.ts";
import type { Roles } from "./roles.ts";
import type { Slaves } from "./slaves.ts";
import type { Tasks } from "./tasks.ts";
import type { Why } from "./why.ts";

/** The master's soft state: one noun each, which alone writes its part and is called by its verbs. */
export type MasterState = {
  /** Unique to this term; begins every id that this master makes. */
  readonly id: string;
  readonly lead: Lead;
  readonly ctx: Context<MasterMailbox>;
  readonly config: MasterConfig;
  readonly registrar: Registrar;
  readonly publisher: Publisher;
  readonly counters: Counters;
  readonly allocator: AllocatorLink;
  readonly slaves: Slaves;
  readonly frameworks: Frameworks;
  readonly offers: Offers;
  readonly operations: Operations;
  readonly statuses: OperationStatuses;
  readonly pause: OfferPause;
  readonly roles: Roles;
  readonly tasks: Tasks;
  readonly idleTime: IdleTime;
  readonly why: Why;
  readonly revocations: Revocations;
  readonly maintenance: Maintenance;
};
