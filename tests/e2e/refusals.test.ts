// What the pages say when something cannot be done, and what they keep: language, text size, the session.
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Phone, launch } from './browser';
import { Codes, balanceOf, bridgeAddress, findCast, type Cast } from './district';

const STEP_MS = 30_000;
const SESSION_KEY = 'fenfen.session';

let browser: Browser;
let phone: Phone;
let cast: Cast;
let codes: Codes;
/** Fetched first, so that it is old by the time it is used. */
let oldCode = '';

beforeAll(async () => {
  browser = await launch();
  cast = await findCast();
  codes = new Codes(cast, 'last');
  oldCode = await codes.next();
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

async function drop(code: string): Promise<void> {
  await phone.visit(`pages/drop/drop?code=${encodeURIComponent(code)}`);
  await phone.seen('[data-category="CATEGORY_FOOD"]').click();
  await phone.button('确认投放').click();
}

async function refusal(words: string): Promise<void> {
  await phone.seen('.notice--red').filter({ hasText: words }).waitFor();
}

describe('a drop', () => {
  it('with something that is no station code is refused in words, and changes nothing', async () => {
    const before = await balanceOf(cast.resident);
    await phone.signInAs(cast.resident.openid);
    await drop('https://example.com/menu');
    await refusal('无法识别这个站点码');
    await phone.picture('21-unknown-code');
    await phone.button('重新扫码').click();
    await phone.seen('.code-input').waitFor();
    expect(await balanceOf(cast.resident)).toEqual(before);
    phone.forgiveRefusals(404);
  });

  it('with a code that the household has used is refused', async () => {
    const code = await codes.next();
    await phone.signInAs(cast.resident.openid);
    await drop(code);
    await phone.seen('.done').waitFor();
    // Another category makes another intent; the same one would only be told its result again.
    await phone.button('回到首页').click();
    await phone.seen('.scan').click();
    await phone.type('.code-input__field', code);
    await phone.button('下一步').click();
    await phone.seen('[data-category="CATEGORY_HAZARDOUS"]').click();
    await phone.button('确认投放').click();
    await refusal('您家已经用过了');
    phone.forgiveRefusals(422);
  });

  it('of a weight that cannot be is not even sent', async () => {
    await phone.signInAs(cast.resident.openid);
    await phone.visit(`pages/drop/drop?code=${await codes.next()}`);
    await phone.seen('[data-category="CATEGORY_FOOD"]').click();
    for (const [weight, words] of [['0', '重量要大于 0'], ['-1', '重量要大于 0'], ['51', '最多 50 公斤'], ['0.0001', '请填数字']]) {
      await phone.type('.field', weight);
      await phone.seen('.wrong').filter({ hasText: words }).waitFor();
      expect(await phone.button('确认投放').getAttribute('class')).toContain('t-button--disabled');
    }
  });
});

describe('a session', () => {
  it('that the bridge no longer takes is renewed without a word', async () => {
    await phone.signInAs(cast.resident.openid);
    await phone.seen('.stats').waitFor();
    await phone.page.evaluate((key) => {
      const kept = JSON.parse(localStorage.getItem(key) ?? '') as { data: { token: string } };
      kept.data.token = 'e30.e30.AAAA';
      localStorage.setItem(key, JSON.stringify(kept));
    }, SESSION_KEY);
    await phone.page.reload();
    await phone.seen('.stats').waitFor();
    phone.forgiveRefusals(401);
  });

  it('that cannot be renewed ends at the sign-in page', async () => {
    await phone.signInAs(cast.resident.openid);
    await phone.seen('.stats').waitFor();
    await phone.page.evaluate((key) => {
      const kept = JSON.parse(localStorage.getItem(key) ?? '') as { data: { token: string; principal: { subject: string } } };
      kept.data.token = 'e30.e30.AAAA';
      kept.data.principal.subject = 'households/9007199254740991/members/1';
      localStorage.setItem(key, JSON.stringify(kept));
    }, SESSION_KEY);
    await phone.page.reload();
    await phone.seen('.card--people').waitFor();
    for (const status of [400, 401, 403, 404]) phone.forgiveRefusals(status);
  });

  it('is needed for every page', async () => {
    for (const page of ['home', 'drop', 'voucher', 'merchant', 'staff', 'household', 'trace', 'station_code']) {
      await phone.visit(`pages/${page}/${page}`);
      await phone.seen('.card--people').waitFor();
    }
  });

  it('of a resident does not open the pages of staff', async () => {
    await phone.signInAs(cast.resident.openid);
    await phone.visit('pages/staff/staff');
    await phone.seen('.balance').waitFor();
  });
});

describe('a person', () => {
  it('chooses English and large text on the home page, and keeps them', async () => {
    await phone.signInAs(cast.resident.openid);
    await phone.seen('.stats').waitFor();
    const size = () => phone.seen('.scan__hint').evaluate((node) => parseFloat(getComputedStyle(node).fontSize));
    const normal = await size();
    expect(normal).toBeGreaterThanOrEqual(16);
    await phone.seen('.hero__tool').filter({ hasText: '大字' }).click();
    await phone.seen('.page--large').waitFor();
    expect(await size()).toBeGreaterThan(normal);
    await phone.picture('22-large-text');
    await phone.seen('.hero__tool').filter({ hasText: 'English' }).click();
    await phone.seen('.scan__title').filter({ hasText: 'Scan and drop' }).waitFor();
    await phone.picture('23-english');
    await phone.page.reload();
    await phone.seen('.page--large').waitFor();
    expect(await phone.seen('.scan__title').innerText()).toBe('Scan and drop');
    expect(await phone.page.evaluate(() => document.documentElement.lang)).toBe('en');
  });

  it('can tap everything with a thumb', async () => {
    await phone.signInAs(cast.resident.openid);
    await phone.seen('.stats').waitFor();
    const small = await phone.page.locator('[role=button]:visible, .t-button:visible').evaluateAll((nodes) =>
      nodes.map((node) => ({ box: node.getBoundingClientRect(), text: node.textContent }))
        .filter(({ box }) => Math.min(box.width, box.height) < 44)
        .map(({ text }) => text),
    );
    expect(small).toEqual([]);
  });

  it('can do without a mouse', async () => {
    await phone.page.goto(`${bridgeAddress()}/`);
    await phone.seen(`[data-openid="${cast.resident.openid}"]`).focus();
    await phone.page.keyboard.press('Enter');
    await phone.seen('.hero').waitFor();
  });
});

describe('a code of the minute before last', () => {
  it('is refused as expired, and a new scan is offered', { timeout: 120_000 }, async () => {
    const step = Number(oldCode.split('.')[2]);
    // Good for its own step and the one after it.
    const expires = (step + 2) * STEP_MS + 1000;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, expires - Date.now())));
    const before = await balanceOf(cast.resident);
    await phone.signInAs(cast.resident.openid);
    await drop(oldCode);
    await refusal('站点码已过期');
    await phone.button('重新扫码').waitFor();
    await phone.picture('24-expired-code');
    expect(await balanceOf(cast.resident)).toEqual(before);
    phone.forgiveRefusals(422);
  });
});
