import { Labels, Parameters } from "./label-messages.ts";
import { enumeration, map, message, optional, repeated, required } from "./schema.ts";

/** What may be mounted in a container: images, host paths, secrets, volumes of plugins. */

export const Secret = message("Secret", {
  type: optional(enumeration("Secret.Type", { UNKNOWN: 0, REFERENCE: 1, VALUE: 2 }), 1),
  reference: optional(message("Secret.Reference", { name: required("string", 1), key: optional("string", 2) }), 2),
  value: optional(message("Secret.Value", { data: required("bytes", 1) }), 3),
});

const Credential = message("Credential", { principal: required("string", 1), secret: optional("string", 2) });

const Appc = message("Image.Appc", {
  name: required("string", 1),
  id: optional("string", 2),
  labels: optional(Labels, 3),
});

const DockerImage = message("Image.Docker", {
  name: required("string", 1),
  credential: optional(Credential, 2),
  config: optional(Secret, 3),
});

export const Image = message("Image", {
  type: required(enumeration("Image.Type", { APPC: 1, DOCKER: 2 }), 1),
  appc: optional(Appc, 2),
  docker: optional(DockerImage, 3),
  cached: optional("bool", 4, true),
});

const MountPropagation = message("MountPropagation", {
  mode: optional(enumeration("MountPropagation.Mode", { UNKNOWN: 0, HOST_TO_CONTAINER: 1, BIDIRECTIONAL: 2 }), 1),
});

const DockerVolume = message("Volume.Source.DockerVolume", {
  driver: optional("string", 1),
  name: required("string", 2),
  driver_options: optional(Parameters, 3),
});

const HostPath = message("Volume.Source.HostPath", {
  path: required("string", 1),
  mount_propagation: optional(MountPropagation, 2),
});

const SandboxPath = message("Volume.Source.SandboxPath", {
  type: optional(enumeration("Volume.Source.SandboxPath.Type", { UNKNOWN: 0, SELF: 1, PARENT: 2 }), 1),
  path: required("string", 2),
});

const AccessMode = message("Volume.Source.CSIVolume.VolumeCapability.AccessMode", {
  mode: required(
    enumeration("Volume.Source.CSIVolume.VolumeCapability.AccessMode.Mode", {
      UNKNOWN: 0,
      SINGLE_NODE_WRITER: 1,
      SINGLE_NODE_READER_ONLY: 2,
      MULTI_NODE_READER_ONLY: 3,
      MULTI_NODE_SINGLE_WRITER: 4,
      MULTI_NODE_MULTI_WRITER: 5,
    }),
    1,
  ),
});

/** At most one of `block` and `mount`. */
const VolumeCapability = message("Volume.Source.CSIVolume.VolumeCapability", {
  block: optional(message("Volume.Source.CSIVolume.VolumeCapability.BlockVolume", {}), 1),
  mount: optional(
    message("Volume.Source.CSIVolume.VolumeCapability.MountVolume", {
      fs_type: optional("string", 1),
      mount_flags: repeated("string", 2),
    }),
    2,
  ),
  access_mode: required(AccessMode, 3),
});

const StaticProvisioning = message("Volume.Source.CSIVolume.StaticProvisioning", {
  volume_id: required("string", 1),
  volume_capability: required(VolumeCapability, 2),
  node_stage_secrets: map(Secret, 3),
  node_publish_secrets: map(Secret, 4),
  volume_context: map("string", 5),
});

const CSIVolume = message("Volume.Source.CSIVolume", {
  plugin_name: required("string", 1),
  static_provisioning: optional(StaticProvisioning, 2),
});

const VolumeSource = message("Volume.Source", {
  type: optional(
    enumeration("Volume.Source.Type", {
      UNKNOWN: 0,
      DOCKER_VOLUME: 1,
      SANDBOX_PATH: 2,
      SECRET: 3,
      HOST_PATH: 4,
      CSI_VOLUME: 5,
    }),
    1,
  ),
  docker_volume: optional(DockerVolume, 2),
  sandbox_path: optional(SandboxPath, 3),
  secret: optional(Secret, 4),
  host_path: optional(HostPath, 5),
  csi_volume: optional(CSIVolume, 6),
});

export const Volume = message("Volume", {
  container_path: required("string", 1),
  host_path: optional("string", 2),
  mode: required(enumeration("Volume.Mode", { RW: 1, RO: 2 }), 3),
  image: optional(Image, 4),
  source: optional(VolumeSource, 5),
});
