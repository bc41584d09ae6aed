// The game on the pages: badges and quests with progress and their award, leaving the boards; members and an invitation;
// an entry's appeal; and a voucher's code that changes by itself.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Phone, launch } from './browser';
import { Codes, drop, entriesOf, findCast, type Cast } from './district';
import { readQr } from './qr';

/** Longer than a code is on the screen, and than a busy machine takes. */
const CODE_CHANGES_MS = 120_000;

let browser: Browser;
let phone: Phone;
let cast: Cast;
let codes: Codes;

/** fenfenctl as the district's operator. */
function operator(...words: string[]): void {
  const folder = process.env.FENFEN_DEMO_DIR ?? '';
  const bin = process.env.FENFEN_BIN ?? path.resolve('../../build/release/bin');
  const key = path.join(folder, 'keys/operator.key.pem');
  execFileSync(path.join(bin, 'fenfenctl'), ['--server', process.env.FENFEN_GRPC ?? '', '--operator-key', key, ...words], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** The same where a refusal is as good. */
function operatorIfFree(...words: string[]): void {
  try {
    operator(...words);
  } catch {
    // Told by what is asked next.
  }
}

/** The day in the programme's time zone, so many days from today. */
function day(offset: number): string {
  return new Date(Date.now() + (8 + 24 * offset) * 3_600_000).toISOString().slice(0, 10);
}

/** A badge that a drop reaches, worth a voucher, one that is far, a quest of two steps, and a board. */
function setGame(): void {
  const rules = {
    levels: [
      { civic: 0, title_zh: '分类新手', title_en: 'Beginner' },
      { civic: 1_000_000, title_zh: '环保之星', title_en: 'Star' },
    ],
    freezes_per_month: 2,
    freeze_days_back: 7,
    boards: [
      {
        name: 'boards/day', title_zh: '小区日榜', title_en: 'The estate\'s day', level: 'estate', period: 'PERIOD_DAY',
        measure: 'MEASURE_DROPS', entrants: 'ENTRANTS_HOUSEHOLDS', places: 3,
      },
    ],
    badges: [
      {
        name: 'badges/first', title_zh: '迈出一步', title_en: 'A first step', goals: [{ measure: 'MEASURE_DROPS', target: 1 }],
        reward: cast.offer.price, civic: 100,
      },
      { name: 'badges/far', title_zh: '千次分类', title_en: 'A thousand', goals: [{ measure: 'MEASURE_DROPS', target: 1000 }] },
    ],
    quests: [
      {
        name: 'quests/days', title_zh: '坚持九天', title_en: 'Nine days', entrants: 'ENTRANTS_HOUSEHOLDS', reward: 300,
        first_day: day(-2), last_day: day(7),
        steps: [{ measure: 'MEASURE_DAYS', target: 9 }, { measure: 'MEASURE_DROPS', target: 1, categories: ['CATEGORY_FOOD'] }],
      },
    ],
  };
  const file = path.join(process.env.FENFEN_DEMO_DIR ?? '', 'game.json');
  writeFileSync(file, JSON.stringify(rules));
  operator('game', 'set', file);
}

async function screenCode(): Promise<string> {
  const picture = phone.page.locator('.qr__image img').first();
  await picture.waitFor({ state: 'attached' });
  const source = (await picture.getAttribute('src')) ?? '';
  return readQr(Buffer.from(source.split(',')[1], 'base64'));
}

beforeAll(async () => {
  browser = await launch();
  cast = await findCast();
  codes = new Codes(cast, 'middle');
});
afterAll(() => browser?.close());
beforeEach(async () => {
  phone = await Phone.open(browser);
});
afterEach(async () => {
  await phone.close();
  expect(phone.foreign, 'requests to other hosts').toEqual([]);
  expect(phone.complaints, 'complaints on the console').toEqual([]);
});

describe('the page of the game', () => {
  it('says where nothing is set up', async () => {
    await phone.signInAs(cast.resident.openid);
    await phone.visit('pages/game/game');
    await phone.seen('.state__text').filter({ hasText: '还没有设置等级和任务' }).waitFor();
    phone.forgiveRefusals(422);
  });

  it('shows the level, the streak, a quest with its steps and badges with what is left', async () => {
    setGame();
    await drop(cast, codes, 'CATEGORY_FOOD', 1000);
    const badgesNow = async () => (await cast.resident.get(`/v1/${cast.resident.principal.household}/badges`)).badges;
    const awarded = async () => {
      // The server may be at it by itself just now.
      operatorIfFree('timers', 'run', 'award');
      return (await badgesNow()).map((badge: { awarded: boolean }) => badge.awarded);
    };
    await expect.poll(awarded, { timeout: 60_000, interval: 500 }).toEqual([true, false]);
    const badges = await badgesNow();
    const { quests } = await cast.resident.get(`/v1/${cast.resident.principal.household}/quests`);
    await phone.signInAs(cast.resident.openid);
    await phone.seen('.way').filter({ hasText: '我的成长' }).click();
    await phone.seen('.level').waitFor();
    expect(await phone.seen('.level').innerText()).toBe('分类新手');
    expect(await phone.seen('.streak').innerText()).toMatch(/^连续 \d+ 天$/);
    expect(await phone.seen('[data-badge="badges/first"]').innerText()).toContain('获得');
    expect(await phone.seen('[data-badge="badges/far"]').innerText()).toContain(badges[1].goals[0].left_zh);
    const quest = await phone.seen('[data-quest="quests/days"]').innerText();
    expect(quest).toContain(quests[0].steps[0].text_zh);
    expect(quest).toContain(quests[0].steps[0].left_zh);
    await phone.seen('.place--own').first().waitFor();
    await phone.picture('20-game');
  });

  it('leaves the boards and comes back', async () => {
    await phone.signInAs(cast.resident.openid);
    await phone.visit('pages/game/game');
    await phone.seen('.place--own').first().waitFor();
    await phone.seen('.t-switch__body').click();
    await phone.seen('.none').filter({ hasText: '您家不在排行榜上' }).waitFor();
    expect(await phone.seen('.place--own').count()).toBe(0);
    await phone.picture('21-game-hidden');
    await phone.seen('.t-switch__body').click();
    await phone.seen('.place--own').first().waitFor();
  });
});

describe('the household', () => {
  it('sees its members and invites one more', async () => {
    await phone.signInAs(cast.resident.openid);
    await phone.seen('.way').filter({ hasText: '家庭成员' }).click();
    const { household } = await cast.resident.get(`/v1/${cast.resident.principal.household}`);
    await phone.seen('[data-member]').first().waitFor();
    expect(await phone.seen('[data-member]').count()).toBe(household.members.length);
    const me = household.members.find((member: { name: string }) => member.name === cast.resident.principal.subject);
    if (me.role === 'MEMBER_ROLE_HEAD') {
      await phone.button('邀请成年家人').click();
      await phone.seen('.invitation__code').waitFor();
      expect(await phone.seen('.invitation__code').innerText()).not.toBe('');
    } else {
      await phone.seen('.hint').filter({ hasText: '户主可以邀请' }).waitFor();
    }
    await phone.picture('22-family');
  });

  it('appeals against an entry and sees that it waits', async () => {
    const drop = (await entriesOf(cast.resident)).find((entry) => entry.kind === 'ENTRY_KIND_DROP');
    if (!drop) throw new Error('the drop above is not in the statement');
    await phone.signInAs(cast.resident.openid);
    await phone.visit('pages/statement/statement');
    await phone.seen(`[data-entry="${drop.name}"]`).click();
    await phone.seen('[data-reason="WRONG_WEIGHT"]').click();
    await phone.picture('23-appeal');
    await phone.button('提出申诉').click();
    await phone.seen('[data-appeal="STATE_OPEN"]').waitFor();
    await phone.picture('24-appeal-open');
  });
});

describe('a voucher\'s code', () => {
  let voucherName = '';

  it('changes by itself, and the merchant takes the new one', async () => {
    const { voucher } = await cast.resident.post(`/v1/${cast.resident.principal.household}/vouchers`, { offer: cast.offer.name });
    voucherName = voucher.name;
    await phone.signInAs(cast.resident.openid);
    await phone.visit(`pages/voucher/voucher?name=${encodeURIComponent(voucherName)}`);
    const first = await screenCode();
    expect(first).toMatch(/^FW1\.[0-9A-Z]{32}$/);
    await expect.poll(screenCode, { timeout: CODE_CHANGES_MS, interval: 500 }).not.toBe(first);
    await phone.picture('25-voucher-changed');
    const { capture } = await cast.merchant.post(`/v1/${cast.merchant.principal.merchant}/captures`, { code: await screenCode() });
    expect(capture.offer).toBe(cast.offer.name);
    await phone.button('刷新状态').click();
    await phone.seen('.pass__over').waitFor();
  }, 2 * CODE_CHANGES_MS);

  it('is not shown once it has lapsed without a network', async () => {
    await phone.signInAs(cast.resident.openid);
    // An answer with a code that ended two minutes ago, as a phone has it that was offline since.
    const end = new Date(Date.now() - 120_000).toISOString();
    const old = { state: 'STATE_RESERVED', screen_code: `FW1.${'0'.repeat(32)}`, screen_code_end_time: end };
    await phone.page.route('**/v1/households/*/vouchers/*', async (route) => {
      const reply = await route.fetch();
      const body = await reply.json();
      Object.assign(body.data.voucher, old);
      await route.fulfill({ response: reply, json: body });
    });
    await phone.visit(`pages/voucher/voucher?name=${encodeURIComponent(voucherName)}`);
    await phone.seen('.pass__lapsed').waitFor();
    expect(await phone.seen('.qr__image').count()).toBe(0);
    await phone.picture('26-voucher-lapsed');
  });
});
