// The three journeys through the real pages: a resident earns and redeems, a merchant takes the voucher, staff look it all up.
// The tests are one story and run in this order.
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Phone, launch } from './browser';
import { Codes, balanceOf, bridgeAddress, earn, entriesOf, findCast, shown, wayDown, type Cast } from './district';
import { readQr } from './qr';

let browser: Browser;
let phone: Phone;
let cast: Cast;
let codes: Codes;
/** Of the resident's drop: what the page sent, to be found again by staff. */
let dropRequestId = '';
let voucherCode = '';

beforeAll(async () => {
  browser = await launch();
  cast = await findCast();
  codes = new Codes(cast);
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

describe('a resident', () => {
  it('sees what the household has', async () => {
    await phone.page.goto(`${bridgeAddress()}/`);
    await phone.seen('.card--people').waitFor();
    await phone.picture('01-sign-in');
    await phone.signInAs(cast.resident.openid);
    await phone.seen('.stats').waitFor();
    const balance = await balanceOf(cast.resident);
    expect(await phone.seen('.balance__value').innerText()).toBe(shown(balance.reward));
    expect(await phone.seen('.balance__today').innerText()).toContain(shown(balance.earned_today));
    const stats = await phone.seen('.stat__value').allInnerTexts();
    expect(stats).toEqual([shown(balance.civic), shown(balance.held)]);
    if (balance.lots.length > 0) expect(await phone.seen('.expiring').innerText()).toContain(shown(balance.lots[0].amount));
    await phone.picture('02-resident-home');
  });

  it('types a station code, drops, and reads what it earned and why', async () => {
    await phone.signInAs(cast.resident.openid);
    await phone.seen('.stats').waitFor();
    await phone.seen('.scan').click();
    await phone.type('.code-input__field', await codes.next());
    await phone.picture('03-scan');
    await phone.button('下一步').click();
    await phone.seen('[data-category="CATEGORY_FOOD"]').click();
    await phone.type('.field', '0.8');
    await phone.picture('04-choose-category');
    const sent = phone.page.waitForRequest((request) => request.url().endsWith('/drops'));
    await phone.button('确认投放').click();
    dropRequestId = ((await sent).postDataJSON() as { request_id: string }).request_id;
    await phone.seen('.done').waitFor();
    const [entry] = await entriesOf(cast.resident, 1);
    expect(entry.kind).toBe('ENTRY_KIND_DROP');
    expect(await phone.seen('.done__points').innerText()).toBe(entry.reward > 0 ? `+${shown(entry.reward)}` : '0');
    expect(await phone.seen('.done__reason').innerText()).toBe(entry.reason_zh);
    expect(await phone.seen('.done__after').innerText()).toBe(shown(entry.reward_after));
    await phone.picture('05-drop-result');
    await phone.button('积分明细').click();
    await phone.seen('.entry').first().waitFor();
    expect(await phone.seen('.entry__reason').first().innerText()).toBe(entry.reason_zh);
    await phone.picture('06-statement');
  });

  it('takes a picture of the station\'s code instead', async () => {
    const code = await codes.next();
    const reply = await fetch(`${bridgeAddress()}/v1/qr`, {
      method: 'POST',
      headers: { authorization: `Bearer ${cast.staff.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ text: code }),
    });
    const picture = Buffer.from(await reply.arrayBuffer());
    expect(readQr(picture)).toBe(code);
    await phone.signInAs(cast.resident.openid);
    await phone.seen('.scan').click();
    const chooser = phone.page.waitForEvent('filechooser');
    await phone.seen('.code-input__scan').click();
    await (await chooser).setFiles({ name: 'code.png', mimeType: 'image/png', buffer: picture });
    await phone.seen('[data-category="CATEGORY_RECYCLABLE"]').click();
    await phone.button('确认投放').click();
    await phone.seen('.done').waitFor();
  });

  it('sends a lost drop again with the same request id and is credited once', async () => {
    await phone.signInAs(cast.resident.openid);
    const before = (await entriesOf(cast.resident, 100)).length;
    const ids: string[] = [];
    await phone.page.route('**/drops', async (route) => {
      ids.push((route.request().postDataJSON() as { request_id: string }).request_id);
      // The first one reaches the server; its reply is lost on the way back.
      if (ids.length > 1) return route.continue();
      await route.fetch();
      return route.abort('connectionreset');
    });
    await phone.visit(`pages/drop/drop?code=${await codes.next()}`);
    await phone.seen('[data-category="CATEGORY_RESIDUAL"]').click();
    await phone.button('确认投放').click();
    await phone.seen('.done').waitFor();
    expect(ids).toHaveLength(2);
    expect(ids[0]).toBe(ids[1]);
    if (before < 99) expect((await entriesOf(cast.resident, 100)).length).toBe(before + 1);
    expect(phone.complaints.filter((text) => text.includes('ERR_CONNECTION_RESET'))).toHaveLength(1);
    phone.complaints.length = 0;
  });

  it('redeems an offer and holds a voucher whose QR says its code', async () => {
    await earn(cast, codes, cast.offer.price);
    const before = await balanceOf(cast.resident);
    await phone.signInAs(cast.resident.openid);
    await phone.seen('.way').first().click();
    await phone.seen(`[data-offer="${cast.offer.name}"]`).waitFor();
    await phone.picture('07-offers');
    await phone.seen(`[data-offer="${cast.offer.name}"]`).click();
    await phone.seen('.what').waitFor();
    await phone.picture('08-offer');
    await phone.button('确认兑换').click();
    await phone.seen('.qr__image img').waitFor({ state: 'attached' });
    const source = (await phone.page.locator('.qr__image img').first().getAttribute('src')) ?? '';
    expect(readQr(Buffer.from(source.split(',')[1], 'base64'))).toMatch(/^FW1\.[0-9A-Z]{32}$/);
    expect(await phone.seen('.pass__code').count(), 'the code that does not change').toBe(0);
    await phone.picture('09-voucher');
    await phone.seen('.pass__reveal').click();
    voucherCode = await phone.seen('.pass__code').innerText();
    expect(voucherCode).toMatch(/^[0-9A-Z]{5}(-[0-9A-Z]{4}){4}$/);
    const after = await balanceOf(cast.resident);
    expect(after.reward).toBe(before.reward - cast.offer.price);
    expect(after.held).toBe(before.held + cast.offer.price);
    await phone.visit('pages/vouchers/vouchers');
    await phone.seen('.ticket').first().waitFor();
    await phone.picture('10-vouchers');
  });
});

describe('a merchant', () => {
  it('takes the voucher and sees it in today\'s sum', async () => {
    const before = await cast.merchant.get(`/v1/${cast.merchant.principal.merchant}/captures`);
    await phone.signInAs(cast.merchant.openid);
    await phone.seen('.day__value').filter({ hasText: String(before.day_count) }).first().waitFor();
    await phone.picture('11-merchant');
    // As people type it: small letters and spaces.
    await phone.type('.code-input__field', voucherCode.toLowerCase().replaceAll('-', ' '));
    await phone.button('核销').click();
    await phone.seen('.taken').waitFor();
    expect(await phone.seen('.taken').innerText()).toContain(cast.offer.title_zh);
    await phone.seen('.day__value').filter({ hasText: new RegExp(`^${before.day_count + 1}$`) }).waitFor();
    const sums = await phone.seen('.day__value').allInnerTexts();
    expect(sums[1]).toBe(shown(before.day_amount + cast.offer.price));
    await phone.picture('12-merchant-taken');
  });

  it('is told that a voucher was used', async () => {
    await phone.signInAs(cast.merchant.openid);
    await phone.type('.code-input__field', voucherCode);
    await phone.button('核销').click();
    await phone.seen('.notice--red').waitFor();
    expect(await phone.seen('.notice--red').innerText()).toMatch(/这张兑换券已于 .* 核销/);
    await phone.picture('13-merchant-used');
    await phone.type('.code-input__field', '00000-0000-0000-0000-0000');
    await phone.button('核销').click();
    await phone.seen('.notice--red').filter({ hasText: '没有这张兑换券' }).waitFor();
    phone.forgiveRefusals(422);
    phone.forgiveRefusals(404);
  });
});

describe('a resident, afterwards', () => {
  it('sees the voucher used and the points spent', async () => {
    await phone.signInAs(cast.resident.openid);
    await phone.visit('pages/vouchers/vouchers');
    await phone.seen('.ticket--over').first().click();
    await phone.seen('.pass__over').waitFor();
    await phone.picture('14-voucher-used');
  });
});

describe('staff', () => {
  it('find the household and trace the drop down to its place in the journal', async () => {
    await phone.signInAs(cast.staff.openid);
    await phone.picture('15-staff');
    const number = cast.resident.principal.household.split('/')[1];
    await phone.type('.field', number);
    await phone.button('查找').click();
    await phone.seen('.figures').waitFor();
    const balance = await balanceOf(cast.resident);
    expect(await phone.seen('.balance-value').innerText()).toBe(shown(balance.reward));
    await phone.picture('16-household');
    const drops = (await entriesOf(cast.resident)).filter((entry) => entry.kind === 'ENTRY_KIND_DROP');
    for (const drop of drops) {
      const { trace } = await cast.staff.get(`/v1/${drop.name}:trace`);
      if (trace.request_key !== dropRequestId) continue;
      await phone.seen(`[data-entry="${drop.name}"]`).click();
      await phone.seen('.step').first().waitFor();
      const fact = (id: string) => phone.seen(`[data-fact="${id}"]`).innerText();
      expect(await fact('request_key')).toBe(dropRequestId);
      expect(await fact('actor')).toBe(cast.resident.principal.subject);
      expect(await fact('sequence')).toBe(String(trace.sequence));
      expect(await fact('journal_segment')).toBe(trace.journal_segment);
      expect(await fact('journal_offset')).toBe(String(trace.journal_offset));
      expect(await fact('journal_crc32c')).toMatch(/^[0-9a-f]{8}$/);
      expect(await phone.seen('.posting').count()).toBe(trace.postings.length);
      if (trace.postings.length > 0) await phone.seen('.balanced').waitFor();
      await phone.picture('17-trace');
      return;
    }
    throw new Error('the drop of the first journey is not in the statement');
  });

  it('are told that a household does not exist', async () => {
    await phone.signInAs(cast.staff.openid);
    await phone.type('.field', '9007199254740991');
    await phone.button('查找').click();
    await phone.seen('.notice--red').filter({ hasText: '没有找到这个家庭' }).waitFor();
    phone.forgiveRefusals(404);
  });

  it('go down the tree to an estate and look for a door', async () => {
    await phone.signInAs(cast.staff.openid);
    await phone.seen('[data-kind="door"]').click();
    const way = await wayDown(cast.staff.principal.region, cast.resident.principal.region);
    for (const region of way) await phone.seen(`[data-region="${region}"]`).click();
    if (way.length > 0) expect(await phone.seen('.picker__step').count()).toBe(way.length + 1);
    await phone.picture('18-staff-door');
    // A door that no building has; where the label of the sandbox's person names the real one, that one is looked for too.
    await phone.type('.field', '999-99-9999');
    await phone.button('查找').click();
    await phone.seen('.notice--red').filter({ hasText: '没有找到这个家庭' }).waitFor();
    phone.forgiveRefusals(404);
    const door = /\d+-\d+-\d+/.exec(cast.resident.label)?.[0];
    if (!door) return;
    await phone.type('.field', door);
    await phone.button('查找').click();
    await phone.seen('.head').filter({ hasText: cast.resident.principal.household.split('/')[1] }).waitFor();
  });

  it('show a station\'s code that a scanner reads', async () => {
    await phone.signInAs(cast.staff.openid);
    await phone.visit('pages/stations/stations');
    const station = cast.stations[0];
    await phone.type('.field', station.name.split('/')[1]);
    await phone.seen(`[data-station="${station.name}"]`).click();
    await phone.seen('.qr__image img').waitFor({ state: 'attached' });
    const code = await phone.seen('.pass__code').innerText();
    const source = (await phone.page.locator('.qr__image img').first().getAttribute('src')) ?? '';
    expect(readQr(Buffer.from(source.split(',')[1], 'base64'))).toBe(code);
    expect(await phone.seen('.pass__seconds').innerText()).toMatch(/^\d+ 秒后更换$/);
    await phone.picture('19-station-code');
  });
});
