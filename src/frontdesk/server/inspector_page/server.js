// Speaks with the server. The key comes from the link's #key=..., is kept for this tab only, and goes as a header.

const KEY = "frontdesk-inspector-key";
const BASE = "/inspector/api";

/** Thrown where the server wants to see another key. */
export class NeedsKey extends Error {}

function kept() {
  try {
    return sessionStorage.getItem(KEY) ?? "";
  } catch {
    return "";
  }
}

let key = kept();

export function useKey(text) {
  key = text.trim();
  try {
    sessionStorage.setItem(KEY, key);
  } catch {
    // Without storage the key lasts as long as the page.
  }
}

/** Take the key out of the address, so that nobody reads it there later. */
export function takeKey() {
  const asked = new URLSearchParams(location.hash.slice(1));
  const given = asked.get("key");
  if (!given) return;
  useKey(given);
  asked.delete("key");
  history.replaceState(null, "", asked.size ? `#${asked}` : location.pathname);
}

export function get(name, query = {}) {
  const asked = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== undefined));
  return call(`${name}${asked.size ? `?${asked}` : ""}`);
}

export function post(name, body = {}) {
  return call(name, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

async function call(path, { headers = {}, ...rest } = {}) {
  const response = await fetch(`${BASE}/${path}`, {
    ...rest,
    headers: { ...headers, Authorization: `Bearer ${key || "none"}` },
    cache: "no-store",
    credentials: "omit",
  });
  if (response.ok) return response.json();
  let message = `The server answered ${response.status}.`;
  try {
    message = (await response.json()).message ?? message;
  } catch {
    // Not ours: a proxy's page.
  }
  throw response.status === 401 ? new NeedsKey(message) : new Error(message);
}
