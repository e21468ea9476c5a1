// The functions that a PAC file may call, as browsers have them.
// Source: developer.mozilla.org, Proxy Auto-Configuration file; chromium, net/docs/proxy.md; held against Chromium's own answers by tests/pac.
// Given: __now (ms since 1970), __addresses (name → its addresses, as the capture has them), __ip (the client's), __noted (what was asked).
"use strict";
(() => {
  const RealDate = Date;
  function PacketDate(...parts) {
    if (!new.target || !parts.length) __noted.clock = true;
    if (!new.target) return new RealDate(__now).toString();
    return Reflect.construct(RealDate, parts.length ? parts : [__now], new.target);
  }
  PacketDate.prototype = RealDate.prototype;
  RealDate.prototype.constructor = PacketDate;
  PacketDate.now = () => ((__noted.clock = true), __now);
  PacketDate.parse = RealDate.parse;
  PacketDate.UTC = RealDate.UTC;

  const number = (address) => {
    const found = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address);
    if (!found || found.slice(1).some((part) => Number(part) > 255)) return null;
    return found.slice(1).reduce((sum, part) => (sum * 256 + Number(part)) >>> 0, 0);
  };
  const isAddress = (host) => number(host) !== null || String(host).includes(":");
  const resolve = (host, only4) => {
    if (isAddress(host)) return [host];
    const name = String(host).toLowerCase().replace(/\.$/, "");
    const known = Object.prototype.hasOwnProperty.call(__addresses, name) ? __addresses[name] : null;
    if (known === null) __noted.unknown[name] = true;
    return (known || []).filter((address) => !only4 || !address.includes(":"));
  };

  const DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
  const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
  const within = (first, at, last) => (first <= last ? first <= at && at <= last : at >= first || at <= last);
  const clock = (given) => {
    __noted.clock = true;
    const parts = [...given];
    const gmt = parts[parts.length - 1] === "GMT";
    if (gmt) parts.pop();
    const date = new RealDate(__now);
    const get = (what) => date[`get${gmt ? "UTC" : ""}${what}`]();
    return { parts, get };
  };

  const dateKind = (part) => {
    if (MONTHS.includes(part)) return { month: MONTHS.indexOf(part) };
    const value = parseInt(part, 10);
    if (isNaN(value)) return null;
    return value > 31 ? { year: value } : { day: value };
  };
  const dateRange = (...given) => {
    const { parts, get } = clock(given);
    const kinds = parts.map(dateKind);
    if (!kinds.length || kinds.includes(null)) return false;
    const now = { year: get("FullYear"), month: get("Month"), day: get("Date") };
    const fold = (some) => Object.assign({}, ...some);
    const key = (of, keys) => ["year", "month", "day"].filter((name) => name in keys).reduce((sum, name) => sum * 10000 + of[name], 0);
    if (kinds.length === 1) return key(now, kinds[0]) === key(kinds[0], kinds[0]);
    const half = kinds.length >> 1;
    const [first, last] = [fold(kinds.slice(0, half)), fold(kinds.slice(half))];
    return within(key(first, first), key(now, first), key(last, first));
  };
  const timeRange = (...given) => {
    const { parts, get } = clock(given);
    const values = parts.map(Number);
    const [hour, minute, second] = [get("Hours"), get("Minutes"), get("Seconds")];
    if (values.length === 1) return hour === values[0];
    if (values.length === 2) return values[0] <= hour && hour <= values[1];
    const at = (hour * 60 + minute) * 60 + second;
    if (values.length === 4) return within((values[0] * 60 + values[1]) * 60, at, (values[2] * 60 + values[3]) * 60 + 59);
    if (values.length === 6) return within((values[0] * 60 + values[1]) * 60 + values[2], at, (values[3] * 60 + values[4]) * 60 + values[5]);
    return false;
  };
  const weekdayRange = (...given) => {
    const { parts, get } = clock(given);
    const days = parts.map((day) => DAYS.indexOf(day));
    if (!days.length || days.includes(-1)) return false;
    return within(days[0], get("Day"), days[days.length - 1]);
  };

  Object.assign(globalThis, {
    Date: PacketDate,
    alert: () => undefined,
    dateRange,
    timeRange,
    weekdayRange,
    dnsDomainIs: (host, domain) => host.length >= domain.length && host.substring(host.length - domain.length) === domain,
    dnsDomainLevels: (host) => host.split(".").length - 1,
    dnsResolve: (host) => resolve(host, true)[0] || null,
    dnsResolveEx: (host) => resolve(host, false).join(";"),
    isInNet: (host, pattern, mask) => {
      const [net, bits] = [number(pattern), number(mask)];
      if (net === null || bits === null) return false;
      const address = number(number(host) === null ? resolve(host, true)[0] || "" : host);
      return address !== null && ((address & bits) >>> 0) === ((net & bits) >>> 0);
    },
    isPlainHostName: (host) => !/[.:]/.test(host),
    isResolvable: (host) => resolve(host, true).length > 0,
    isResolvableEx: (host) => resolve(host, false).length > 0,
    localHostOrDomainIs: (host, domain) => host === domain || domain.lastIndexOf(`${host}.`, 0) === 0,
    myIpAddress: () => ((__noted.ip = true), __ip),
    myIpAddressEx: () => ((__noted.ip = true), __ip),
    shExpMatch: (text, shape) => {
      const expression = shape.replace(/\./g, "\\.").replace(/\*/g, ".*").replace(/\?/g, ".");
      return new RegExp(`^${expression}$`).test(text);
    },
  });
})();
