// The three journeys on the built WeChat mini program, tap by tap, against the real bridge. One story, in this order.
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Codes, balanceOf, earn, entriesOf, findCast, shown, type Cast } from '../e2e/district';
import { Phone } from './phone';

let phone: Phone;
let cast: Cast;
let codes: Codes;
let voucherCode = '';
let dropRequestId = '';

beforeAll(async () => {
  cast = await findCast();
  codes = new Codes(cast);
});
beforeEach(() => {
  phone = new Phone();
});
afterEach(() => {
  phone.close();
  expect(phone.wechat.foreign, 'requests to other hosts').toEqual([]);
});

function sentDrops(): { request_id: string; station_code: string; weight_grams?: number }[] {
  return phone.wechat.exchanges.filter((e) => e.path.endsWith('/drops')).map((e) => JSON.parse(e.body));
}

async function chooseAndSend(category: string): Promise<void> {
  await phone.tap('kind', category);
  await phone.tap('t-button', '确认投放');
}

describe('a resident', () => {
  it('is signed in by WeChat without doing anything, and sees what the household has', async () => {
    await phone.start(cast.resident.openid);
    await phone.see('stats');
    const balance = await balanceOf(cast.resident);
    expect(phone.url).toBe('/pages/home/home');
    expect(phone.text('balance__value')).toBe(shown(balance.reward));
    expect(phone.all('stat__value').map((node) => node.textContent)).toEqual([shown(balance.civic), shown(balance.held)]);
  });

  it('scans, chooses, weighs, and reads what it earned and why', async () => {
    await phone.start(cast.resident.openid);
    await phone.see('stats');
    const code = await codes.next();
    phone.wechat.sight = { result: code };
    await phone.tap('scan');
    await phone.see('kinds');
    await phone.type('field', '0.8');
    await chooseAndSend('厨余垃圾');
    await phone.see('done');
    const [entry] = await entriesOf(cast.resident, 1);
    expect(phone.text('done__points')).toBe(entry.reward > 0 ? `+${shown(entry.reward)}` : '0');
    expect(phone.text('done__reason')).toBe(entry.reason_zh);
    expect(phone.text('done__after')).toBe(shown(entry.reward_after));
    expect(phone.wechat.titles).toContain('投放结果');
    const [drop] = sentDrops();
    expect(drop).toMatchObject({ station_code: code, weight_grams: 800 });
    dropRequestId = drop.request_id;
    await phone.tap('t-button', '回到首页');
    await phone.see('stats');
    expect(phone.text('balance__value')).toBe(shown(entry.reward_after));
  });

  it('scans a mini program code, which comes as a path', async () => {
    await phone.start(cast.resident.openid);
    await phone.see('stats');
    phone.wechat.sight = { result: '', path: `pages/scan/scan?scene=${encodeURIComponent(await codes.next())}` };
    await phone.tap('scan');
    await chooseAndSend('可回收物');
    await phone.see('done');
  });

  it('closes the scanner and stays where it was', async () => {
    await phone.start(cast.resident.openid);
    await phone.see('stats');
    phone.wechat.sight = null;
    await phone.tap('scan');
    expect(phone.url).toBe('/pages/home/home');
  });

  it('is credited once where the reply was lost: the same request id goes again', async () => {
    await phone.start(cast.resident.openid);
    await phone.see('stats');
    phone.wechat.sight = { result: await codes.next() };
    await phone.tap('scan');
    await phone.tap('kind', '其他垃圾');
    phone.wechat.repliesLost = 1;
    await phone.tap('t-button', '确认投放');
    await phone.see('done');
    const drops = sentDrops();
    expect(drops).toHaveLength(2);
    expect(drops[1]).toEqual(drops[0]);
    const mine = (await entriesOf(cast.resident, 3)).map((entry) => entry.name);
    expect(new Set(mine).size).toBe(mine.length);
    expect(phone.text('done__after')).toBe(shown((await balanceOf(cast.resident)).reward));
  });

  it('is told in words that a code is none, and offered to scan again', async () => {
    await phone.start(cast.resident.openid);
    await phone.see('stats');
    phone.wechat.sight = { result: 'https://example.com/menu' };
    await phone.tap('scan');
    await chooseAndSend('厨余垃圾');
    await phone.see('notice--red', '无法识别这个站点码');
    await phone.tap('t-button', '重新扫码');
    await phone.see('code-input');
    expect(phone.url).toBe('/pages/scan/scan');
  });

  it('is signed in again silently when the token is no longer taken', async () => {
    await phone.start(cast.resident.openid);
    await phone.see('stats');
    const kept = JSON.parse(phone.wechat.storage.get('fenfen.session') ?? '{}');
    phone.close();
    phone = new Phone();
    phone.wechat.storage.set('fenfen.session', JSON.stringify({ ...kept, token: 'e30.e30.AAAA' }));
    await phone.start(cast.resident.openid);
    await phone.see('stats');
    expect(phone.wechat.exchanges.filter((e) => e.status === 401).length).toBeGreaterThan(0);
    expect(phone.wechat.exchanges.filter((e) => e.path === '/v1/sessions')).toHaveLength(1);
  });

  it('redeems an offer and holds the voucher', async () => {
    await earn(cast, codes, cast.offer.price);
    await phone.start(cast.resident.openid);
    await phone.see('stats');
    await phone.tap('way', '兑换好物');
    await phone.tap('offer', cast.offer.title_zh);
    await phone.see('what', cast.offer.title_zh);
    await phone.tap('t-button', '确认兑换');
    await phone.see('pass__reveal');
    await phone.tap('pass__reveal');
    const code = await phone.see('pass__code');
    voucherCode = (code.textContent ?? '').trim();
    expect(voucherCode).toMatch(/^[0-9A-Z]{5}(-[0-9A-Z]{4}){4}$/);
    await phone.see('qr__image');
  });

  it('switches to large text and to English', async () => {
    await phone.start(cast.resident.openid);
    await phone.see('stats');
    await phone.tap('hero__tool', '大字');
    expect(phone.all('page--large')).toHaveLength(1);
    await phone.tap('hero__tool', 'English');
    await phone.see('scan__title', 'Scan and drop');
    expect(JSON.parse(phone.wechat.storage.get('fenfen.preferences') ?? '{}')).toEqual({ locale: 'en', large: true });
  });
});

