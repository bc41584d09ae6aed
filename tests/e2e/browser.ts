// Headless Chromium, and a watch over everything a page must not do: speak to another host, or complain on the console.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { chromium, type Browser, type BrowserContext, type Locator, type Page } from 'playwright-core';
import { bridgeAddress } from './district';

const ARTIFACTS = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '../artifacts');
const FLAGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];
const PHONE = { width: 390, height: 844 };

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
}

/** A phone with one page, nobody signed in. */
export class Phone {
  readonly foreign: string[] = [];
  readonly complaints: string[] = [];

  private constructor(readonly context: BrowserContext, readonly page: Page) {}

  static async open(browser: Browser): Promise<Phone> {
    const context = await browser.newContext({ viewport: PHONE, deviceScaleFactor: 2, locale: 'zh-CN', timezoneId: 'America/New_York' });
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    const phone = new Phone(context, page);
    const home = new URL(bridgeAddress()).host;
    context.on('request', (request) => {
      const url = new URL(request.url());
      if (['http:', 'https:', 'ws:', 'wss:'].includes(url.protocol) && url.host !== home) phone.foreign.push(request.url());
    });
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') phone.complaints.push(`${message.text()} ${message.location().url}`);
    });
    page.on('pageerror', (error) => phone.complaints.push(`uncaught: ${error.message}`));
    return phone;
  }

  /** Signs in by the sandbox's list, as a person does. */
  async signInAs(openid: string): Promise<void> {
    await this.page.goto(`${bridgeAddress()}/`);
    await this.page.locator(`[data-openid="${openid}"]`).click();
    await this.page.locator('.hero').waitFor();
  }

  /** Follows an address within the pages, as `pages/offers/offers`. */
  async visit(where: string): Promise<void> {
    await this.page.goto(`${bridgeAddress()}/#/${where}`);
  }

  /** The visible one: uni-app keeps the pages below in the document. */
  seen(selector: string): Locator {
    return this.page.locator(selector).locator('visible=true');
  }

  button(text: string): Locator {
    return this.seen('.t-button').filter({ hasText: text });
  }

  async type(selector: string, text: string): Promise<void> {
    await this.seen(`${selector} input`).fill(text);
  }

  /** Keeps a picture of the page under tests/artifacts. */
  async picture(name: string): Promise<void> {
    mkdirSync(ARTIFACTS, { recursive: true });
    await this.page.waitForTimeout(250);
    await this.page.screenshot({ path: path.join(ARTIFACTS, `${name}.png`), fullPage: true });
  }

  /** A refused request is reported by Chromium on the console; where the journey is about a refusal, that one complaint is right. */
  forgiveRefusals(status: number): void {
    const expected = `Failed to load resource: the server responded with a status of ${status} `;
    for (let i = this.complaints.length - 1; i >= 0; i--) {
      if (this.complaints[i].startsWith(expected) && this.complaints[i].includes('/v1/')) this.complaints.splice(i, 1);
    }
  }

  close(): Promise<void> {
    return this.context.close();
  }
}
