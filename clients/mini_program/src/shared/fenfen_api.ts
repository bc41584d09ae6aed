// The bridge's methods, typed. Every change carries a request id from `Intents`, kept until its outcome is known.
import type { ApiClient } from './api_client';
import { asApiError } from './api_error';
import type { Intents } from './intents';
import type {
  Appeal, AppealReason, BadgeView, Balance, BoardSummary, BoardView, CapturesPage, Capture, Category, EntriesPage, Entry, EntryTrace, Game,
  Household, Invitation, MemberRole, Offer, QuestView, Region, SandboxPerson, SessionReply, Station, StationCode, Voucher,
} from './wire';

/** How staff know a household. */
export type HouseholdKey = { kind: 'number' | 'card' | 'door'; value: string };

export interface Drop {
  household: string;
  category: Category;
  /** Null where nothing was weighed. */
  weightGrams: number | null;
  /** A resident's scan; empty for an attendant. */
  stationCode?: string;
  /** An attendant's station; empty for a resident. */
  station?: string;
}

export class FenfenApi {
  constructor(private readonly client: ApiClient, private readonly intents: Intents) {}

  /** The people of the sandbox; rejects with ROUTE_UNKNOWN where the bridge speaks to WeChat itself. */
  async sandboxPeople(): Promise<SandboxPerson[]> {
    return (await this.client.json<{ people: SandboxPerson[] }>({ method: 'GET', path: '/v1/sandbox/people', once: true })).people;
  }

  /** A sign-in code for one of them, as wx.login would give. */
  async sandboxCode(openid: string): Promise<string> {
    const reply = await this.client.json<{ code: string }>({ method: 'POST', path: '/v1/sandbox/codes', body: { openid }, once: true });
    return reply.code;
  }

  /** Signs in; `subject` chooses one of the person's principals, empty for the first; `invitation` joins a household before. */
  createSession(code: string, subject: string, invitation = ''): Promise<SessionReply> {
    const body = { code, ...(subject ? { subject } : {}), ...(invitation ? { invitation } : {}) };
    return this.client.json({ method: 'POST', path: '/v1/sessions', body, once: true });
  }

  async household(household: string): Promise<Household> {
    return (await this.get<{ household: Household }>(`/v1/${household}`)).household;
  }

  async balance(household: string): Promise<Balance> {
    return (await this.get<{ balance: Balance }>(`/v1/${household}/balance`)).balance;
  }

  entries(household: string, pageSize: number, pageToken = ''): Promise<EntriesPage> {
    return this.get(`/v1/${household}/entries${query({ page_size: pageSize, page_token: pageToken })}`);
  }

  async trace(entry: string): Promise<EntryTrace> {
    return (await this.get<{ trace: EntryTrace }>(`/v1/${entry}:trace`)).trace;
  }

  async findHousehold(region: string, key: HouseholdKey): Promise<Household> {
    return (await this.get<{ household: Household }>(`/v1/${region}/households:find${query({ [key.kind]: key.value })}`)).household;
  }

  async recordDrop(drop: Drop): Promise<Entry> {
    const body = {
      station_code: drop.stationCode,
      station: drop.station,
      category: drop.category,
      weight_grams: drop.weightGrams ?? undefined,
    };
    return (await this.change<{ entry: Entry }>(`/v1/${drop.household}/drops`, body)).entry;
  }

  async offers(): Promise<Offer[]> {
    return (await this.get<{ offers: Offer[] }>('/v1/offers')).offers;
  }

  async reserveVoucher(household: string, offer: string): Promise<Voucher> {
    return (await this.change<{ voucher: Voucher }>(`/v1/${household}/vouchers`, { offer })).voucher;
  }

  async vouchers(household: string): Promise<Voucher[]> {
    return (await this.get<{ vouchers: Voucher[] }>(`/v1/${household}/vouchers`)).vouchers;
  }

