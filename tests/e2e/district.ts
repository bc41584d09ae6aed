// The district under test as a program sees it: plain HTTP to the bridge at FENFEN_BRIDGE. The tests use it to learn who there is, to
// get codes and points, and to compare what a page shows with what the server says. Also used by tests/mini_program.
import { randomUUID } from 'node:crypto';

export interface Principal {
  subject: string;
  role: string;
  household: string;
  merchant: string;
  region: string;
  display_name: string;
}

export interface Entry {
  name: string;
  kind: string;
  reward: number;
  civic: number;
  reward_after: number;
  reason_zh: string;
  reason_en: string;
  rule: string;
  rule_version: number;
}

export interface Offer {
  name: string;
  title_zh: string;
  price: number;
  merchant: string;
}

export interface Answer {
  status: number;
  reason: string;
  errmsg: string;
  data: any;
}

/** Where the bridge is. A missing address fails the run: there is nothing to test against. */
export function bridgeAddress(): string {
  const address = process.env.FENFEN_BRIDGE;
  if (!address) throw new Error('FENFEN_BRIDGE is not set: the address of a running bridge, such as http://127.0.0.1:8080');
  return address.replace(/\/$/, '');
}

/** A UUIDv7 for the tests' own changes; the pages make theirs themselves. */
export function requestId(): string {
  const time = Date.now().toString(16).padStart(12, '0');
  const rest = randomUUID().slice(15);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${rest}`;
}

/** One call, whatever the status. */
export async function call(method: 'GET' | 'POST', path: string, token = '', body?: object): Promise<Answer> {
  const reply = await fetch(bridgeAddress() + path, {
    method,
    headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...(body ? { 'content-type': 'application/json' } : {}) },
    body: body ? JSON.stringify(body) : undefined,
    signal: AbortSignal.timeout(20_000),
  });
  const envelope = (await reply.json()) as { reason?: string; errmsg: string; data: unknown };
  return { status: reply.status, reason: envelope.reason ?? '', errmsg: envelope.errmsg, data: envelope.data };
}

/** One call that must succeed. */
export async function must(method: 'GET' | 'POST', path: string, token = '', body?: object): Promise<any> {
  const answer = await call(method, path, token, body);
  if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${answer.reason} ${answer.errmsg}`);
  return answer.data;
}

/** Somebody of the sandbox's list, signed in. */
export class Person {
  private constructor(
    readonly openid: string,
    readonly label: string,
    readonly token: string,
    readonly principal: Principal,
    readonly principals: Principal[],
  ) {}

  static async signIn(openid: string, label: string): Promise<Person> {
    const { code } = await must('POST', '/v1/sandbox/codes', '', { openid });
    const session = await must('POST', '/v1/sessions', '', { code });
    return new Person(openid, label, session.token, session.principal, session.principals);
  }

  get(path: string): Promise<any> {
    return must('GET', path, this.token);
  }

  post(path: string, body: object): Promise<any> {
    return must('POST', path, this.token, { request_id: requestId(), ...body });
  }
}

/** The cast of the journeys: people who belong together. */
export interface Cast {
  resident: Person;
  merchant: Person;
  staff: Person;
  /** Whose vouchers the merchant takes, the cheapest of them. */
  offer: Offer;
  /** Stations whose code the staff member can show; those of the resident's estate first. */
  stations: { name: string; display_name: string }[];
}

async function everybody(): Promise<Person[]> {
  const { people } = await must('GET', '/v1/sandbox/people');
  const known = (people as { openid: string; label: string }[]).filter((p) => /^demo-(resident|merchant|staff)-/.test(p.openid));
  const signedIn: Person[] = [];
  // A district may list many; the first few of each kind are enough.
  for (const kind of ['resident', 'merchant', 'staff']) {
    for (const person of known.filter((p) => p.openid.startsWith(`demo-${kind}-`)).slice(0, 5)) {
      signedIn.push(await Person.signIn(person.openid, person.label));
    }
  }
  // People with several principals are asked which, which is another journey.
  return signedIn.filter((person) => person.principals.length === 1);
}

async function richestFirst(residents: Person[]): Promise<Person[]> {
  const purses = await Promise.all(residents.map(async (resident) => ({ resident, reward: (await balanceOf(resident)).reward as number })));
  return purses.sort((a, b) => b.reward - a.reward).map(({ resident }) => resident);
}

