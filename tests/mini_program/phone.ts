// A phone with the built mini program on it: miniprogram-simulate renders the artifact's own WXML and runs its own JavaScript on jsdom.
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { JSDOM } from 'jsdom';
import { WeChat } from './wx';

const require = createRequire(import.meta.url);
const HERE = path.dirname(fileURLToPath(import.meta.url));
export const ARTIFACT = path.resolve(HERE, '../../clients/mini_program/dist/build/mp-weixin');

const DOM_GLOBALS = ['window', 'document', 'HTMLElement', 'Element', 'Node', 'CustomEvent', 'Event', 'TouchEvent', 'MutationObserver'];
const WAIT_MS = 15_000;

interface PageInstance {
  route: string;
  onLoad(query: Record<string, string>): void;
  onShow?(): void;
  onReady?(): void;
  onHide?(): void;
  onUnload?(): void;
}
interface Rendered {
  instance: PageInstance;
  dom: HTMLElement;
  attach(parent: HTMLElement): void;
  detach(): void;
}
interface Simulator {
  load(componentPath: string, options: object): string;
  render(id: string): Rendered;
}

export class Phone {
  readonly wechat = new WeChat();
  private readonly root: string;
  private readonly simulate: Simulator;
  private readonly exparser: { Event: { dispatchEvent: (node: unknown, event: unknown) => void; create: (...args: unknown[]) => unknown } };
  private pages: { url: string; rendered: Rendered }[] = [];

  constructor() {
    if (!existsSync(path.join(ARTIFACT, 'app.json'))) {
      throw new Error(`${ARTIFACT} is missing: npm --prefix clients/mini_program run build:mp-weixin`);
    }
    // The artifact's files are CommonJS, and a folder above them says otherwise.
    this.root = mkdtempSync(path.join(os.tmpdir(), 'fenfen-mini-program-'));
    cpSync(ARTIFACT, this.root, { recursive: true });
    writeFileSync(path.join(this.root, 'package.json'), '{"type":"commonjs"}');
    this.defineGlobals();
    this.simulate = require('miniprogram-simulate') as Simulator;
    this.exparser = require('miniprogram-exparser') as Phone['exparser'];
    require(path.join(this.root, 'app.js'));
  }

  /** Opens the mini program as this person. */
  async start(openid: string): Promise<void> {
    this.wechat.openid = openid;
    this.relaunch('/pages/start/start');
    await this.settle();
  }

  get url(): string {
    return this.pages[this.pages.length - 1]?.url ?? '';
  }

  /** Elements whose own class is `name`, whatever prefix the simulator gave it. */
  all(name: string): HTMLElement[] {
    const top = this.pages[this.pages.length - 1];
    if (!top) return [];
    const named = (node: Element) => [...node.classList].some((c) => c === name || c.endsWith(`--${name}`));
    return [...top.rendered.dom.querySelectorAll<HTMLElement>('[class]')].filter(named);
  }

  text(name: string): string {
    return (this.all(name)[0]?.textContent ?? '').trim();
  }

  /** The first element of the class, once it is there. */
  async see(name: string, words = ''): Promise<HTMLElement> {
    const deadline = Date.now() + WAIT_MS;
    for (;;) {
      const found = this.all(name).find((node) => (node.textContent ?? '').includes(words));
      if (found) return found;
      if (Date.now() > deadline) throw new Error(`no .${name} "${words}" on ${this.url}; it shows: ${this.screen()}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async tap(name: string, words = ''): Promise<void> {
    await this.tapOn(await this.see(name, words));
  }

  async tapOn(node: HTMLElement): Promise<void> {
    this.send(node, 'tap', {});
    await this.settle();
  }

  /** Types into the field; the value reaches the program as WeChat sends it, in the event's detail. */
  async type(name: string, value: string): Promise<void> {
    this.send(await this.see(name), 'input', { value });
    await this.settle();
  }

  screen(): string {
    return (this.pages[this.pages.length - 1]?.rendered.dom.textContent ?? '').replace(/\s+/g, ' ').trim();
  }

  close(): void {
    for (const { rendered } of this.pages) rendered.detach();
    this.pages = [];
    rmSync(this.root, { recursive: true, force: true });
  }

  private send(node: HTMLElement, name: string, detail: object): void {
    const target = (node as unknown as { __wxElement?: unknown }).__wxElement;
    if (!target) throw new Error(`the simulator knows no element behind ${node.outerHTML.slice(0, 120)}`);
    this.exparser.Event.dispatchEvent(target, this.exparser.Event.create(name, detail, { bubbles: true, composed: true, capturePhase: true }));
  }

  private settle(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, 30));
  }

  private show(url: string): void {
    const [route, query = ''] = url.replace(/^\//, '').split('?');
    const rendered = this.simulate.render(this.simulate.load(path.join(this.root, route), { rootPath: this.root, compiler: 'official' }));
    rendered.attach(document.body);
    this.pages.push({ url, rendered });
    const page = rendered.instance;
    page.route = route;
    // WeChat hands over the query as it was written, not decoded.
    page.onLoad(Object.fromEntries(query.split('&').filter(Boolean).map((pair) => pair.split('=') as [string, string])));
    // onLoad may have gone elsewhere.
    if (this.url !== url) return;
    page.onShow?.();
    page.onReady?.();
  }

  private leave(count: number): void {
    for (const { rendered } of this.pages.splice(this.pages.length - count, count)) {
      rendered.instance.onUnload?.();
      rendered.detach();
    }
  }

  private relaunch(url: string): void {
    this.leave(this.pages.length);
    this.show(url);
  }

  private defineGlobals(): void {
    const dom = new JSDOM('<!doctype html><body></body>', { pretendToBeVisual: true });
    const scope = globalThis as Record<string, unknown>;
    for (const name of DOM_GLOBALS) scope[name] = (dom.window as unknown as Record<string, unknown>)[name];
    const later = (act: () => void) => void setTimeout(act, 0);
    // What uni-app asks for and our pages do not use gets the simulator's stand-ins.
    scope.wx = Object.assign({}, require('miniprogram-simulate/src/api'), this.wechat.api({
      push: (url) => later(() => {
        this.pages[this.pages.length - 1]?.rendered.instance.onHide?.();
        this.show(url);
      }),
      replace: (url) => later(() => {
        this.leave(1);
        this.show(url);
      }),
      relaunch: (url) => later(() => this.relaunch(url)),
    }));
    let app: Record<string, unknown> = {};
    scope.App = (options: Record<string, unknown> & { onLaunch?: (o: object) => void }) => {
      app = options;
      options.onLaunch?.({ path: 'pages/start/start', query: {}, scene: 1001 });
    };
    scope.getApp = () => app;
    scope.getCurrentPages = () => this.pages.map(({ rendered }) => rendered.instance);
    scope.Page = () => {
      throw new Error('the build makes its pages with Component');
    };
  }
}