  async voucher(name: string): Promise<Voucher> {
    return (await this.get<{ voucher: Voucher }>(`/v1/${name}`)).voucher;
  }

  async captureVoucher(merchant: string, code: string): Promise<Capture> {
    return (await this.change<{ capture: Capture }>(`/v1/${merchant}/captures`, { code })).capture;
  }

  captures(merchant: string, pageToken = ''): Promise<CapturesPage> {
    return this.get(`/v1/${merchant}/captures${query({ page_token: pageToken })}`);
  }

  /** The regions right below a parent; the root where it is empty. */
  async regions(parent: string): Promise<Region[]> {
    return (await this.get<{ regions: Region[] }>(`/v1/regions${query({ parent })}`)).regions;
  }

  async stations(region: string): Promise<Station[]> {
    return (await this.get<{ stations: Station[] }>(`/v1/${region}/stations`)).stations;
  }

  stationCode(station: string): Promise<StationCode> {
    return this.get(`/v1/${station}/code`);
  }

  async invite(household: string, role: MemberRole): Promise<Invitation> {
    return (await this.change<{ invitation: Invitation }>(`/v1/${household}/invitations`, { role })).invitation;
  }

  /** The last appeal against each entry, the newest first. */
  async appeals(household: string): Promise<Appeal[]> {
    return (await this.get<{ appeals: Appeal[] }>(`/v1/${household}/appeals${query({ page_size: 100 })}`)).appeals;
  }

  async appeal(entry: string, reason: AppealReason): Promise<Appeal> {
    return (await this.change<{ appeal: Appeal }>(`/v1/${entry}:appeal`, { reason })).appeal;
  }

  async game(household: string): Promise<Game> {
    return (await this.get<{ game: Game }>(`/v1/${household}/game`)).game;
  }

  async badges(household: string): Promise<BadgeView[]> {
    return (await this.get<{ badges: BadgeView[] }>(`/v1/${household}/badges`)).badges;
  }

  async quests(household: string): Promise<QuestView[]> {
    return (await this.get<{ quests: QuestView[] }>(`/v1/${household}/quests`)).quests;
  }

  async boards(household: string): Promise<BoardSummary[]> {
    return (await this.get<{ boards: BoardSummary[] }>(`/v1/${household}/boards`)).boards;
  }

  async board(household: string, board: string): Promise<BoardView> {
    return (await this.get<{ board: BoardView }>(`/v1/${household}/board${query({ board })}`)).board;
  }

  /** Whether it is on boards, and whether it gets notices; both are set. */
  async setPreferences(household: string, hidden: boolean, quiet: boolean): Promise<Entry> {
    return (await this.change<{ entry: Entry }>(`/v1/${household}/preferences`, { hidden, quiet })).entry;
  }

  async useFreeze(household: string, day: string): Promise<Entry> {
    return (await this.change<{ entry: Entry }>(`/v1/${household}/freezes`, { day })).entry;
  }

  /** A QR of the text, as PNG. */
  qrPng(text: string): Promise<ArrayBuffer> {
    return this.client.bytes({ method: 'POST', path: '/v1/qr', body: { text } });
  }

  private get<T>(path: string): Promise<T> {
    return this.client.json<T>({ method: 'GET', path });
  }

  private async change<T>(path: string, body: object): Promise<T> {
    const intent = `${path} ${JSON.stringify(body)}`;
    const request_id = this.intents.idFor(intent);
    try {
      const reply = await this.client.json<T>({ method: 'POST', path, body: { ...body, request_id } });
      this.intents.settle(intent);
      return reply;
    } catch (thrown) {
      if (!asApiError(thrown).outcomeOpen) this.intents.settle(intent);
      throw thrown;
    }
  }
}

function query(values: Record<string, string | number>): string {
  const pairs = Object.entries(values).filter(([, value]) => value !== '');
  return pairs.length ? `?${pairs.map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join('&')}` : '';
}