/** A resident, a staff member who serves that household's region, and a merchant with an offer. */
export async function findCast(): Promise<Cast> {
  const people = await everybody();
  const inRole = (role: string) => people.filter((person) => person.principal.role === role);
  const offers = ((await must('GET', '/v1/offers')).offers as Offer[]).sort((a, b) => a.price - b.price);
  const takers = inRole('ROLE_MERCHANT')
    .map((merchant) => ({ merchant, offer: offers.find((o) => o.merchant === merchant.principal.merchant) }))
    .filter((taker): taker is { merchant: Person; offer: Offer } => taker.offer !== undefined)
    .sort((a, b) => a.offer.price - b.offer.price);
  if (takers.length === 0) throw new Error('no merchant of the sandbox has an offer');
  for (const resident of await richestFirst(inRole('ROLE_RESIDENT'))) {
    for (const staff of inRole('ROLE_STAFF')) {
      const number = resident.principal.household.split('/')[1];
      const found = await call('GET', `/v1/${staff.principal.region}/households:find?number=${number}`, staff.token);
      if (found.status !== 200) continue;
      const near = (await must('GET', `/v1/${resident.principal.region}/stations`)).stations;
      const all = (await must('GET', `/v1/${staff.principal.region}/stations`)).stations as Cast['stations'];
      const names = new Set(near.map((s: { name: string }) => s.name));
      const stations = [...all.filter((s) => names.has(s.name)), ...all.filter((s) => !names.has(s.name))];
      if (stations.length > 0) return { resident, staff, ...takers[0], stations };
    }
  }
  throw new Error('no staff member of the sandbox serves a resident of the sandbox');
}

/** The regions from just below `top` down to `region`, which lies in it; empty where they are the same. */
export async function wayDown(top: string, region: string): Promise<string[]> {
  if (top === region) return [];
  const below = (await must('GET', `/v1/regions?parent=${encodeURIComponent(top)}`)).regions as { name: string; level: string }[];
  for (const { name, level } of below) {
    if (name === region) return [name];
    const rest = level === 'estate' ? null : await wayDown(name, region).catch(() => null);
    if (rest) return [name, ...rest];
  }
  throw new Error(`${region} is not below ${top}`);
}

/**
 * A station's present code, one that was not handed out before: a household can use each code once. Test files that run one after the
 * other within thirty seconds do not know of each other's codes, so each begins with another station.
 */
export class Codes {
  private readonly given = new Set<string>();
  private readonly stations: Cast['stations'];

  constructor(private readonly cast: Cast, begin: 'first' | 'middle' | 'last' = 'first') {
    const half = Math.floor(cast.stations.length / 2);
    const orders = {
      first: cast.stations,
      middle: [...cast.stations.slice(half), ...cast.stations.slice(0, half)],
      last: [...cast.stations].reverse(),
    };
    this.stations = orders[begin].slice(0, 40);
  }

  async next(): Promise<string> {
    for (const station of this.stations) {
      const { code } = await this.cast.staff.get(`/v1/${station.name}/code`);
      if (this.given.has(code)) continue;
      this.given.add(code);
      return code;
    }
    throw new Error('every station\'s present code was used; too many drops within thirty seconds');
  }
}

export async function balanceOf(person: Person): Promise<any> {
  return (await person.get(`/v1/${person.principal.household}/balance`)).balance;
}

export async function entriesOf(person: Person, size = 20): Promise<Entry[]> {
  return (await person.get(`/v1/${person.principal.household}/entries?page_size=${size}`)).entries;
}

/** A drop of the resident's with a code that the household has not used yet: another file's test may have used some just now. */
export async function drop(cast: Cast, codes: Codes, category: string, grams: number): Promise<any> {
  for (;;) {
    const body = { station_code: await codes.next(), category, weight_grams: grams };
    try {
      return await cast.resident.post(`/v1/${cast.resident.principal.household}/drops`, body);
    } catch (error) {
      if (!String(error).includes('STATION_CODE_USED')) throw error;
    }
  }
}

/** Earns points by heavy drops until the household can pay `price`; a day's caps are higher than the cheapest offer. */
export async function earn(cast: Cast, codes: Codes, price: number): Promise<void> {
  const categories = ['CATEGORY_RECYCLABLE', 'CATEGORY_FOOD', 'CATEGORY_HAZARDOUS', 'CATEGORY_RESIDUAL'];
  for (let drops = 0; drops < 24; drops++) {
    if ((await balanceOf(cast.resident)).reward >= price) return;
    const category = categories[drops % categories.length];
    await drop(cast, codes, category, 20_000);
  }
  throw new Error(`24 drops did not earn the ${price} hundredths of the cheapest offer`);
}

/** As the pages show points; written here again, so that a fault in the pages' own function shows. */
export function shown(hundredths: number): string {
  const text = (Math.abs(hundredths) / 100).toLocaleString('en-US', { maximumFractionDigits: 2 });
  return hundredths < 0 ? `−${text}` : text;
}
