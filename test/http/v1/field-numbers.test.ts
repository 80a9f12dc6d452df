import { fileURLToPath } from "node:url";
import protobuf from "protobufjs";
import { describe, expect, test } from "vitest";
import { type Entry, type Enumeration, type Message, typeOf } from "../../../src/http/v1/schema.ts";
import { everyMessage } from "./any-message.ts";

/**
 * Numbers are the protocol. These rows are typed by hand from what Mesos publishes, and not taken from the schema:
 * `!` required, `*` repeated, `%` map, `#` the number, `=` the declared default.
 */
const rows: Readonly<Record<string, string>> = {
  "scheduler.Call":
    "framework_id#1 type#2 subscribe#3 accept#4 decline#5 kill#6 shutdown#7 acknowledge#8 reconcile#9 message#10 " +
    "request#11 accept_inverse_offers#13 decline_inverse_offers#14 revive#15 suppress#16 " +
    "acknowledge_operation_status#17 reconcile_operations#18 update_framework#19",
  "scheduler.Call.Subscribe": "!framework_info#1 *suppressed_roles#2 offer_constraints#3",
  "scheduler.Call.Accept": "*offer_ids#1 *operations#2 filters#3",
  "scheduler.Call.Decline": "*offer_ids#1 filters#2",
  "scheduler.Call.Revive": "*roles#1",
  "scheduler.Call.Kill": "!task_id#1 agent_id#2 kill_policy#3",
  "scheduler.Call.Shutdown": "!executor_id#1 !agent_id#2",
  "scheduler.Call.Acknowledge": "!agent_id#1 !task_id#2 !uuid#3",
  "scheduler.Call.Reconcile": "*tasks#1",
  "scheduler.Call.Reconcile.Task": "!task_id#1 agent_id#2",
  "scheduler.Call.Message": "!agent_id#1 !executor_id#2 !data#3",
  "scheduler.Call.Request": "*requests#1",
  Request: "agent_id#1 *resources#2",
  "scheduler.Call.Suppress": "*roles#1",
  "scheduler.Call.AcceptInverseOffers": "*inverse_offer_ids#1 filters#2",
  "scheduler.Call.DeclineInverseOffers": "*inverse_offer_ids#1 filters#2",
  "scheduler.Call.AcknowledgeOperationStatus": "agent_id#1 resource_provider_id#2 !uuid#3 !operation_id#4",
  "scheduler.Call.ReconcileOperations": "*operations#1",
  "scheduler.Call.ReconcileOperations.Operation": "!operation_id#1 agent_id#2 resource_provider_id#3",
  "scheduler.Call.UpdateFramework": "!framework_info#1 *suppressed_roles#2 offer_constraints#3",
  "scheduler.Event":
    "type#1 subscribed#2 offers#3 rescind#4 update#5 message#6 failure#7 error#8 inverse_offers#9 " +
    "rescind_inverse_offer#10 update_operation_status#11",
  "scheduler.Event.Subscribed": "!framework_id#1 heartbeat_interval_seconds#2 master_info#3",
  "scheduler.Event.Offers": "*offers#1",
  "scheduler.Event.Rescind": "!offer_id#1",
  "scheduler.Event.Update": "!status#1",
  "scheduler.Event.Message": "!agent_id#1 !executor_id#2 !data#3",
  "scheduler.Event.Failure": "agent_id#1 executor_id#2 status#3",
  "scheduler.Event.Error": "!message#1",
  "scheduler.Event.InverseOffers": "*inverse_offers#1",
  "scheduler.Event.RescindInverseOffer": "!inverse_offer_id#1",
  "scheduler.Event.UpdateOperationStatus": "!status#1",
  "scheduler.Response": "type#1 reconcile_operations#2",
  "scheduler.Response.ReconcileOperations": "*operation_statuses#1",
  "Offer.Operation":
    "type#1 launch#2 reserve#3 unreserve#4 create#5 destroy#6 launch_group#7 id#12 grow_volume#13 shrink_volume#14 " +
    "create_disk#15 destroy_disk#16",
  "Offer.Operation.LaunchGroup": "!executor#1 !task_group#2",
  "Offer.Operation.Reserve": "*resources#1 *source#2",
  "Offer.Operation.GrowVolume": "!volume#1 !addition#2",
  "Offer.Operation.ShrinkVolume": "!volume#1 !subtract#2",
  "Offer.Operation.CreateDisk": "!source#1 !target_type#2 target_profile#3",
  "Offer.Operation.DestroyDisk": "!source#1",
  InverseOffer: "!id#1 url#2 !framework_id#3 agent_id#4 !unavailability#5 *resources#6",
  OperationStatus: "operation_id#1 !state#2 message#3 *converted_resources#4 uuid#5 agent_id#6 resource_provider_id#7",
  FrameworkInfo:
    "!user#1 !name#2 id#3 failover_timeout#4=0 checkpoint#5=false role#6 hostname#7 principal#8 webui_url#9 " +
    "*capabilities#10 labels#11 *roles#12 %offer_filters#13",
  Offer:
    "!id#1 !framework_id#2 !agent_id#3 !hostname#4 *resources#5 *executor_ids#6 *attributes#7 url#8 " +
    "unavailability#9 allocation_info#10 domain#11",
  Resource:
    "!name#1 !type#2 scalar#3 ranges#4 set#5 role#6 disk#7 reservation#8 revocable#9 shared#10 allocation_info#11 " +
    "provider_id#12 *reservations#13",
  "Value.Scalar": "!value#1",
  "Value.Range": "!begin#1 !end#2",
  "Value.Ranges": "*range#1",
  "Value.Set": "*item#1",
  "Resource.AllocationInfo": "role#1",
  "Resource.ReservationInfo": "principal#1 labels#2 role#3 type#4",
  "Resource.DiskInfo": "persistence#1 volume#2 source#3",
  "Resource.DiskInfo.Persistence": "!id#1 principal#2",
  "Resource.DiskInfo.Source": "!type#1 path#2 mount#3 id#4 metadata#5 profile#6 vendor#7",
  Attribute: "!name#1 !type#2 scalar#3 ranges#4 text#5 set#6",
  TaskInfo:
    "!name#1 !task_id#2 !agent_id#3 *resources#4 executor#5 data#6 command#7 health_check#8 container#9 labels#10 " +
    "discovery#11 kill_policy#12 check#13 max_completion_time#14 %limits#15 mesolite_function#1000 " +
    "mesolite_simulated#1001",
  "mesolite.Function": "!module#1 !export#2 args#3",
  "mesolite.Simulated": "!duration_ms#1 !outcome#2",
  ExecutorInfo:
    "!executor_id#1 data#4 *resources#5 command#7 framework_id#8 name#9 source#10 container#11 discovery#12 " +
    "shutdown_grace_period#13 labels#14 type#15",
  CommandInfo: "*uris#1 environment#2 value#3 user#5 shell#6=true *arguments#7",
  "CommandInfo.URI": "!value#1 executable#2 extract#3=true cache#4 output_file#5",
  "Environment.Variable": "!name#1 value#2 type#3=VALUE secret#4",
  TaskStatus:
    "!task_id#1 !state#2 data#3 message#4 agent_id#5 timestamp#6 executor_id#7 healthy#8 source#9 reason#10 uuid#11 " +
    "labels#12 container_status#13 unreachable_time#14 check_status#15 limitation#16",
  Task:
    "!name#1 !task_id#2 !framework_id#3 executor_id#4 !agent_id#5 !state#6 *resources#7 *statuses#8 " +
    "status_update_state#9 status_update_uuid#10 labels#11 discovery#12 container#13 user#14 health_check#15 " +
    "kill_policy#16 %limits#17",
  ContainerStatus: "*network_infos#1 cgroup_info#2 executor_pid#3 container_id#4",
  ContainerID: "!value#1 parent#2",
  NetworkInfo: "*groups#3 labels#4 *ip_addresses#5 name#6 *port_mappings#7",
  "NetworkInfo.IPAddress": "protocol#1=IPv4 ip_address#2",
  ContainerInfo:
    "!type#1 *volumes#2 docker#3 hostname#4 mesos#5 *network_infos#7 linux_info#8 rlimit_info#9 tty_info#10",
  Volume: "!container_path#1 host_path#2 !mode#3 image#4 source#5",
  HealthCheck:
    "http#1 delay_seconds#2=15 interval_seconds#3=10 timeout_seconds#4=20 consecutive_failures#5=3 " +
    "grace_period_seconds#6=10 command#7 type#8 tcp#9",
  CheckInfo: "type#1 command#2 http#3 delay_seconds#4=15 interval_seconds#5=10 timeout_seconds#6=20 tcp#7",
  AgentInfo: "!hostname#1 *resources#3 *attributes#5 id#6 port#8=5051 domain#10",
  MasterInfo: "!id#1 !ip#2 !port#3 pid#4 hostname#5 version#6 address#7 domain#8 *capabilities#9",
  DiscoveryInfo: "!visibility#1 name#2 environment#3 location#4 version#5 ports#6 labels#7",
  Ports: "*ports#1",
  Port: "!number#1 name#2 protocol#3 visibility#4 labels#5",
  KillPolicy: "grace_period#1",
  DurationInfo: "!nanoseconds#1",
  TimeInfo: "!nanoseconds#1",
  Filters: "refuse_seconds#1=5",
  URL: "!scheme#1 !address#2 path#3 *query#4 fragment#5",
  Address: "hostname#1 ip#2 !port#3",
  Unavailability: "!start#1 duration#2",
  Label: "!key#1 value#2",
  "OfferFilters.ResourceQuantities": "%quantities#1",
  OfferConstraints: "%role_constraints#1",
  "AttributeConstraint.Predicate":
    "exists#1 not_exists#2 text_equals#3 text_not_equals#4 text_matches#5 text_not_matches#6",
};

