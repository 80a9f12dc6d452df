import { ResourceProviderID } from "./id-messages.ts";
import { Labels } from "./label-messages.ts";
import { enumeration, message, optional, repeated, required } from "./schema.ts";
import { Volume } from "./volume-messages.ts";

/** Resources and attributes, and the values both have. */

const ValueType = enumeration("Value.Type", { SCALAR: 0, RANGES: 1, SET: 2, TEXT: 3 });

export const Scalar = message("Value.Scalar", { value: required("double", 1) });

/** Both ends belong to it. */
const Range = message("Value.Range", { begin: required("uint64", 1), end: required("uint64", 2) });
const Ranges = message("Value.Ranges", { range: repeated(Range, 1) });
const ItemSet = message("Value.Set", { item: repeated("string", 1) });
const Text = message("Value.Text", { value: required("string", 1) });

export const Attribute = message("Attribute", {
  name: required("string", 1),
  type: required(ValueType, 2),
  scalar: optional(Scalar, 3),
  ranges: optional(Ranges, 4),
  text: optional(Text, 5),
  set: optional(ItemSet, 6),
});

export const AllocationInfo = message("Resource.AllocationInfo", { role: optional("string", 1) });

const ReservationInfo = message("Resource.ReservationInfo", {
  principal: optional("string", 1),
  labels: optional(Labels, 2),
  role: optional("string", 3),
  type: optional(enumeration("Resource.ReservationInfo.Type", { UNKNOWN: 0, STATIC: 1, DYNAMIC: 2 }), 4),
});

const Persistence = message("Resource.DiskInfo.Persistence", {
  id: required("string", 1),
  principal: optional("string", 2),
});

export const DiskSourceType = enumeration("Resource.DiskInfo.Source.Type", {
  UNKNOWN: 0,
  PATH: 1,
  MOUNT: 2,
  BLOCK: 3,
  RAW: 4,
});

const DiskSource = message("Resource.DiskInfo.Source", {
  type: required(DiskSourceType, 1),
  path: optional(message("Resource.DiskInfo.Source.Path", { root: optional("string", 1) }), 2),
  mount: optional(message("Resource.DiskInfo.Source.Mount", { root: optional("string", 1) }), 3),
  id: optional("string", 4),
  metadata: optional(Labels, 5),
  profile: optional("string", 6),
  vendor: optional("string", 7),
});

const DiskInfo = message("Resource.DiskInfo", {
  persistence: optional(Persistence, 1),
  volume: optional(Volume, 2),
  source: optional(DiskSource, 3),
});

export const Resource = message("Resource", {
  name: required("string", 1),
  type: required(ValueType, 2),
  scalar: optional(Scalar, 3),
  ranges: optional(Ranges, 4),
  set: optional(ItemSet, 5),
  /** Absent means `*`. The field is deprecated, so JSON has it only where it is set: a new-style resource has no role. */
  role: optional("string", 6),
  disk: optional(DiskInfo, 7),
  reservation: optional(ReservationInfo, 8),
  revocable: optional(message("Resource.RevocableInfo", {}), 9),
  shared: optional(message("Resource.SharedInfo", {}), 10),
  allocation_info: optional(AllocationInfo, 11),
  provider_id: optional(ResourceProviderID, 12),
  reservations: repeated(ReservationInfo, 13),
});
