import { Packr } from "msgpackr";
import { type Place, parsePlace, placeText } from "../address.ts";
import { malformation } from "./malformation.ts";

/** The first frame of each end of a bridge: who it is, and what it asks of the connection. */
export type Hello = {
  /** As it was sent: what the macs of the handshake cover. */
  readonly bytes: Uint8Array;
  readonly place: Place;
  readonly tableHash: string;
  /** Absent when this end does not know its cluster. */
  readonly clusterId: string | undefined;
  /** Whether this end has a cluster secret. */
  readonly secret: boolean;
  /** Whether this end asks for a mac on every frame. */
  readonly frameMac: boolean;
  /** 32 bytes that were never used before. */
  readonly nonce: Uint8Array;
};

const magic = "MESOLITE";
const version = 3;
const nonceBytes = 32;
const clusterPattern = /^[\w.-]{1,64}$/;
const packr = new Packr({ useRecords: false, mapsAsObjects: true, moreTypes: false });

export function isClusterId(value: unknown): value is string {
  return typeof value === "string" && clusterPattern.test(value);
}

export function packHello(hello: Omit<Hello, "bytes">): Uint8Array {
  const { place, tableHash, clusterId = null, secret, frameMac, nonce } = hello;
  return new Uint8Array(packr.pack([magic, version, placeText(place), tableHash, clusterId, secret, frameMac, nonce]));
}

/** A peer's hello, or what is wrong with it. */
export function parseHello(bytes: Uint8Array): Hello | string {
  if (malformation(bytes) !== undefined) return "not a mesolite bridge: its hello is malformed";
  const value: unknown = packr.unpack(bytes);
  if (!Array.isArray(value) || value[0] !== magic) return "not a mesolite bridge";
  const [, peerVersion, placeName, tableHash, cluster, secret, frameMac, nonce] = value as unknown[];
  if (peerVersion !== version) {
    const said = typeof peerVersion === "number" ? peerVersion : "unknown";
    return `the peer speaks bridge version ${said}, this end ${version}: run the same release on both ends`;
  }
  const place = typeof placeName === "string" ? parsePlace(placeName) : undefined;
  if (
    place === undefined ||
    typeof tableHash !== "string" ||
    !(nonce instanceof Uint8Array) ||
    nonce.length !== nonceBytes
  ) {
    return "the peer's hello names no place or carries no nonce";
  }
  const clusterId = cluster ?? undefined;
  if (clusterId !== undefined && !isClusterId(clusterId)) {
    return "the peer's hello names a cluster that is none";
  }
  if (frameMac === true && secret !== true)
    return "the peer asks for sealed frames and has no secret to seal them with";
  return {
    bytes: new Uint8Array(bytes),
    place,
    tableHash,
    clusterId,
    secret: secret === true,
    frameMac: frameMac === true,
    nonce,
  };
}