describe('a merchant', () => {
  it('scans the voucher\'s QR, takes it once, and sees the day\'s sum', async () => {
    const before = await cast.merchant.get(`/v1/${cast.merchant.principal.merchant}/captures`);
    await phone.start(cast.merchant.openid);
    await phone.see('day__value', String(before.day_count));
    phone.wechat.sight = { result: `FV1.${voucherCode.replaceAll('-', '')}` };
    await phone.tap('code-input__scan');
    await phone.see('taken', cast.offer.title_zh);
    await phone.see('day__value', String(before.day_count + 1));
    expect(phone.all('day__value')[1].textContent).toBe(shown(before.day_amount + cast.offer.price));
    await phone.tap('t-button', '继续核销');
    await phone.tap('code-input__scan');
    await phone.see('notice--red', '这张兑换券已于');
  });
});

describe('staff', () => {
  it('find the household and trace the drop to its place in the journal', async () => {
    await phone.start(cast.staff.openid);
    await phone.see('tabs');
    await phone.type('field', cast.resident.principal.household.split('/')[1]);
    await phone.tap('t-button', '查找');
    await phone.see('figures');
    expect(phone.text('balance-value')).toBe(shown((await balanceOf(cast.resident)).reward));
    const drops = (await entriesOf(cast.resident)).filter((entry) => entry.kind === 'ENTRY_KIND_DROP');
    const rows = phone.all('line');
    for (const [i, entry] of (await entriesOf(cast.resident)).entries()) {
      if (!drops.some((drop) => drop.name === entry.name)) continue;
      const { trace } = await cast.staff.get(`/v1/${entry.name}:trace`);
      if (trace.request_key !== dropRequestId) continue;
      expect(rows[i].textContent).toContain(entry.reason_zh);
      await phone.tapOn(rows[i]);
      await phone.see('step');
      for (const value of [dropRequestId, cast.resident.principal.subject, trace.journal_segment, trace.journal_crc32c]) {
        expect(phone.screen()).toContain(value);
      }
      if (trace.postings.length > 0) expect(phone.text('balanced')).toContain('借贷平衡');
      return;
    }
    throw new Error('the drop of the first journey is not in the statement');
  });

  it('show a station\'s code', async () => {
    await phone.start(cast.staff.openid);
    await phone.tap('way');
    await phone.type('field', cast.stations[0].name.split('/')[1]);
    await phone.tap('cell', cast.stations[0].display_name);
    await phone.see('pass__seconds', '秒后更换');
    await phone.see('qr__image');
  });
});