/** Every field that is neither a string nor a message nor of an enumeration. */
const scalars: Readonly<Record<string, string>> = {
  double:
    "CheckInfo.delay_seconds CheckInfo.interval_seconds CheckInfo.timeout_seconds Filters.refuse_seconds " +
    "FrameworkInfo.failover_timeout HealthCheck.delay_seconds HealthCheck.grace_period_seconds " +
    "HealthCheck.interval_seconds HealthCheck.timeout_seconds TaskStatus.timestamp Value.Scalar.value " +
    "mesolite.Simulated.duration_ms scheduler.Event.Subscribed.heartbeat_interval_seconds",
  bytes:
    "ExecutorInfo.data Secret.Value.data Task.status_update_uuid TaskInfo.data TaskStatus.data TaskStatus.uuid " +
    "UUID.value mesolite.Function.args scheduler.Call.Acknowledge.uuid " +
    "scheduler.Call.AcknowledgeOperationStatus.uuid scheduler.Call.Message.data scheduler.Event.Message.data",
  bool:
    "CheckStatusInfo.Tcp.succeeded CommandInfo.URI.cache CommandInfo.URI.executable CommandInfo.URI.extract " +
    "CommandInfo.shell ContainerInfo.DockerInfo.force_pull_image ContainerInfo.DockerInfo.privileged " +
    "FrameworkInfo.checkpoint Image.cached LinuxInfo.share_cgroups LinuxInfo.share_pid_namespace " +
    "SeccompInfo.unconfined TaskStatus.healthy",
  int32: "Address.port AgentInfo.port CheckStatusInfo.Command.exit_code scheduler.Event.Failure.status",
  uint32:
    "CgroupInfo.NetCls.classid CheckInfo.Http.port CheckInfo.Tcp.port CheckStatusInfo.Http.status_code " +
    "ContainerInfo.DockerInfo.PortMapping.container_port ContainerInfo.DockerInfo.PortMapping.host_port " +
    "ContainerStatus.executor_pid HealthCheck.HTTPCheckInfo.port HealthCheck.HTTPCheckInfo.statuses " +
    "HealthCheck.TCPCheckInfo.port HealthCheck.consecutive_failures LinuxInfo.shm_size MasterInfo.ip " +
    "MasterInfo.port NetworkInfo.PortMapping.container_port NetworkInfo.PortMapping.host_port Port.number " +
    "TTYInfo.WindowSize.columns TTYInfo.WindowSize.rows",
  int64: "DurationInfo.nanoseconds TimeInfo.nanoseconds",
  uint64: "RLimitInfo.RLimit.hard RLimitInfo.RLimit.soft Value.Range.begin Value.Range.end",
};

