/** What a link may hold. One table for every link of every program. */
export const linkLimits = {
  /** Bytes of one frame. A longer one closes the connection. */
  frameBytesMax: 1_048_576,
  /** Bytes of one frame before the peer has proved who it is. */
  frameBytesBeforeReadyMax: 16_384,
  /** Bytes of one packed message. A larger one becomes a dead letter: large payloads go by HTTP or in chunks. */
  envelopeBytesMax: 262_144,
  /** The same between threads of one process, which need not fear one another: what a request of 2 MiB asks for fits. */
  threadEnvelopeBytesMax: 16_777_216,
  /** Messages packed into one batch. */
  batchMax: 512,
  /** Bytes of a batch of the usual size, by which the number of messages in the next one is chosen. */
  batchBytes: 65_536,
  /** Values in one batch. More cannot be honest, since a message is mostly text and numbers; more of them go in parts. */
  valuesMax: 131_072,
  /** Nesting of a batch, of which the batch itself takes one level. A deeper one closes the connection before anything is allocated. */
  depthMax: 32,
  /** Bytes that may be on the way to one peer before it has taken them; the last batch may pass it. More is not sent, and closes the link that brings it. */
  creditBytes: 1_048_576,
  /** What of it a peer on another host has at first; it grows to `creditBytes` as the peer uses it. */
  creditFirstBytes: 16_384,
  /** Bytes that may be on the way to one thread from all other hosts: the first credit of 16 384 links. Beyond it no credit grows. */
  ingressBytes: 268_435_456,
  /** Messages that may wait for credit. Beyond it tells are refused to their senders. */
  queueMax: 65_536,
  /** Signals and replies that may wait beyond `queueMax`. Past that the link is closed. */
  signalQueueMax: 85_536,
  /** Milliseconds from connecting to READY. */
  handshakeTimeoutMs: 5_000,
  /** Sockets that have not proved who they are. The next one is closed at once. */
  unauthenticatedMax: 32,
  /** Silence of ours after which a PING goes out. */
  pingAfterMs: 500,
  /** Silence of the peer, beyond twice our own lag, after which the link is down. */
  downAfterMs: 5_000,
} as const;

export type LinkLimits = { readonly [K in keyof typeof linkLimits]: number };
