// Test doubles: a server made of scripted replies, and a store in memory.
import type { HttpReply, HttpRequest, KeyValueStore, Transport } from '@/shared/transport';

export function reply(status: number, body: object, headers: Record<string, string> = {}): HttpReply {
  return { status, headers, text: JSON.stringify(body) };
}

export function ok(data: unknown): HttpReply {
  return reply(200, { errcode: 0, errmsg: 'ok', data, request_id: 'trace-1' });
}

export function refusal(status: number, reason: string, headers: Record<string, string> = {}): HttpReply {
  return reply(status, { errcode: 1, reason, errmsg: `中文 ${reason}`, errmsg_en: `English ${reason}`, request_id: 'trace-2' }, headers);
}

/** A transport that answers by a script, one step a request; a step that is an Error is a network failure. */
export class ScriptedServer {
  readonly requests: HttpRequest[] = [];
  readonly transport: Transport = (request) => {
    this.requests.push(request);
    const step = this.script.shift();
    if (step === undefined) throw new Error(`no reply scripted for ${request.path}`);
    return step instanceof Error ? Promise.reject(step) : Promise.resolve(step);
  };

  constructor(private readonly script: (HttpReply | Error)[]) {}

  bodies(): Record<string, unknown>[] {
    return this.requests.map((request) => JSON.parse(request.body ?? '{}') as Record<string, unknown>);
  }
}

export class MemoryStore implements KeyValueStore {
  readonly values = new Map<string, string>();

  get(key: string): unknown {
    const text = this.values.get(key);
    return text === undefined ? undefined : JSON.parse(text);
  }

  set(key: string, value: unknown): void {
    this.values.set(key, JSON.stringify(value));
  }

  remove(key: string): void {
    this.values.delete(key);
  }
}
