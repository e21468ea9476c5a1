"use strict";
// Finding a source among the groups: its group is opened and it is marked.
(() => {
  for (const box of document.querySelectorAll(".find")) {
    const input = box.querySelector("input"), said = box.querySelector("[role=status]");
    const groups = [...box.parentElement.querySelectorAll("details.group")];
    box.hidden = false;
    input.addEventListener("input", () => {
      const words = input.value.trim().toLowerCase();
      let hits = 0, seen = null;
      for (const group of groups) {
        let own = 0;
        for (const member of group.querySelectorAll(".members li")) {
          const found = words !== "" && member.textContent.toLowerCase().includes(words);
          member.classList.toggle("found", found);
          if (found) own++;
        }
        const head = group.querySelector("summary strong");
        if (words !== "" && own === 0 && head.textContent.toLowerCase().includes(words)) own = 1;
        group.hidden = words !== "" && own === 0;
        if (own) {
          group.open = true;
          const list = group.querySelector(".members")?.parentElement;
          if (list) list.open = true;
          seen ??= group;
        }
        hits += own;
      }
      said.textContent = words === "" ? "" : hits === 0 ? "no source is called so here" : hits + (hits === 1 ? " source" : " sources");
    });
  }
})();
// Lines to be copied with a click: display filters and commands.
const copyText = async (content) => {
  try {
    await navigator.clipboard.writeText(content);
    return true;
  } catch { // no permission, or a page opened where there is no clipboard
    const field = document.createElement("textarea");
    field.className = "unseen";
    field.setAttribute("aria-hidden", "true");
    field.value = content;
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
};
const copyButton = (content, what) => {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.title = "Copy " + what;
  button.addEventListener("click", async () => {
    button.textContent = (await copyText(content())) ? "Copied" : "Not allowed";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  return button;
};
for (const line of document.querySelectorAll("code.copied")) line.after(" ", copyButton(() => line.textContent, line.classList.contains("filter") ? "the display filter" : "the command"));
// The flow table: sorted, filtered, searched and copied here, a page of rows at a time. Every text of it becomes a text node.
(() => {
  const data = JSON.parse(document.getElementById("flow-data").textContent);
  const ROWS = matchMedia("(max-width: 44rem)").matches ? 25 : 100, PRINTED = 400;
  const SHOWN = ["test", "first_seen", "client_ip", "host", "service", "plane", "proxy", "proxy_status", "state", "bytes", "id"];
  const TITLES = { test: "Test", first_seen: "Time (" + data.zone.name + ")", client_ip: "Source", host: "Host", service: "Service", plane: "Plane", proxy: "Through", proxy_status: "Answer", state: "State", bytes: "Bytes", id: "Flow", route: "Route", inspected: "TLS inspected" };
  const LONG = new Set(["host", "service", "proxy"]);
  const FILTERS = ["test", "service", "plane", "proxy", "route", "state", "inspected"];
  const columns = new Map(data.columns.map((column) => [column.name, column]));
  const isNumber = (name) => name === "bytes" || columns.get(name).kind === "number";

  // What a column holds, by row: the text of a cell ("" for null), and a number to sort by (NaN for null).
  const pad = (number, width) => String(number).padStart(width, "0");
  const timeText = (column, row) => {
    const seconds = column.seconds[row];
    if (seconds === null) return "";
    return new Date((column.base + seconds) * 1000).toISOString().slice(0, 19) + "." + pad(column.nanoseconds[row], 9) + "Z";
  };
  // The same in the zone that the page shows, with its offset.
  const aheadAt = (second) => {
    const offsets = data.zone.offsets;
    let at = offsets.length - 1;
    while (at > 0 && offsets[at][0] > second) at--;
    return offsets[at][1];
  };
  const shownTime = (column, row) => {
    if (column.kind !== "time" || column.seconds[row] === null) return "";
    if (data.zone.name === "UTC") return timeText(column, row);
    const second = column.base + column.seconds[row], ahead = aheadAt(second), minutes = Math.round(Math.abs(ahead) / 60);
    return new Date((second + ahead) * 1000).toISOString().slice(0, 19) + "." + pad(column.nanoseconds[row], 9) + (ahead < 0 ? "-" : "+") + pad(Math.floor(minutes / 60), 2) + ":" + pad(minutes % 60, 2);
  };
  const codeOf = (column, row) => (column.codes === null ? row : column.codes[row]); // null: each row has a text of its own
  const text = (name, row) => {
    const column = columns.get(name);
    if (!column || column.kind === "none") return "";
    if (column.kind === "time") return timeText(column, row);
    if (column.kind === "number") return column.values[row] === null ? "" : String(column.values[row]);
    const code = codeOf(column, row);
    return code < 0 ? "" : column.texts[code];
  };
  const number = (name, row) => columns.get(name)?.values?.[row] ?? 0;
  const proxyText = (row) => {
    const name = text("proxy_name", row), proxy = text("proxy", row);
    if (!proxy) return text("route", row) === "direct" ? "direct" : "";
    return name ? name + " " + text("method", row) : proxy;
  };
  const hostText = (row) => text("host", row) || endText(text("server_ip", row), text("server_port", row));
  const endText = (ip, port) => (ip.includes(":") ? "[" + ip + "]:" : ip + ":") + port;
  const grouped = new Intl.NumberFormat("en");
  const times = columns.get("first_seen");
  const days = new Set(times.kind === "time" ? times.seconds.map((seconds) => seconds === null ? null : Math.floor((times.base + seconds + aheadAt(times.base + seconds)) / 86400)) : []);
  days.delete(null);
  const oneDay = days.size === 1; // said once, over the column
  const shown = {
    first_seen: (row) => shownTime(times, row).slice(oneDay ? 11 : 0, 23).replace("T", " "),
    host: hostText, proxy: proxyText,
    bytes: (row) => grouped.format(number("bytes_out", row) + number("bytes_in", row)),
  };
  const cellText = (name, row) => (shown[name] ? shown[name](row) : text(name, row));

  const keysOf = (name) => {
    const keys = new Float64Array(data.rows), column = columns.get(name);
    if (name === "bytes") for (let row = 0; row < data.rows; row++) keys[row] = number("bytes_out", row) + number("bytes_in", row);
    else if (column?.kind === "number") for (let row = 0; row < data.rows; row++) keys[row] = column.values[row] ?? NaN;
    else if (column?.kind === "time") for (let row = 0; row < data.rows; row++) keys[row] = column.seconds[row] === null ? NaN : column.seconds[row] + column.nanoseconds[row] / 1e9;
    else {
      const texts = Array.from({ length: data.rows }, (_, row) => cellText(name, row));
      const order = new Map([...new Set(texts)].sort().map((value, rank) => [value, rank]));
      for (let row = 0; row < data.rows; row++) keys[row] = texts[row] === "" ? NaN : order.get(texts[row]);
    }
    return keys;
  };

  const state = { sort: "", descending: false, search: "", filters: new Map(), set: null, page: 0, open: new Set(), target: -1 };
  const keyCache = new Map();
  let found = [];

  // Which rows contain the words: each distinct text is looked at once.
  const matches = (words) => {
    const hits = new Uint8Array(data.rows);
    for (const column of columns.values()) {
      if (column.kind === "text") {
        const good = column.texts.map((value) => value.toLowerCase().includes(words));
        if (good.includes(true)) for (let row = 0; row < data.rows; row++) if (codeOf(column, row) >= 0 && good[codeOf(column, row)]) hits[row] = 1;
      } else if (column.kind === "number") {
        if (/^\d+$/.test(words)) for (let row = 0; row < data.rows; row++) if (column.values[row] === Number(words)) hits[row] = 1;
      } else if (column.kind === "time" && /^[\d:.tz -]+$/.test(words)) {
        const wanted = words.replace(" ", "t");
        for (let row = 0; row < data.rows; row++) if (shownTime(column, row).toLowerCase().includes(wanted)) hits[row] = 1;
      }
    }
    return hits;
  };

  const choose = () => {
    const hits = state.search ? matches(state.search) : null;
    const wanted = state.set ? new Set(state.set) : null;
    const filters = [...state.filters].filter(([, value]) => value !== null);
    found = [];
    for (let row = 0; row < data.rows; row++) {
      if (wanted && !wanted.has(row)) continue;
      if (hits && !hits[row]) continue;
      if (filters.every(([name, value]) => filterText(name, row) === value)) found.push(row);
    }
    if (state.sort) {
      if (!keyCache.has(state.sort)) keyCache.set(state.sort, keysOf(state.sort));
      const keys = keyCache.get(state.sort), sign = state.descending ? -1 : 1;
      found.sort((a, b) => {
        const x = keys[a], y = keys[b];
        if (x !== x || y !== y) return (x !== x) - (y !== y) || a - b; // null comes last
        return sign * (x - y) || a - b;
      });
    }
  };
  const filterText = (name, row) => (name === "proxy" ? proxyText(row) : text(name, row));

  // The page's own elements, made without markup.
  const make = (tag, properties = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value !== null) element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  };
  const host = document.getElementById("flow-table");
  const status = make("p", { class: "status", role: "status" });
  const body = make("tbody");
  const heads = new Map();
  const oneSource = columns.get("client_ip").texts?.length === 1;
  const present = SHOWN.filter((name) => name === "bytes" || (columns.has(name) && !(name === "client_ip" && oneSource)));
  const pagerText = make("span");
  const before = make("button", { type: "button", onclick: () => turn(-1) }, "Previous");
  const after = make("button", { type: "button", onclick: () => turn(1) }, "Next");
  const everything = make("button", { type: "button", hidden: "", onclick: () => { history.replaceState(null, "", "#flows"); state.set = null; refresh(); } }, "Show all flows");
  const search = make("input", { type: "search", autocomplete: "off", spellcheck: "false", placeholder: "host, address, id, user agent …" });

  const filterFor = (row) => {
    const kind = text("client_ip", row).includes(":") ? "ipv6" : "ip", protocol = text("protocol", row);
    const ends = ["client", "server"];
    return [...ends.map((end) => kind + ".addr == " + text(end + "_ip", row)), ...ends.map((end) => protocol + ".port == " + text(end + "_port", row))].join(" && ");
  };
  const details = (row) => {
    const list = make("dl");
    for (const column of columns.values()) {
      const value = column.kind === "time" ? shownTime(column, row) : text(column.name, row);
      if (value !== "") list.append(make("div", {}, make("dt", { title: column.meaning }, column.name), make("dd", {}, value, ...(column.name === "pair" ? [" ", make("a", { href: "#pair-" + encodeURIComponent(value) }, "both legs")] : []))));
    }
    const exact = (title, content) => list.append(make("div", { class: "exact" }, make("dt", {}, title), make("dd", {}, make("code", {}, content), " ", copyButton(() => content, "it"))));
    exact("Wireshark display filter", filterFor(row));
    if (data.find) exact("its packets as a capture of their own", data.find + " --flow " + text("id", row) + " -o " + text("id", row) + ".pcapng");
    return make("tr", { class: "all" }, make("td", { colspan: String(present.length) }, list));
  };

  // A host may go on in the next line before a dot, and not in the middle of a word.
  const breakable = (value) => value.split(/(?=\.[a-z])/i).flatMap((part, at) => (at ? [make("wbr"), part] : [part]));
  const drawRow = (row) => {
    const line = make("tr", state.target === row ? { class: "target" } : {});
    for (const name of present) {
      const value = cellText(name, row);
      const kind = [isNumber(name) ? "number" : "", LONG.has(name) ? "long" : "", value === "" ? "empty" : ""].filter(Boolean).join(" ");
      if (name === "id") {
        const isOpen = state.open.has(row);
        const button = make("button", { type: "button", "aria-expanded": String(isOpen), title: "Everything known of this flow" }, value);
        button.addEventListener("click", () => {
          if (state.open.has(row)) state.open.delete(row); else state.open.add(row);
          draw();
          body.querySelectorAll(".id button").forEach((each) => { if (each.textContent === value) each.focus(); });
        });
        line.append(make("td", { class: "id", "data-label": "Flow" }, button));
      } else line.append(make("td", { class: kind || null, "data-label": TITLES[name] }, ...(LONG.has(name) ? breakable(value) : [value])));
    }
    return state.open.has(row) ? [line, details(row)] : [line];
  };

  const draw = (rows = ROWS) => {
    const start = rows === ROWS ? state.page * ROWS : 0;
    const part = found.slice(start, start + rows);
    body.replaceChildren(...part.flatMap(drawRow));
    for (const [name, head] of heads) {
      if (name === state.sort) head.setAttribute("aria-sort", state.descending ? "descending" : "ascending"); else head.removeAttribute("aria-sort");
      head.querySelector("span").textContent = name === state.sort ? (state.descending ? " ▼" : " ▲") : "";
    }
    const last = start + part.length;
    pagerText.textContent = found.length ? grouped.format(start + 1) + " to " + grouped.format(last) + " of " + grouped.format(found.length) : "none";
    before.disabled = state.page === 0;
    after.disabled = last >= found.length;
    everything.hidden = state.set === null;
  };
  const say = (what) => { status.textContent = what; };
  const refresh = () => {
    state.page = 0;
    choose();
    draw();
    say(found.length === data.rows ? "All " + grouped.format(data.rows) + " flows" : grouped.format(found.length) + " of " + grouped.format(data.rows) + " flows");
  };
  const turn = (by) => { state.page += by; draw(); heads.values().next().value.scrollIntoView({ block: "nearest" }); };

  // CSV as `whichproxy flows` writes it: no cell is a formula to a spreadsheet (OWASP, CSV injection).
  const csvCell = (value) => {
    const inert = /^[=+\-@\t\r\n＝＋－＠]/.test(value) && !/^-?\d+(\.\d+)?$/.test(value) ? "'" + value : value;
    return /[",\r\n]/.test(inert) ? '"' + inert.replaceAll('"', '""') + '"' : inert;
  };
  const csv = () => {
    const names = [...columns.keys()];
    return [names.join(","), ...found.map((row) => names.map((name) => csvCell(text(name, row))).join(","))].join("\n") + "\n";
  };
  const copy = async () => {
    if (!(await copyText(csv()))) return say("The browser doesn't let this page copy.");
    return say("Copied " + grouped.format(found.length) + (found.length === 1 ? " flow" : " flows") + " as CSV.");
  };

  // What cuts the packets of the chosen rows out of the captures, by their ids.
  const MOST_CUT = 200;
  const copyCommand = async () => {
    if (found.length === 0 || found.length > MOST_CUT) return say("Choose at most " + MOST_CUT + " flows for one command; slice also takes --source, --service and --finding.");
    const command = data.find + found.map((row) => " --flow " + text("id", row)).join("") + " -o flows.pcapng";
    return say((await copyText(command)) ? "Copied the command that writes the packets of " + grouped.format(found.length) + (found.length === 1 ? " flow." : " flows.") : "The browser doesn't let this page copy.");
  };

  const filterOf = (name) => {
    const values = [...new Set(Array.from({ length: data.rows }, (_, row) => filterText(name, row)))].sort();
    if (values.length < 2) return null;
    const select = make("select", {}, make("option", { value: "" }, "all"));
    values.slice(0, 500).forEach((value, at) => select.append(make("option", { value: String(at + 1) }, value === "" ? "(none)" : value)));
    select.addEventListener("change", () => { state.filters.set(name, select.value === "" ? null : values[Number(select.value) - 1]); refresh(); });
    return make("label", {}, TITLES[name], select);
  };

  const follow = () => {
    const hash = decodeURIComponent(location.hash.slice(1));
    if (hash.startsWith("flow-")) {
      const column = columns.get("id");
      const code = column.kind === "text" ? column.texts.indexOf(hash.slice(5)) : -1;
      const row = code < 0 ? -1 : column.codes === null ? code : column.codes.indexOf(code);
      if (row < 0) return say("This page has no room for that flow: whichproxy flows has it" + (data.find ? ", and " + data.find + " --flow " + hash.slice(5) + " -o flow.pcapng writes its packets." : "."));
      if (!found.includes(row)) clear();
      state.target = row;
      state.open.add(row);
      state.page = Math.floor(found.indexOf(row) / ROWS);
      draw();
      const line = body.querySelector("tr.target");
      line.scrollIntoView({ block: "center" });
      line.querySelector(".id button").focus({ preventScroll: true });
    } else if (hash.startsWith("pair-")) {
      show(Array.from({ length: data.rows }, (_, row) => row).filter((row) => text("pair", row) === hash.slice(5)));
    } else if (hash.startsWith("flows-") && Object.hasOwn(data.sets, hash.slice(6))) {
      show(data.sets[hash.slice(6)]);
      const more = data.more[hash.slice(6)];
      if (more) say(status.textContent + "; this page has no room for " + grouped.format(more) + " more of this statement: whichproxy flows has them");
    } else if (/(^|-)source-/.test(hash)) {
      const target = document.getElementById(hash);
      if (!target) return undefined;
      for (let around = target.parentElement; around; around = around.parentElement) if (around.tagName === "DETAILS") around.open = true;
      document.querySelectorAll(".found").forEach((each) => { each.classList.remove("found"); });
      target.classList.add("found");
      clear();
      state.search = search.value = hash.replace(/^.*?source-/, "");
      refresh();
      target.scrollIntoView({ block: "center" });
    }
    return undefined;
  };
  const show = (set) => {
    clear(set);
    document.getElementById("flows-heading").scrollIntoView();
    search.focus({ preventScroll: true });
  };
  const clear = (set = null) => {
    state.set = set;
    state.search = search.value = "";
    state.filters.clear();
    host.querySelectorAll("select").forEach((select) => { select.value = ""; });
    refresh();
  };

  let waiting = 0;
  search.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { state.search = search.value.trim().toLowerCase(); refresh(); }, 120);
  });
  const line = make("tr");
  for (const name of present) {
    const title = name === "first_seen" && oneDay ? shownTime(times, times.seconds.findIndex((seconds) => seconds !== null)).slice(0, 10) + ", " + data.zone.name : TITLES[name];
    const button = make("button", { type: "button" }, title, make("span", { "aria-hidden": "true" }));
    button.addEventListener("click", () => {
      state.descending = state.sort === name ? !state.descending : isNumber(name);
      state.sort = name;
      refresh();
    });
    const head = make("th", { scope: "col", class: isNumber(name) ? "number" : null, "data-label": title }, button);
    heads.set(name, head);
    line.append(head);
  }
  host.append(
    make("div", { class: "controls", role: "search" }, make("label", { class: "search" }, "Search", search),
      ...FILTERS.filter((name) => columns.has(name)).map(filterOf).filter(Boolean),
      make("button", { type: "button", onclick: copy, title: "The rows that are chosen now, with every column" }, "Copy as CSV"),
      ...(data.find ? [make("button", { type: "button", onclick: copyCommand, title: "The command that writes the packets of the rows that are chosen now" }, "Copy slice command")] : []), everything),
    status,
    make("div", { class: "scroll", role: "region", "aria-label": "Flows", tabindex: "0" }, make("table", { class: "grid" }, make("thead", {}, line), body)),
    make("div", { class: "pager" }, before, pagerText, after),
  );
  host.hidden = false;
  refresh();
  follow();
  addEventListener("hashchange", follow);
  addEventListener("beforeprint", () => { draw(PRINTED); if (found.length > PRINTED) say("The first " + PRINTED + " of " + grouped.format(found.length) + " flows"); });
  addEventListener("afterprint", () => draw());
})();
