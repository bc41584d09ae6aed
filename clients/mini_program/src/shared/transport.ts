// What the API client asks of a platform: one HTTP exchange and a small key-value store. uni.request, fetch and test doubles fit behind it.

export interface HttpRequest {
  method: 'GET' | 'POST';
  /** Path and query, from `/v1/`. */
  path: string;
  headers: Record<string, string>;
  /** JSON text of a POST. */
  body?: string;
  /** Bytes are for images; text is decoded from UTF-8. */
  expect: 'text' | 'bytes';
  timeoutMs: number;
}

export interface HttpReply {
  status: number;
  /** Names in lower case. */
  headers: Record<string, string>;
  /** Set where text was expected, or where the reply is JSON though bytes were expected. */
  text: string;
  /** Set where bytes were expected and came. */
  bytes?: ArrayBuffer;
}

/** Rejects only where no reply came (no network, time-out). Any HTTP status is a reply. */
export type Transport = (request: HttpRequest) => Promise<HttpReply>;

/** Keeps JSON values over restarts. */
export interface KeyValueStore {
  get(key: string): unknown;
  set(key: string, value: unknown): void;
  remove(key: string): void;
}

/** Milliseconds since 1970 UTC. */
export type NowMs = () => number;
