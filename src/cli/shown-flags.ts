/**
 * The options of a daemon that everybody may see, with their names in Mesos where it has them. What is not in the list is
 * not shown: a new option may be a secret.
 */
const shown = {
  host: "ip",
  port: "port",
  bridgePort: "bridge_port",
  advertise: "advertise",
  data: "work_dir",
  workDir: "work_dir",
  registry: "registry",
  hostname: "hostname",
  insecure: "insecure",
  timeouts: "timeouts",
  logLevel: "logging_level",
  rootSubmissions: "root_submissions",
  allocator: "allocator",
  minAllocatableResources: "min_allocatable_resources",
  offerTimeout: "offer_timeout",
  allocationInterval: "allocation_interval",
  rateLimits: "rate_limits",
  maxOutstandingOffers: "max_outstanding_offers",
  authenticateHttpReadonly: "authenticate_http_readonly",
  authenticateHttpReadwrite: "authenticate_http_readwrite",
  authenticateHttpFrameworks: "authenticate_http_frameworks",
} as const;

/** What `GET /flags` tells: all values are texts, as in Mesos. */
export function shownFlags(options: object): Readonly<Record<string, string>> {
  const given = Object.entries(shown).map(
    ([name, flag]) => [flag, (options as Record<string, unknown>)[name]] as const,
  );
  return Object.fromEntries(
    given.filter(([, value]) => value !== undefined).map(([flag, value]) => [flag, String(value)]),
  );
}
