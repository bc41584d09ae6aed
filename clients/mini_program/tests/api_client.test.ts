import { describe, expect, it } from 'vitest';
import { ApiClient } from '@/shared/api_client';
import { ApiError, asApiError } from '@/shared/api_error';
import { FenfenApi } from '@/shared/fenfen_api';
import { Intents } from '@/shared/intents';
import type { HttpReply } from '@/shared/transport';
import { MemoryStore, ScriptedServer, ok, refusal, reply } from './doubles';

const NOW = 1_700_000_000_000;
const DROP = { household: 'households/1', category: 'CATEGORY_FOOD', weightGrams: 800, stationCode: 'FS1.a.1.b' } as const;

function fixture(script: (HttpReply | Error)[], renew: () => Promise<void> = () => Promise.resolve()) {
  const server = new ScriptedServer(script);
  const pauses: number[] = [];
  const client = new ApiClient({ transport: server.transport, now: () => NOW, sleep: async (ms) => void pauses.push(ms) });
  let token = 'old';
  client.useTokens({
    token: () => token,
    renew: async () => {
      await renew();
      token = 'new';
    },
  });
  const api = new FenfenApi(client, new Intents(new MemoryStore(), () => NOW));
  return { server, client, api, pauses };
}

async function failure(promise: Promise<unknown>): Promise<ApiError> {
  return promise.then(
    () => Promise.reject(new Error('did not fail')),
    (thrown) => asApiError(thrown),
  );
}

describe('a call', () => {
  it('sends the token and gives the data', async () => {
    const { server, api } = fixture([ok({ balance: { reward: 5 } })]);
    expect(await api.balance('households/1')).toEqual({ reward: 5 });
    expect(server.requests[0]).toMatchObject({ method: 'GET', path: '/v1/households/1/balance', headers: { authorization: 'Bearer old' } });
  });

  it('escapes what a person typed', async () => {
    const { server, api } = fixture([ok({ household: {} })]);
    await api.findHousehold('regions/1', { kind: 'door', value: '3-2-501 & 1' });
    expect(server.requests[0].path).toBe('/v1/regions/1/households:find?door=3-2-501%20%26%201');
  });

  it('repeats a short trouble with the same request id, pausing longer each time', async () => {
    const { server, api, pauses } = fixture([new Error('offline'), refusal(504, 'OUTCOME_UNKNOWN'), ok({ entry: { reward: 160 } })]);
    expect(await api.recordDrop(DROP)).toEqual({ reward: 160 });
    const ids = server.bodies().map((body) => body.request_id);
    expect(new Set(ids).size).toBe(1);
    expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(pauses).toEqual([400, 1200]);
  });

  it('waits as long as the server asks, within reason', async () => {
    const patient = fixture([refusal(503, 'OVERLOADED', { 'retry-after': '2' }), ok({ entry: {} })]);
    await patient.api.recordDrop(DROP);
    expect(patient.pauses).toEqual([2000]);
    const impatient = fixture([refusal(503, 'OVERLOADED', { 'retry-after': '60' })]);
    expect((await failure(impatient.api.recordDrop(DROP))).retryAfterMs).toBe(60_000);
  });

  it('gives up after three tries and keeps the id for the person\'s own retry', async () => {
    const offline = () => new Error('offline');
    const { server, api } = fixture([offline(), offline(), offline(), ok({ entry: {} })]);
    const error = await failure(api.recordDrop(DROP));
    expect(error.reason).toBe('NETWORK');
    expect(error.next).toBe('retry');
    await api.recordDrop(DROP);
    expect(new Set(server.bodies().map((body) => body.request_id)).size).toBe(1);
  });

  it('does not repeat a refusal, and a new try is a new intent', async () => {
    const { server, api } = fixture([refusal(422, 'STATION_CODE_EXPIRED'), refusal(422, 'STATION_CODE_EXPIRED')]);
    const error = await failure(api.recordDrop(DROP));
    expect(error.text('zh')).toBe('中文 STATION_CODE_EXPIRED');
    expect(error.text('en')).toBe('English STATION_CODE_EXPIRED');
    expect(error.next).toBe('rescan');
    expect(error.traceId).toBe('trace-2');
    await failure(api.recordDrop(DROP));
    expect(new Set(server.bodies().map((body) => body.request_id)).size).toBe(2);
  });

  it('signs in again once on a 401, then sends the same request', async () => {
    const { server, api } = fixture([refusal(401, 'TOKEN_EXPIRED'), ok({ entry: {} })]);
    await api.recordDrop(DROP);
    expect(server.requests.map((r) => r.headers.authorization)).toEqual(['Bearer old', 'Bearer new']);
    expect(server.requests[0].body).toBe(server.requests[1].body);
  });

  it('does not sign in for ever', async () => {
    const { server, api } = fixture([refusal(401, 'TOKEN_EXPIRED'), refusal(401, 'TOKEN_INVALID')]);
    expect((await failure(api.recordDrop(DROP))).next).toBe('sign_in');
    expect(server.requests).toHaveLength(2);
  });

  it('says why the silent sign-in failed', async () => {
    const { api } = fixture([refusal(401, 'TOKEN_EXPIRED')], () => Promise.reject(new ApiError({ status: 404, reason: 'PERSON_UNKNOWN' })));
    expect((await failure(api.recordDrop(DROP))).reason).toBe('PERSON_UNKNOWN');
  });

  it('never repeats a sign-in, whose code is good once', async () => {
    const { server, api } = fixture([refusal(503, 'OVERLOADED')]);
    await failure(api.createSession('code', ''));
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0].headers.authorization).toBeUndefined();
    expect(server.bodies()[0]).toEqual({ code: 'code' });
  });

  it('takes a reply that is not ours for what it is', async () => {
    const { api } = fixture([{ status: 404, headers: {}, text: '<html>' }]);
    const error = await failure(api.offers());
    expect(error.reason).toBe('MALFORMED_REPLY');
    expect(error.text('zh')).toContain('无法识别');
    const half = fixture([reply(200, { data: {} })]);
    expect((await failure(half.api.offers())).reason).toBe('MALFORMED_REPLY');
  });

  it('learns the server\'s clock, so that ids and countdowns fit a phone with a wrong one', async () => {
    const late = new Date(NOW + 600_000).toUTCString();
    const { client, api } = fixture([reply(200, { errcode: 0, data: { offers: [] } }, { date: late })]);
    await api.offers();
    expect(Math.abs(client.serverNow() - (NOW + 600_000))).toBeLessThan(1000);
  });

  it('gives the bytes of an image, and the error of one that failed', async () => {
    const png = new ArrayBuffer(8);
    const { api } = fixture([{ status: 200, headers: {}, text: '', bytes: png }, refusal(403, 'PERMISSION_DENIED')]);
    expect(await api.qrPng('FV1.x')).toBe(png);
    expect((await failure(api.qrPng('FV1.x'))).reason).toBe('PERMISSION_DENIED');
  });
});
