// The clients against the protos: what the error table calls retryable, and the fields that wire.ts reads.
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ApiError } from '@/shared/api_error';
import { CATEGORIES } from '@/shared/categories';

const PROTO = path.resolve(__dirname, '../../../proto/fenfen/v1');
const protos = readdirSync(PROTO)
  .filter((file) => file.endsWith('.proto'))
  .map((file) => readFileSync(path.join(PROTO, file), 'utf8'))
  .join('\n');
const wire = readFileSync(path.resolve(__dirname, '../src/shared/wire.ts'), 'utf8');

const reasons = [...protos.matchAll(/REASON_([A-Z_]+) = \d+ \[\(error\) = \{code: \d+ http: (\d+)( retryable: true)?/g)].map(
  ([, name, http, retryable]) => ({ name, http: Number(http), retryable: retryable !== undefined }),
);

/** Names of a message's fields. */
function fieldsOf(message: string): Set<string> {
  const start = protos.search(new RegExp(`^message ${message} \\{`, 'm'));
  expect(start, `message ${message}`).toBeGreaterThanOrEqual(0);
  const body = protos.slice(start, protos.indexOf('\n}', start));
  return new Set([...body.matchAll(/^\s+(?:repeated |optional )?[\w.<>, ]+ (\w+) = \d+/gm)].map((m) => m[1]));
}

describe('the error table', () => {
  it('was read', () => {
    expect(reasons.length).toBeGreaterThan(50);
  });

  it.each(reasons.filter((r) => r.retryable))('offers a retry for $name', ({ name, http }) => {
    expect(new ApiError({ status: http, reason: name }).next).toBe('retry');
  });

  it.each(reasons.filter((r) => !r.retryable && r.http < 500))('does not offer one for $name', ({ name, http }) => {
    expect(new ApiError({ status: http, reason: name }).next).not.toBe('retry');
  });

  it.each(reasons.filter((r) => r.http === 401 && r.name.startsWith('TOKEN_')))('leads to the sign-in for $name', ({ name }) => {
    expect(new ApiError({ status: 401, reason: name }).next).toBe('sign_in');
  });

  it('has every reason that the clients know', () => {
    const known = [...readFileSync(path.resolve(__dirname, '../src/shared/api_error.ts'), 'utf8').matchAll(/^ {2}([A-Z_]+): '/gm)].map((m) => m[1]);
    expect(known.length).toBeGreaterThan(20);
    const names = new Set(reasons.map((r) => r.name));
    expect(known.filter((name) => !names.has(name))).toEqual([]);
  });
});

describe('the wire types', () => {
  const interfaces = [...wire.matchAll(/^export interface (\w+) \{\n([^}]*)\}/gm)].map(([, name, body]) => ({
    name,
    fields: [...body.matchAll(/^ {2}(\w+)\??:/gm)].map((m) => m[1]),
  }));
  const messages: Record<string, string> = {
    SessionReply: 'CreateSessionResponse',
    CapturesPage: 'ListCapturesResponse',
    EntriesPage: 'ListEntriesResponse',
    StationCode: 'GetStationCodeResponse',
  };

  it.each(interfaces.filter((i) => i.name !== 'SandboxPerson'))('$name has only fields of its message', ({ name, fields }) => {
    const known = fieldsOf(messages[name] ?? name);
    expect(fields.filter((field) => !known.has(field))).toEqual([]);
  });

  it('offers categories that exist', () => {
    for (const { category } of CATEGORIES) expect(protos).toContain(`  ${category} = `);
  });
});
