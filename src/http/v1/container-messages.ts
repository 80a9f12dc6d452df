import { ContainerID } from "./id-messages.ts";
import { Labels, Parameter } from "./label-messages.ts";
import { enumeration, message, optional, repeated, required } from "./schema.ts";
import { Image, Volume } from "./volume-messages.ts";

/** What a container is to be, and what became of it. */

export const NetworkProtocol = enumeration("NetworkInfo.Protocol", { IPv4: 1, IPv6: 2 });

const IPAddress = message("NetworkInfo.IPAddress", {
  protocol: optional(NetworkProtocol, 1, "IPv4"),
  ip_address: optional("string", 2),
});

const portMapping = {
  host_port: required("uint32", 1),
  container_port: required("uint32", 2),
  protocol: optional("string", 3),
} as const;

const NetworkInfo = message("NetworkInfo", {
  groups: repeated("string", 3),
  labels: optional(Labels, 4),
  ip_addresses: repeated(IPAddress, 5),
  name: optional("string", 6),
  port_mappings: repeated(message("NetworkInfo.PortMapping", portMapping), 7),
});

const DockerInfo = message("ContainerInfo.DockerInfo", {
  image: required("string", 1),
  network: optional(
    enumeration("ContainerInfo.DockerInfo.Network", { HOST: 1, BRIDGE: 2, NONE: 3, USER: 4 }),
    2,
    "HOST",
  ),
  port_mappings: repeated(message("ContainerInfo.DockerInfo.PortMapping", portMapping), 3),
  privileged: optional("bool", 4, false),
  parameters: repeated(Parameter, 5),
  force_pull_image: optional("bool", 6),
  volume_driver: optional("string", 7),
});

const MesosInfo = message("ContainerInfo.MesosInfo", { image: optional(Image, 1) });

/** Numbered from 1000, so that 0 can stand for what is not known. */
const LinuxCapability = enumeration("CapabilityInfo.Capability", {
  UNKNOWN: 0,
  CHOWN: 1000,
  DAC_OVERRIDE: 1001,
  DAC_READ_SEARCH: 1002,
  FOWNER: 1003,
  FSETID: 1004,
  KILL: 1005,
  SETGID: 1006,
  SETUID: 1007,
  SETPCAP: 1008,
  LINUX_IMMUTABLE: 1009,
  NET_BIND_SERVICE: 1010,
  NET_BROADCAST: 1011,
  NET_ADMIN: 1012,
  NET_RAW: 1013,
  IPC_LOCK: 1014,
  IPC_OWNER: 1015,
  SYS_MODULE: 1016,
  SYS_RAWIO: 1017,
  SYS_CHROOT: 1018,
  SYS_PTRACE: 1019,
  SYS_PACCT: 1020,
  SYS_ADMIN: 1021,
  SYS_BOOT: 1022,
  SYS_NICE: 1023,
  SYS_RESOURCE: 1024,
  SYS_TIME: 1025,
  SYS_TTY_CONFIG: 1026,
  MKNOD: 1027,
  LEASE: 1028,
  AUDIT_WRITE: 1029,
  AUDIT_CONTROL: 1030,
  SETFCAP: 1031,
  MAC_OVERRIDE: 1032,
  MAC_ADMIN: 1033,
  SYSLOG: 1034,
  WAKE_ALARM: 1035,
  BLOCK_SUSPEND: 1036,
  AUDIT_READ: 1037,
  PERFMON: 1038,
  BPF: 1039,
  CHECKPOINT_RESTORE: 1040,
});

const CapabilityInfo = message("CapabilityInfo", { capabilities: repeated(LinuxCapability, 1) });

const LinuxInfo = message("LinuxInfo", {
  capability_info: optional(CapabilityInfo, 1),
  bounding_capabilities: optional(CapabilityInfo, 2),
  effective_capabilities: optional(CapabilityInfo, 3),
  share_pid_namespace: optional("bool", 4),
  seccomp: optional(
    message("SeccompInfo", { profile_name: optional("string", 1), unconfined: optional("bool", 2) }),
    5,
  ),
  ipc_mode: optional(enumeration("LinuxInfo.IpcMode", { UNKNOWN: 0, PRIVATE: 1, SHARE_PARENT: 2 }), 6),
  /** Of /dev/shm, in megabytes. */
  shm_size: optional("uint32", 7),
  share_cgroups: optional("bool", 8, true),
});

const RLimitType = enumeration("RLimitInfo.RLimit.Type", {
  UNKNOWN: 0,
  RLMT_AS: 1,
  RLMT_CORE: 2,
  RLMT_CPU: 3,
  RLMT_DATA: 4,
  RLMT_FSIZE: 5,
  RLMT_LOCKS: 6,
  RLMT_MEMLOCK: 7,
  RLMT_MSGQUEUE: 8,
  RLMT_NICE: 9,
  RLMT_NOFILE: 10,
  RLMT_NPROC: 11,
  RLMT_RSS: 12,
  RLMT_RTPRIO: 13,
  RLMT_RTTIME: 14,
  RLMT_SIGPENDING: 15,
  RLMT_STACK: 16,
});

/** With neither `hard` nor `soft` it is no limit. */
const RLimit = message("RLimitInfo.RLimit", {
  type: optional(RLimitType, 1),
  hard: optional("uint64", 2),
  soft: optional("uint64", 3),
});

const RLimitInfo = message("RLimitInfo", { rlimits: repeated(RLimit, 1) });

const WindowSize = message("TTYInfo.WindowSize", { rows: required("uint32", 1), columns: required("uint32", 2) });
const TTYInfo = message("TTYInfo", { window_size: optional(WindowSize, 1) });

export const ContainerInfo = message("ContainerInfo", {
  type: required(enumeration("ContainerInfo.Type", { DOCKER: 1, MESOS: 2 }), 1),
  volumes: repeated(Volume, 2),
  docker: optional(DockerInfo, 3),
  hostname: optional("string", 4),
  mesos: optional(MesosInfo, 5),
  network_infos: repeated(NetworkInfo, 7),
  linux_info: optional(LinuxInfo, 8),
  rlimit_info: optional(RLimitInfo, 9),
  tty_info: optional(TTYInfo, 10),
});

const CgroupInfo = message("CgroupInfo", {
  net_cls: optional(message("CgroupInfo.NetCls", { classid: optional("uint32", 1) }), 1),
});

export const ContainerStatus = message("ContainerStatus", {
  network_infos: repeated(NetworkInfo, 1),
  cgroup_info: optional(CgroupInfo, 2),
  executor_pid: optional("uint32", 3),
  container_id: optional(ContainerID, 4),
});
