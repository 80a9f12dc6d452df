import { NetworkProtocol } from "./container-messages.ts";
import { DurationInfo } from "./id-messages.ts";
import { enumeration, message, optional, repeated, required } from "./schema.ts";
import { Secret } from "./volume-messages.ts";

/** Commands, and the checks that run them. */

const EnvironmentVariable = message("Environment.Variable", {
  name: required("string", 1),
  value: optional("string", 2),
  type: optional(enumeration("Environment.Variable.Type", { UNKNOWN: 0, VALUE: 1, SECRET: 2 }), 3, "VALUE"),
  secret: optional(Secret, 4),
});

const Environment = message("Environment", { variables: repeated(EnvironmentVariable, 1) });

const URI = message("CommandInfo.URI", {
  value: required("string", 1),
  executable: optional("bool", 2),
  extract: optional("bool", 3, true),
  cache: optional("bool", 4),
  output_file: optional("string", 5),
});

/** With `shell`, `value` is a line for a shell; without it, a program, and `arguments` are its arguments from the zeroth. */
export const CommandInfo = message("CommandInfo", {
  uris: repeated(URI, 1),
  environment: optional(Environment, 2),
  value: optional("string", 3),
  user: optional("string", 5),
  shell: optional("bool", 6, true),
  arguments: repeated("string", 7),
});

export const CheckType = enumeration("CheckInfo.Type", { UNKNOWN: 0, COMMAND: 1, HTTP: 2, TCP: 3 });

export const CheckInfo = message("CheckInfo", {
  type: optional(CheckType, 1),
  command: optional(message("CheckInfo.Command", { command: required(CommandInfo, 1) }), 2),
  http: optional(message("CheckInfo.Http", { port: required("uint32", 1), path: optional("string", 2) }), 3),
  delay_seconds: optional("double", 4, 15),
  interval_seconds: optional("double", 5, 10),
  timeout_seconds: optional("double", 6, 20),
  tcp: optional(message("CheckInfo.Tcp", { port: required("uint32", 1) }), 7),
});

const HTTPCheckInfo = message("HealthCheck.HTTPCheckInfo", {
  port: required("uint32", 1),
  path: optional("string", 2),
  scheme: optional("string", 3),
  statuses: repeated("uint32", 4),
  protocol: optional(NetworkProtocol, 5, "IPv4"),
});

const TCPCheckInfo = message("HealthCheck.TCPCheckInfo", {
  port: required("uint32", 1),
  protocol: optional(NetworkProtocol, 2, "IPv4"),
});

export const HealthCheck = message("HealthCheck", {
  http: optional(HTTPCheckInfo, 1),
  delay_seconds: optional("double", 2, 15),
  interval_seconds: optional("double", 3, 10),
  timeout_seconds: optional("double", 4, 20),
  consecutive_failures: optional("uint32", 5, 3),
  grace_period_seconds: optional("double", 6, 10),
  command: optional(CommandInfo, 7),
  type: optional(enumeration("HealthCheck.Type", { UNKNOWN: 0, COMMAND: 1, HTTP: 2, TCP: 3 }), 8),
  tcp: optional(TCPCheckInfo, 9),
});

export const KillPolicy = message("KillPolicy", { grace_period: optional(DurationInfo, 1) });