const enums: Readonly<Record<string, string>> = {
  "scheduler.Call.Type":
    "UNKNOWN SUBSCRIBE TEARDOWN ACCEPT DECLINE REVIVE KILL SHUTDOWN ACKNOWLEDGE RECONCILE MESSAGE REQUEST SUPPRESS " +
    "ACCEPT_INVERSE_OFFERS DECLINE_INVERSE_OFFERS ACKNOWLEDGE_OPERATION_STATUS RECONCILE_OPERATIONS UPDATE_FRAMEWORK",
  "scheduler.Event.Type":
    "UNKNOWN SUBSCRIBED OFFERS RESCIND UPDATE MESSAGE FAILURE ERROR HEARTBEAT INVERSE_OFFERS RESCIND_INVERSE_OFFER " +
    "UPDATE_OPERATION_STATUS",
  "FrameworkInfo.Capability.Type":
    "UNKNOWN REVOCABLE_RESOURCES TASK_KILLING_STATE GPU_RESOURCES SHARED_RESOURCES PARTITION_AWARE MULTI_ROLE " +
    "RESERVATION_REFINEMENT REGION_AWARE",
  "Offer.Operation.Type":
    "UNKNOWN LAUNCH RESERVE UNRESERVE CREATE DESTROY LAUNCH_GROUP - - - - GROW_VOLUME SHRINK_VOLUME CREATE_DISK " +
    "DESTROY_DISK",
  TaskState:
    "TASK_STARTING TASK_RUNNING TASK_FINISHED TASK_FAILED TASK_KILLED TASK_LOST TASK_STAGING TASK_ERROR TASK_KILLING " +
    "TASK_DROPPED TASK_UNREACHABLE TASK_GONE TASK_GONE_BY_OPERATOR TASK_UNKNOWN",
  "TaskStatus.Source": "SOURCE_MASTER SOURCE_AGENT SOURCE_EXECUTOR",
  "TaskStatus.Reason":
    "COMMAND_EXECUTOR_FAILED EXECUTOR_TERMINATED EXECUTOR_UNREGISTERED FRAMEWORK_REMOVED GC_ERROR " +
    "INVALID_FRAMEWORKID INVALID_OFFERS MASTER_DISCONNECTED CONTAINER_LIMITATION_MEMORY RECONCILIATION " +
    "AGENT_DISCONNECTED AGENT_REMOVED AGENT_RESTARTED AGENT_UNKNOWN TASK_INVALID TASK_UNAUTHORIZED TASK_UNKNOWN " +
    "CONTAINER_PREEMPTED RESOURCES_UNKNOWN CONTAINER_LIMITATION CONTAINER_LIMITATION_DISK CONTAINER_LAUNCH_FAILED " +
    "CONTAINER_UPDATE_FAILED EXECUTOR_REGISTRATION_TIMEOUT EXECUTOR_REREGISTRATION_TIMEOUT TASK_GROUP_INVALID " +
    "TASK_GROUP_UNAUTHORIZED IO_SWITCHBOARD_EXITED TASK_CHECK_STATUS_UPDATED TASK_HEALTH_CHECK_STATUS_UPDATED " +
    "TASK_KILLED_DURING_LAUNCH AGENT_REMOVED_BY_OPERATOR AGENT_REREGISTERED MAX_COMPLETION_TIME_REACHED AGENT_DRAINING",
  OperationState: "UNSUPPORTED PENDING FINISHED FAILED ERROR DROPPED UNREACHABLE GONE_BY_OPERATOR RECOVERING UNKNOWN",
  "Value.Type": "SCALAR RANGES SET TEXT",
  "Resource.DiskInfo.Source.Type": "UNKNOWN PATH MOUNT BLOCK RAW",
  "Resource.ReservationInfo.Type": "UNKNOWN STATIC DYNAMIC",
  "ExecutorInfo.Type": "UNKNOWN DEFAULT CUSTOM",
  "ContainerInfo.Type": "- DOCKER MESOS",
  "Volume.Mode": "- RW RO",
  "HealthCheck.Type": "UNKNOWN COMMAND HTTP TCP",
  "MasterInfo.Capability.Type": "UNKNOWN AGENT_UPDATE AGENT_DRAINING QUOTA_V2",
  "AgentInfo.Capability.Type":
    "UNKNOWN MULTI_ROLE HIERARCHICAL_ROLE RESERVATION_REFINEMENT RESOURCE_PROVIDER RESIZE_VOLUME " +
    "AGENT_OPERATION_FEEDBACK AGENT_DRAINING TASK_RESOURCE_LIMITS",
  "DiscoveryInfo.Visibility": "FRAMEWORK CLUSTER EXTERNAL",
};

