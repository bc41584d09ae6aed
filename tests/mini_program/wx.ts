// What WeChat gives a mini program, as far as ours asks for it: a plain object, because uni-app enumerates its keys. Requests are real:
// they go to the bridge under test, in place of the address that was set for the build.
import { bridgeAddress, must } from '../e2e/district';

/** The address in the build that is tested; VITE_API_BASE where the build set one. */
export const BUILT_FOR = process.env.VITE_API_BASE ?? 'https://fenfen.example';

type Callbacks<T> = { success?: (result: T) => void; fail?: (error: { errMsg: string }) => void; complete?: () => void };
type RequestOptions = Callbacks<{ statusCode: number; data: unknown; header: Record<string, string> }> & {
  url: string;
  method?: string;
  header?: Record<string, string>;
  data?: string;
  responseType?: string;
};

export interface Exchange {
  method: string;
  path: string;
  body: string;
  status: number;
}

/** Goes to another page. */
export interface Navigator {
  push(url: string): void;
  replace(url: string): void;
  relaunch(url: string): void;
}

/** What the person and the phone do, set by the test; what the program did, read by it. */
export class WeChat {
  /** Who holds the phone. */
  openid = '';
  /** What the camera sees next: a scan, or nothing because the person closes the scanner. */
  sight: { result?: string; path?: string } | null = null;
  /** How many of the next replies are lost on the way back. */
  repliesLost = 0;
  readonly exchanges: Exchange[] = [];
  readonly foreign: string[] = [];
  readonly titles: string[] = [];
  readonly storage = new Map<string, string>();

  /** The object that becomes the global `wx`. */
  api(navigator: Navigator): Record<string, unknown> {
    const system = { platform: 'android', model: 'phone', pixelRatio: 3, windowWidth: 390, windowHeight: 844, statusBarHeight: 24 };
    const info = () => ({ ...system, language: 'zh_CN', SDKVersion: '3.5.0', version: '8.0.50', fontSizeSetting: 16, safeArea: {} });
    return {
      request: (options: RequestOptions) => this.request(options),
      login: (options: Callbacks<{ code: string; errMsg: string }>) => this.login(options),
      scanCode: (options: Callbacks<object>) => this.scanCode(options),
      navigateTo: (options: { url: string }) => navigator.push(options.url),
      redirectTo: (options: { url: string }) => navigator.replace(options.url),
      reLaunch: (options: { url: string }) => navigator.relaunch(options.url),
      setNavigationBarTitle: ({ title }: { title: string }) => this.titles.push(title),
      getSystemInfoSync: info,
      getAppBaseInfo: info,
      getDeviceInfo: info,
      getWindowInfo: info,
      getStorageSync: (key: string) => (this.storage.has(key) ? JSON.parse(this.storage.get(key) ?? '') : ''),
      setStorageSync: (key: string, value: unknown) => void this.storage.set(key, JSON.stringify(value)),
      removeStorageSync: (key: string) => void this.storage.delete(key),
      arrayBufferToBase64: (bytes: ArrayBuffer) => Buffer.from(bytes).toString('base64'),
      stopPullDownRefresh: () => undefined,
      canIUse: () => true,
      getLaunchOptionsSync: () => ({ path: 'pages/start/start', query: {}, scene: 1001 }),
      getEnterOptionsSync: () => ({ path: 'pages/start/start', query: {}, scene: 1001 }),
      onAppShow: () => undefined,
      onAppHide: () => undefined,
      onThemeChange: () => undefined,
      nextTick: (done: () => void) => setTimeout(done, 0),
    };
  }

  private request(options: RequestOptions): { abort: () => void } {
    void this.exchange(options)
      .then((result) => options.success?.(result))
      .catch((error: Error) => options.fail?.({ errMsg: `request:fail ${error.message}` }))
      .finally(() => options.complete?.());
    return { abort: () => undefined };
  }

  private async exchange(options: RequestOptions) {
    if (!options.url.startsWith(`${BUILT_FOR}/`)) {
      this.foreign.push(options.url);
      throw new Error('url not in domain list');
    }
    const path = options.url.slice(BUILT_FOR.length);
    const method = options.method ?? 'GET';
    const reply = await fetch(bridgeAddress() + path, {
      method,
      headers: options.header,
      body: method === 'POST' ? options.data : undefined,
      signal: AbortSignal.timeout(20_000),
    });
    const bytes = await reply.arrayBuffer();
    this.exchanges.push({ method, path, body: options.data ?? '', status: reply.status });
    if (this.repliesLost > 0) {
      this.repliesLost--;
      throw new Error('timeout');
    }
    // Whatever the status: wx.request calls success for all of them.
    const data = options.responseType === 'arraybuffer' ? bytes : Buffer.from(bytes).toString('utf8');
    return { statusCode: reply.status, data, header: Object.fromEntries(reply.headers) };
  }

  private login(options: Callbacks<{ code: string; errMsg: string }>): void {
    must('POST', '/v1/sandbox/codes', '', { openid: this.openid })
      .then(({ code }) => options.success?.({ code, errMsg: 'login:ok' }))
      .catch((error: Error) => options.fail?.({ errMsg: `login:fail ${error.message}` }));
  }

  private scanCode(options: Callbacks<object> & { scanType?: string[] }): void {
    const seen = this.sight;
    setTimeout(() => {
      if (seen) options.success?.({ scanType: 'QR_CODE', errMsg: 'scanCode:ok', ...seen });
      else options.fail?.({ errMsg: 'scanCode:fail cancel' });
      options.complete?.();
    }, 0);
  }
}
