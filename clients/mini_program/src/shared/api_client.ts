// One JSON call to the bridge: envelope, token, retries. A call that fails for a short trouble is repeated as it is, request id and all;
// a 401 is answered by one silent sign-in and one repeat.
import { ApiError } from './api_error';
import type { HttpReply, HttpRequest, NowMs, Transport } from './transport';

/** Where the token comes from. */
export interface TokenSource {
  /** The token to send, or empty. */
  token(): string;
  /** Gets a new token without asking the person; rejects where that is not possible. */
  renew(): Promise<void>;
}

export interface Call {
  method: 'GET' | 'POST';
  path: string;
  body?: object;
  expect?: 'text' | 'bytes';
  /** Signing in itself: no token, no repeat, since its code is good only once. */
  once?: boolean;
}

export interface ClientOptions {
  transport: Transport;
  now: NowMs;
  sleep: (ms: number) => Promise<void>;
  timeoutMs?: number;
}

interface Envelope {
  errcode: number;
  errmsg?: string;
  errmsg_en?: string;
  reason?: string;
  field?: string;
  data?: unknown;
  request_id?: string;
}

const TRIES = 3;
const FIRST_PAUSE_MS = 400;
/** A server that asks for more patience than this is left to the person's own "retry". */
const PAUSE_MS_MAX = 4000;

export class ApiClient {
  /** Server's clock minus ours, from the last reply's Date header. */
  private clockOffsetMs = 0;
  private tokens: TokenSource | null = null;

  constructor(private readonly options: ClientOptions) {}

  useTokens(tokens: TokenSource): void {
    this.tokens = tokens;
  }

  /** The server's time as far as known. */
  serverNow(): number {
    return this.options.now() + this.clockOffsetMs;
  }

  /** The `data` of a JSON reply. */
  async json<T>(call: Call): Promise<T> {
    return (await this.withRepeats(call)).data as T;
  }

  /** The bytes of an image reply. */
  async bytes(call: Call): Promise<ArrayBuffer> {
    const { bytes } = await this.withRepeats({ ...call, expect: 'bytes' });
    return bytes ?? new ArrayBuffer(0);
  }

  private async withRepeats(call: Call): Promise<{ data?: unknown; bytes?: ArrayBuffer }> {
    let renewed = false;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.exchange(call);
      } catch (thrown) {
        if (!(thrown instanceof ApiError) || call.once) throw thrown;
        if (thrown.status === 401 && this.tokens && !renewed) {
          renewed = true;
          await this.tokens.renew();
          continue;
        }
        const pause = Math.max(thrown.retryAfterMs, FIRST_PAUSE_MS * 3 ** (attempt - 1));
        if (!thrown.shortTrouble || attempt >= TRIES || pause > PAUSE_MS_MAX) throw thrown;
        await this.options.sleep(pause);
      }
    }
  }

  private async exchange(call: Call): Promise<{ data?: unknown; bytes?: ArrayBuffer }> {
    let reply: HttpReply;
    try {
      reply = await this.options.transport(this.httpRequest(call));
    } catch {
      throw new ApiError({ status: 0, reason: 'NETWORK' });
    }
    this.learnClock(reply.headers.date);
    if (reply.bytes && reply.status === 200) return { bytes: reply.bytes };
    return { data: openEnvelope(reply) };
  }

  private httpRequest(call: Call): HttpRequest {
    const headers: Record<string, string> = {};
    if (call.body) headers['content-type'] = 'application/json';
    const token = call.once ? '' : this.tokens?.token();
    if (token) headers.authorization = `Bearer ${token}`;
    return {
      method: call.method,
      path: call.path,
      headers,
      body: call.body ? JSON.stringify(call.body) : undefined,
      expect: call.expect ?? 'text',
      timeoutMs: this.options.timeoutMs ?? 15_000,
    };
  }

  private learnClock(date: string | undefined): void {
    const server = Date.parse(date ?? '');
    // The header has whole seconds; less than that is noise.
    if (Number.isFinite(server)) this.clockOffsetMs = Math.abs(server - this.options.now()) < 2000 ? 0 : server - this.options.now();
  }
}

function openEnvelope(reply: HttpReply): unknown {
  let envelope: Envelope;
  try {
    envelope = JSON.parse(reply.text) as Envelope;
  } catch {
    throw new ApiError({ status: reply.status, reason: 'MALFORMED_REPLY' });
  }
  if (typeof envelope?.errcode !== 'number') throw new ApiError({ status: reply.status, reason: 'MALFORMED_REPLY' });
  if (envelope.errcode === 0 && reply.status < 400) return envelope.data;
  throw new ApiError({
    status: reply.status,
    reason: envelope.reason ?? 'UNSPECIFIED',
    zh: envelope.errmsg,
    en: envelope.errmsg_en,
    field: envelope.field,
    traceId: envelope.request_id,
    retryAfterMs: Number(reply.headers['retry-after'] ?? 0) * 1000 || 0,
  });
}