test.each(Object.entries(rows))("%s has the fields that Mesos gives it", (name, row) => {
  expect(named(name).entries.map(notation).join(" ")).toBe(row);
});

test.each(Object.entries(scalars))("what is %s in Mesos is %s here, and nothing else is", (type, fields) => {
  const ours = everyMessage.flatMap(({ name, entries }) =>
    entries.filter((entry) => entry.type === type).map((entry) => `${name}.${entry.name}`),
  );
  expect(ours.sort()).toStrictEqual(fields.split(" "));
});

test.each(Object.entries(enums))("the names of %s have the numbers that Mesos gives them", (name, list) => {
  const { nameOf } = enumerations().get(name) ?? { nameOf: new Map<number, string>() };
  const names = Array.from({ length: Math.max(...nameOf.keys()) + 1 }, (_, number) => nameOf.get(number) ?? "-");
  expect(names.map((value) => value.replace(/^(REASON|OPERATION)_/, "")).join(" ")).toBe(list);
});

describe("the descriptors that mesos-framework carries, of Mesos 0.28", () => {
  /** What Mesos has changed since, and `role`, whose default is deprecated and thus not written. */
  const changed = new Set([
    "FrameworkInfo.role",
    "Resource.role",
    "Offer.Operation.type",
    "Value.Range.begin",
    "Value.Range.end",
    "Resource.DiskInfo.Source.Path.root",
    "Resource.DiskInfo.Source.Mount.root",
    "ExecutorInfo.command",
    "Environment.Variable.value",
    "NetworkInfo.protocol",
    "NetworkInfo.ip_address",
    "NetworkInfo.IPAddress.protocol",
    "HealthCheck.http",
    "MasterInfo.port",
    "scheduler.Event.Offers.inverse_offers",
  ]);

  test("agree with the schema in each field that was there then", () => {
    const file = fileURLToPath(import.meta.resolve("mesos-framework/proto/0.28.2/scheduler.proto"));
    const mesos = new protobuf.Root().loadSync(file, { keepCase: true }).lookup("mesos");
    const fields = everyMessage.flatMap((message) => {
      const path = message.name.split(".");
      const found = mesos instanceof protobuf.Namespace ? mesos.get(path[0] ?? "") : null;
      const type = path
        .slice(1)
        .reduce((outer, name) => (outer as protobuf.Namespace | null)?.get(name) ?? null, found);
      if (!(type instanceof protobuf.Type)) return [];
      return type.fieldsArray
        .map((field) => ({ field, name: `${message.name}.${field.name}`, own: message.fields[field.name] }))
        .filter(({ name }) => !changed.has(name));
    });
    expect(fields.length).toBeGreaterThan(250);
    for (const { field, name, own } of fields) {
      const presence = field.repeated ? "repeated" : field.required ? "required" : "optional";
      expect({ name, ...own, type: own && typeName(own) }).toMatchObject({
        number: field.id,
        presence,
        type: field.type.split(".").at(-1),
        declaredDefault: field.options?.["default"],
      });
    }
  });
});

function named(name: string): Message {
  const found = everyMessage.find((message) => message.name === name);
  expect(found, `${name} is in the schema`).toBeDefined();
  return found as Message;
}

function notation(entry: Entry): string {
  const mark = { required: "!", optional: "", repeated: "*", map: "%" }[entry.presence];
  const fallback = entry.declaredDefault === undefined ? "" : `=${entry.declaredDefault}`;
  return `${mark}${entry.name}#${entry.number}${fallback}`;
}

function enumerations(): ReadonlyMap<string, Enumeration> {
  const types = everyMessage.flatMap(({ entries }) => entries.map(typeOf));
  return new Map(
    types.flatMap((type) => (typeof type === "object" && type.kind === "enumeration" ? [[type.name, type]] : [])),
  );
}

function typeName(field: Message["fields"][string]): string | undefined {
  const type = typeOf(field);
  return typeof type === "string" ? type : type.name.split(".").at(-1);
}
