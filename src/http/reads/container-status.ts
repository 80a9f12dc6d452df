import type { TaskStatus } from "../../protocol/task.ts";

/**
 * Mesos's `ContainerStatus` of a status that came from where the task runs. Tasks share the network of their slave, so
 * that its address is theirs. `ip`: undefined when the slave is no longer known.
 */
export function containerStatus({ source, containerId, worker }: TaskStatus, ip: string | undefined) {
  if (source === "master" && containerId === undefined && worker === undefined) return {};
  return {
    container_status: {
      ...(containerId === undefined ? {} : { container_id: { value: containerId } }),
      ...(ip === undefined
        ? {}
        : { network_infos: [{ ip_addresses: [{ protocol: protocolOf(ip), ip_address: ip }] }] }),
      ...(worker !== undefined && /^\d+$/.test(worker) ? { executor_pid: Number(worker) } : {}),
    },
  };
}

function protocolOf(ip: string): "IPv4" | "IPv6" {
  return ip.includes(":") ? "IPv6" : "IPv4";
}
