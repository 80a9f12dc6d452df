/** Why what is free on a slave is offered to nobody: what stands in the way of the client that is owed most. */
export const blockers = [
  /** Nothing: it is offered, or nothing is free. */
  "none",
  /** Nobody wants offers. */
  "noDemand",
  /** The slave has gpus, and the client has not said that it knows how to deal with them. */
  "hasGpus",
  /** The slave is none of those that the client wants. */
  "notNamed",
  /** The slave's attributes are not as the client wants them. */
  "constraint",
  /** Less is free than an offer must have. */
  "belowMinimum",
  /** Less is free than the slave wants to have in an offer. */
  "belowMinOffer",
  /** Less is free than the client wants at least. */
  "belowMinFree",
  /** The client has declined as much of the slave, and not long ago. */
  "filtered",
  /** The role has as much as it may. */
  "quota",
  /** All that is free is reserved for others. */
  "reserved",
] as const;

export type Blocker = (typeof blockers)[number];
