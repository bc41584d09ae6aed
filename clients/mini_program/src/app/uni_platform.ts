// What the platform gives: HTTP, storage, sign-in codes, scanning. The only file that knows that there are two of them.
import type { HttpReply, HttpRequest, KeyValueStore, Transport } from '@/shared/transport';
import { scannedText } from '@/shared/codes';

/** Same origin on H5; on mp-weixin the address that was set for the build. */
export const API_BASE = process.env.UNI_PLATFORM === 'h5' ? '' : import.meta.env.VITE_API_BASE || 'https://fenfen.example';

function textOf(data: unknown): string {
  if (typeof data === 'string') return data;
  if (!(data instanceof ArrayBuffer)) return JSON.stringify(data ?? null);
  // TextDecoder is absent from some mini program engines.
  const percent = Array.from(new Uint8Array(data), (b) => `%${b.toString(16).padStart(2, '0')}`).join('');
  try {
    return decodeURIComponent(percent);
  } catch {
    return '';
  }
}

/** HTTP over uni.request. `dataType` is anything but json so that uni leaves the text alone. */
export function uniTransport(base: string): Transport {
  return (request: HttpRequest) =>
    new Promise<HttpReply>((resolve, reject) => {
      uni.request({
        url: base + request.path,
        method: request.method,
        header: request.headers,
        data: request.body,
        dataType: 'text',
        responseType: request.expect === 'bytes' ? 'arraybuffer' : 'text',
        timeout: request.timeoutMs,
        success: ({ statusCode, data, header }) => {
          const headers: Record<string, string> = {};
          for (const [name, value] of Object.entries((header ?? {}) as object)) headers[name.toLowerCase()] = String(value);
          const image = request.expect === 'bytes' && (headers['content-type'] ?? '').startsWith('image/');
          resolve({ status: statusCode, headers, text: image ? '' : textOf(data), bytes: image ? (data as ArrayBuffer) : undefined });
        },
        fail: ({ errMsg }) => reject(new Error(errMsg)),
      });
    });
}

/** The platform's storage. A full or forbidden storage loses convenience, never a point, so its errors are passed over. */
export const uniStore: KeyValueStore = {
  get(key) {
    const value = uni.getStorageSync(key);
    return value === '' ? undefined : value;
  },
  set(key, value) {
    try {
      uni.setStorageSync(key, value);
    } catch {
      // Kept in memory by the caller.
    }
  },
  remove(key) {
    uni.removeStorageSync(key);
  },
};

/** A code from wx.login. In WeChat alone. */
export function weChatCode(): Promise<string> {
  return new Promise((resolve, reject) => {
    uni.login({ provider: 'weixin', success: ({ code }) => resolve(code), fail: ({ errMsg }) => reject(new Error(errMsg)) });
  });
}

// #ifdef MP-WEIXIN
/** Opens the scanner. Gives null where the person closed it. */
export function scanWithCamera(): Promise<string | null> {
  return new Promise((resolve, reject) => {
    uni.scanCode({
      scanType: ['qrCode', 'wxCode'] as unknown as string[],
      success: (scan) => resolve(scannedText(scan as { result?: string; path?: string })),
      fail: ({ errMsg }) => (/cancel/.test(errMsg) ? resolve(null) : reject(new Error(errMsg))),
    });
  });
}
// #endif
