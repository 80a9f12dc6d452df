/** The bridge cannot be opened or dialled as asked; the message says how to mend it. */
export class BridgeFailure extends Error {
  override readonly name = "BridgeFailure";
  readonly code: "secret-missing" | "certificate" | "listen";

  constructor(message: string, options: { readonly code: BridgeFailure["code"]; readonly cause?: unknown }) {
    super(message, options);
    this.code = options.code;
  }
}

export function secretMissing(action: "listen on" | "dial", host: string): BridgeFailure {
  const message =
    `will not ${action} ${host} without a cluster secret: give every node the same --secret-file FILE, ` +
    "or certificates with --tls-cert, --tls-key and --tls-ca";
  return new BridgeFailure(message, { code: "secret-missing" });
}
