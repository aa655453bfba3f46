/**
 * The path that policies are asked about, as Envoy 1.40 makes it of a request's raw path with `normalize_path`,
 * `merge_slashes` and `path_with_escaped_slashes_action: REJECT_REQUEST`: escapes of unreserved characters are
 * decoded, dot segments removed, backslashes turned, slashes merged (RFC 3986, section 6.2.2). What RFC and Envoy
 * disagree about follows Envoy, case by case held by the table in the tests, which was measured on the real binary.
 * One case depends on the protocol: bytes beyond ASCII are refused over HTTP/1, which is what this answers; over
 * HTTP/2 Envoy escapes them.
 */

export type NormalisedPath =
  /** `path` is without the query. */
  | { readonly ok: true; readonly path: string }
  /** Envoy answers 400 (431 if too long) before any policy is asked. */
  | { readonly ok: false; readonly why: string };

/** Envoy's default for all headers of a request together (`max_request_headers_kb`); a path alone must fit. */
const MAX_LENGTH = 60 * 1024;

const REFUSALS: readonly { readonly found: RegExp; readonly why: string }[] = [
  { found: /^(?!\/)/, why: 'the path does not start with "/"' },
  { found: /#/, why: 'the path holds a fragment ("#")' },
  {
    found: /[^!-~]/,
    why: 'the path holds a blank, a control character or a byte beyond ASCII that is not escaped',
  },
  { found: /^[^?]*%2f/i, why: 'the path holds an escaped slash ("%2f")' },
  { found: /^[^?]*%5c/i, why: 'the path holds an escaped backslash ("%5c")' },
];

export function normalisePath(rawPath: string): NormalisedPath {
  if (rawPath.length > MAX_LENGTH) return { ok: false, why: `the path is longer than ${MAX_LENGTH} bytes` };
  const refusal = REFUSALS.find(({ found }) => found.test(rawPath));
  if (refusal) return { ok: false, why: refusal.why };
  const [rawWithoutQuery = ''] = rawPath.split('?', 1);
  const path = rawWithoutQuery.replace(DOTS_WITH_PARAMETERS, '$1').replaceAll('\\', '/');
  if (path.includes('%00')) return { ok: false, why: 'the path holds an escaped NUL ("%00")' };
  return { ok: true, path: mergeSlashes(normaliseEscapes(removeDotSegments(path))) };
}

/** `/a/..;x/b` is `/b`. Only dots as such are looked at so, and only "/" ends the parameters. */
const DOTS_WITH_PARAMETERS = /(\/\.{1,2});[^/]*/g;

const DOT = /^(?:\.|%2e)$/i;
const DOT_DOT = /^(?:\.|%2e){2}$/i;

/** An empty segment is one that `..` removes, since slashes are merged only afterwards. */
function removeDotSegments(path: string): string {
  const kept: string[] = [];
  const segments = path.slice(1).split('/');
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1;
    const isUp = DOT_DOT.test(segment);
    if (isUp) kept.pop();
    if (!isUp && !DOT.test(segment)) kept.push(segment);
    else if (isLast) kept.push('');
  }
  return `/${kept.join('/')}`;
}

const BARE_PERCENT = /%(?![0-9a-f]{2})/gi;
const ESCAPE_OF_UNRESERVED = /%(?:2[de]|3\d|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9ae])/gi;
/** What Envoy escapes by itself; brackets stay as they are. */
const NEEDS_ESCAPE = /["<>^`{|}]/g;

/**
 * Decodes what needs no escape, keeps other escapes in the case that they have. A "%" that is none stays, unless what
 * is decoded after it would make an escape of it: `%%32f` must not become `%2f`.
 */
function normaliseEscapes(path: string): string {
  return path
    .replace(BARE_PERCENT, '\0')
    .replace(ESCAPE_OF_UNRESERVED, decodeURIComponent)
    .replace(/\0(?=[0-9a-f]{2})/gi, '%25')
    .replaceAll('\0', '%')
    .replace(NEEDS_ESCAPE, encodeURIComponent);
}

/** `//` alone stays: between its slashes there is nothing that could be kept. */
function mergeSlashes(path: string): string {
  return /^\/{2,}$/.test(path) ? '//' : path.replace(/\/+/g, '/');
}
